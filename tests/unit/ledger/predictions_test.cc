// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

using testing::ElementsAre;
using testing::Optional;

base::Decimal Number(std::string_view text) { return *base::Decimal::Parse(text); }

class Predictions : public LedgerTest {
 protected:
  Predictions() {
    Spec spec = spec_;
    spec.id = 0;
    spec.name = "requests_next_hour";
    spec.predicts = spec_.id;
    spec.versions.resize(1);
    spec.versions.front().name = spec.name;
    predicted_ = *ledger_->AddSpec(spec, config_id_);
  }

  base::Result<CommitReceipt> Predict(int hour, const std::vector<Sample>& samples) {
    PeriodCommit commit = Prepare(hour, samples);
    commit.spec_id = predicted_.id;
    commit.version_id = predicted_.versions.front().id;
    commit.kind = metering::UsageKind::kPredicted;
    commit.prediction = {"next", "3", Hour(hour), base::Sha256("windows"), Hour(hour + 1)};
    return ledger_->Commit(commit);
  }

  [[nodiscard]] std::vector<metering::UsageRecord> Records() const {
    std::vector<metering::UsageRecord> records;
    EXPECT_TRUE(OpenReader()->Records({}, [&](const metering::UsageRecord& record) {
      records.push_back(record);
      return true;
    }));
    return records;
  }

  Spec predicted_;
};

TEST_F(Predictions, StandBesideTheUsageThatTheyLookAt) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "5")}));
  ASSERT_TRUE(Predict(1, {Requests("p1", "200", "7")}));
  const auto records = Records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_FALSE(records[0].prediction);
  ASSERT_TRUE(records[1].prediction);
  EXPECT_EQ(records[1].kind, metering::UsageKind::kPredicted);
  EXPECT_EQ(records[1].name, "requests_next_hour");
  EXPECT_EQ(records[1].prediction->model, "next");
  EXPECT_EQ(records[1].prediction->version, "3");
  EXPECT_EQ(records[1].prediction->input_end, Hour(1));
  EXPECT_EQ(records[1].prediction->input_digest.size(), 64U);
  EXPECT_NE(records[0].id, records[1].id);
  EXPECT_TRUE(Violations().empty());
}

TEST_F(Predictions, AreMadeOnce) {
  ASSERT_TRUE(Predict(1, {Requests("p1", "200", "7")}));
  const auto again = Predict(1, {Requests("p1", "200", "8")});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->already_committed);
  EXPECT_EQ(Records().front().quantity, "7");
}

TEST_F(Predictions, AreInNoTotalOfMeasuredUsageAndInNoStatus) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "5")}));
  ASSERT_TRUE(Predict(0, {Requests("p1", "200", "7")}));
  const auto totals = OpenReader()->Totals({}, {});
  ASSERT_TRUE(totals);
  ASSERT_EQ(totals->size(), 2U);
  EXPECT_EQ((*totals)[0].kind, metering::UsageKind::kMeasured);
  EXPECT_EQ((*totals)[0].quantity, Number("5"));
  EXPECT_EQ((*totals)[1].kind, metering::UsageKind::kPredicted);
  const auto statuses = OpenReader()->Statuses(Hour(1));
  ASSERT_TRUE(statuses);
  ASSERT_EQ(statuses->size(), 1U);
  EXPECT_EQ(statuses->front().committed, 1);
  const auto measured = ledger_->Specs(spec_.job_id);
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->size(), 1U);
  const auto predicted = ledger_->PredictedSpecs(spec_.job_id);
  ASSERT_TRUE(predicted);
  ASSERT_EQ(predicted->size(), 1U);
  EXPECT_THAT(predicted->front().predicts, Optional(spec_.id));
}

TEST_F(Predictions, AreExportedFromTheirOwnPeriods) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "5")}));
  ASSERT_TRUE(Predict(1, {Requests("p1", "200", "7")}));
  const auto state = ledger_->Export(predicted_.id, 10);
  ASSERT_TRUE(state);
  ASSERT_EQ(state->series.size(), 1U);
  EXPECT_THAT(state->series.front().newest, Optional(Number("7")));
  EXPECT_EQ(state->newest_answered->begin, Hour(1));
  EXPECT_EQ(ledger_->Export(spec_.id, 10)->series.front().newest, Number("5"));
}

TEST_F(Predictions, MayOverlapAsFarAsTheyLookAhead) {
  ASSERT_TRUE(Predict(1, {Requests("p1", "200", "7")}));
  PeriodCommit commit = Prepare(2, {Requests("p1", "200", "7")});
  commit.spec_id = predicted_.id;
  commit.version_id = predicted_.versions.front().id;
  commit.kind = metering::UsageKind::kPredicted;
  commit.period = {Hour(2), Hour(26)};
  commit.queries.front().time = commit.period.end;
  ASSERT_TRUE(ledger_->Commit(commit));
  EXPECT_TRUE(Violations().empty());
}

TEST_F(Predictions, LeaveAttemptsOfTheirOwn) {
  PeriodEntry entry = Attempt(1, PeriodState::kOpen, "model_error");
  entry.spec_id = predicted_.id;
  entry.version_id = predicted_.versions.front().id;
  ASSERT_TRUE(ledger_->RecordAttempt(entry));
  const auto found = ledger_->FindPeriod(predicted_.id, Hour(1));
  ASSERT_TRUE(found);
  ASSERT_TRUE(*found);
  EXPECT_EQ((*found)->reason, "model_error");
  EXPECT_FALSE(*ledger_->FindPeriod(spec_.id, Hour(1)));
  ASSERT_TRUE(Predict(1, {Requests("p1", "200", "7")}));
  EXPECT_EQ(Records().size(), 1U);
}

TEST_F(Predictions, LookAtWindowsOfTheSeriesThatAreThere) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "5"), Requests("p2", "200", "1")}));
  ASSERT_TRUE(Commit(2, {Requests("p1", "200", "6"), Requests("p3", "200", "2")}));
  const auto windows = ledger_->Windows(spec_.id, {HourPeriod(0), HourPeriod(1), HourPeriod(2)});
  ASSERT_TRUE(windows);
  ASSERT_EQ(windows->size(), 2U);
  EXPECT_EQ((*windows)[0].scope, "p1");
  EXPECT_THAT((*windows)[0].values,
              ElementsAre(Optional(Number("5")), std::nullopt, Optional(Number("6"))));
  EXPECT_EQ((*windows)[1].scope, "p3");
  EXPECT_THAT((*windows)[1].values, ElementsAre(std::nullopt, std::nullopt, Optional(Number("2"))));
  EXPECT_TRUE(ledger_->Windows(spec_.id, {HourPeriod(0), HourPeriod(1)})->empty());
  EXPECT_TRUE(ledger_->Windows(spec_.id, {})->empty());
}

}  // namespace
}  // namespace promtally::ledger
