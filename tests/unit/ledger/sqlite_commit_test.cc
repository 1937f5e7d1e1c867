// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

using LedgerCommit = LedgerTest;

std::vector<metering::UsageRecord> AllRecords(Reader& reader) {
  std::vector<metering::UsageRecord> records;
  EXPECT_TRUE(reader.Records({}, [&](const metering::UsageRecord& record) {
    records.push_back(record);
    return true;
  }));
  return records;
}

TEST_F(LedgerCommit, KeepsWhatWasAnswered) {
  const auto receipt = Commit(0, {Requests("p1", "200", "36"), Requests("p2", "500", "1.25")});
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->records, 2);
  EXPECT_FALSE(receipt->already_committed);
  const auto reader = OpenReader();
  auto records = AllRecords(*reader);
  ASSERT_EQ(records.size(), 2U);
  if (records[0].scope == "p2") {
    std::swap(records[0], records[1]);
  }
  EXPECT_EQ(records[0].quantity, "36");
  EXPECT_EQ(records[1].quantity, "1.25");
  EXPECT_EQ(records[0].job, "default");
  EXPECT_EQ(records[0].metric, "http_requests_total");
  EXPECT_EQ(records[0].name, "requests");
  EXPECT_EQ(records[0].unit, "request");
  EXPECT_EQ(records[0].source, "prometheus");
  EXPECT_EQ(records[0].collected_at, Hour(2));
  EXPECT_EQ(records[0].period, HourPeriod(0));
  EXPECT_EQ(records[0].groupby, (metering::OrderedLabels{{"code", "200"}, {"project_id", "p1"}}));
  EXPECT_EQ(records[0].metadata, (metering::OrderedLabels{{"zone", "a"}}));
}

TEST_F(LedgerCommit, NamesARecordByItsKey) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "36")}));
  const auto records = AllRecords(*OpenReader());
  ASSERT_EQ(records.size(), 1U);
  metering::RecordKey key{"default",     "requests", metering::UsageKind::kMeasured, "p1", {},
                          HourPeriod(0), 0};
  key.series = metering::SeriesHash("p1", {{"code", "200"}, {"project_id", "p1"}, {"zone", "a"}});
  EXPECT_EQ(records[0].id, metering::RecordId(key));
}

TEST_F(LedgerCommit, WritesNothingForAPeriodThatIsThere) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "36")}));
  const auto again = Commit(0, {Requests("p1", "200", "99"), Requests("p3", "200", "1")});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->already_committed);
  EXPECT_EQ(again->records, 0);
  EXPECT_EQ(QueryText("select scope, positive from series join total using(series_id)"), "p1|36\n");
  EXPECT_EQ(QueryText("select count(*) from revision"), "1\n");
}

TEST_F(LedgerCommit, StoresWholeNumbersAsIntegersAndOthersAsTheirText) {
  ASSERT_TRUE(Commit(
      0, {Requests("p1", "a", "9223372036854775807"), Requests("p1", "b", "9223372036854775808"),
          Requests("p1", "c", "-7"), Requests("p1", "d", "620.910972816100929999")}));
  EXPECT_EQ(QueryText("select json_extract(labels, '$.code'), typeof(quantity), quantity"
                      " from record join series using(series_id) order by 1"),
            "a|integer|9223372036854775807\nb|text|9223372036854775808\nc|integer|-7\n"
            "d|text|620.910972816100929999\n");
}

TEST_F(LedgerCommit, KeepsTheZerosOfCloudKittysRounding) {
  context_.rounding = metering::RoundingMode::kCloudKitty;
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1.5")}));
  const auto records = AllRecords(*OpenReader());
  ASSERT_EQ(records.size(), 1U);
  const auto result = metering::QuantityConverter(metric_spec_, context_.rounding).Convert("1.5");
  EXPECT_EQ(records[0].quantity, metering::ToText(result.value, context_.rounding));
  EXPECT_TRUE(Violations().empty());
}

TEST_F(LedgerCommit, AddsUpPositiveAndNegativeQuantitiesApart) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "0.1")}));
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "-5")}));
  ASSERT_TRUE(Commit(2, {Requests("p1", "200", "0.2")}));
  EXPECT_EQ(QueryText("select positive, negative from total"), "0.3|-5\n");
  EXPECT_EQ(QueryText("select positive, negative from revision order by commit_seq"),
            "0.1|0\n0|-5\n0.2|0\n");
}

TEST_F(LedgerCommit, KeepsSumsBeyondAMachineWord) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "9223372036854775807")}));
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "9223372036854775807")}));
  EXPECT_EQ(QueryText("select typeof(positive), positive from total"),
            "text|18446744073709551614\n");
  const auto totals = OpenReader()->Totals({}, {});
  ASSERT_TRUE(totals);
  EXPECT_EQ(totals->at(0).quantity.ToText(), "18446744073709551614");
}

TEST_F(LedgerCommit, IsEmptyWithoutSeriesAndCommittedWithRejectedOnes) {
  ASSERT_TRUE(Commit(0, {}));
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "NaN")}));
  const auto periods = ledger_->Periods(spec_.id, Hour(0));
  ASSERT_TRUE(periods);
  EXPECT_EQ(periods->at(0).state, PeriodState::kEmpty);
  EXPECT_EQ(periods->at(1).state, PeriodState::kCommitted);
  EXPECT_EQ(QueryText("select labels, value, reason from rejected"),
            R"({"code":"200","project_id":"p1","zone":"a"}|NaN|nan)"
            "\n");
}

TEST_F(LedgerCommit, CountsWhatWasNotCommitted) {
  ASSERT_TRUE(Commit(
      0, {Requests("", "200", "1"), Requests("p1", "200", "+Inf"), Requests("p2", "200", "3")}));
  EXPECT_EQ(QueryText("select series_answered, records, rejected, unattributed, excluded, skipped"
                      " from revision"),
            "3|1|1|1|0|0\n");
}

TEST_F(LedgerCommit, StoresAQueryTextOnce) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "1")}));
  EXPECT_EQ(QueryText("select count(*), count(distinct text_id) from query"), "2|1\n");
  EXPECT_EQ(QueryText("select count(*) from query_text"), "1\n");
}

TEST_F(LedgerCommit, RefusesTwoRowsOfOneSeries) {
  PeriodCommit commit = Prepare(0, {Requests("p1", "200", "1")});
  metering::PeriodResult twice = metering::PeriodResult();
  twice.answers.resize(1);
  twice.rows = {commit.result->rows[0], commit.result->rows[0]};
  twice.series_answered = 2;
  commit.result = &twice;
  EXPECT_FALSE(ledger_->Commit(commit));
  EXPECT_EQ(QueryText("select count(*) from period"), "0\n");
}

TEST_F(LedgerCommit, RefusesAFailedAnswer) {
  const auto refused = Commit(0, {Requests("p1", "200", "no number")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::kInvalidArgument);
}

TEST_F(LedgerCommit, RefusesAnAnswerWithoutEvidence) {
  PeriodCommit commit = Prepare(0, {Requests("p1", "200", "1")});
  commit.queries.clear();
  EXPECT_FALSE(ledger_->Commit(commit));
}

TEST_F(LedgerCommit, ClosesAnOpenPeriod) {
  PeriodEntry open = Attempt(0, PeriodState::kOpen, "timeout");
  open.next_retry = Hour(3);
  ASSERT_TRUE(ledger_->RecordAttempt(open));
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  const auto entry = ledger_->FindPeriod(spec_.id, Hour(0));
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->state, PeriodState::kCommitted);
  EXPECT_EQ((*entry)->reason, "");
  EXPECT_FALSE((*entry)->next_retry);
  EXPECT_TRUE(Violations().empty());
}

TEST_F(LedgerCommit, DatesASeriesByItsFirstPeriodEvenWhenThatComesLater) {
  ASSERT_TRUE(Commit(5, {Requests("p1", "200", "1")}));
  ASSERT_TRUE(Commit(3, {Requests("p1", "200", "0")}));
  const auto state = ledger_->Export(spec_.id, 10);
  ASSERT_TRUE(state);
  ASSERT_EQ(state->series.size(), 1U);
  EXPECT_EQ(state->series[0].created, Hour(3));
}

TEST_F(LedgerCommit, GivesTheSameDigestWhateverTheHistory) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1"), Requests("p2", "200", "2")}));
  ASSERT_TRUE(Commit(1, {Requests("p3", "200", "9")}));
  ASSERT_TRUE(Commit(2, {Requests("p2", "200", "2"), Requests("p1", "200", "1")}));
  EXPECT_EQ(QueryText("select count(distinct digest) from revision"), "2\n");
}

TEST_F(LedgerCommit, KeepsKindsApart) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  PeriodCommit predicted = Prepare(0, {Requests("p1", "200", "7")});
  predicted.kind = metering::UsageKind::kPredicted;
  ASSERT_TRUE(ledger_->Commit(predicted));
  const auto totals = OpenReader()->Totals({}, {});
  ASSERT_TRUE(totals);
  ASSERT_EQ(totals->size(), 2U);
  EXPECT_EQ(totals->at(0).quantity, base::Decimal(1));
  EXPECT_EQ(totals->at(1).quantity, base::Decimal(7));
  EXPECT_EQ(totals->at(1).kind, metering::UsageKind::kPredicted);
  const auto state = ledger_->Export(spec_.id, 10);
  ASSERT_TRUE(state);
  ASSERT_EQ(state->series.size(), 1U);
  EXPECT_EQ(state->series[0].positive, base::Decimal(1));
  EXPECT_TRUE(Violations().empty());
}

TEST_F(LedgerCommit, KeepsHostileLabelValues) {
  const std::string hostile = "\"}[1s]) or up{x=\"\\\n\t\x01 ü";
  ASSERT_TRUE(Commit(0, {Requests(hostile, "200", "1")}));
  const auto records = AllRecords(*OpenReader());
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].scope, hostile);
  EXPECT_EQ(records[0].groupby[1].second, hostile);
  EXPECT_EQ(QueryText("select json_extract(labels, '$.project_id') from series"), hostile + "\n");
  EXPECT_TRUE(Violations().empty());
}

}  // namespace
}  // namespace promtally::ledger
