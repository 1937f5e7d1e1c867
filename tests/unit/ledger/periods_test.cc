// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

using LedgerPeriods = LedgerTest;
using LedgerExport = LedgerTest;

TEST_F(LedgerPeriods, ReadsBackAnAttemptAsItWasWritten) {
  PeriodEntry entry = Attempt(3, PeriodState::kOpen, "warnings");
  entry.detail = "store gateway is down";
  entry.attempts = 4;
  entry.first_empty_at = Hour(1) + base::Milliseconds(7);
  entry.next_retry = Hour(5);
  ASSERT_TRUE(ledger_->RecordAttempt(entry));
  const auto found = ledger_->FindPeriod(spec_.id, Hour(3));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->period, entry.period);
  EXPECT_EQ((*found)->state, PeriodState::kOpen);
  EXPECT_EQ((*found)->reason, "warnings");
  EXPECT_EQ((*found)->detail, "store gateway is down");
  EXPECT_EQ((*found)->attempts, 4);
  EXPECT_EQ((*found)->first_empty_at, entry.first_empty_at);
  EXPECT_EQ((*found)->next_retry, Hour(5));
  EXPECT_EQ((*found)->version_id, spec_.versions.front().id);
}

TEST_F(LedgerPeriods, LetsALaterAttemptReplaceAnEarlierOne) {
  ASSERT_TRUE(ledger_->RecordAttempt(Attempt(3, PeriodState::kOpen, "timeout")));
  ASSERT_TRUE(ledger_->RecordAttempt(Attempt(3, PeriodState::kFailed, "wrong_type")));
  const auto unfinished = ledger_->Unfinished(spec_.id);
  ASSERT_TRUE(unfinished);
  ASSERT_EQ(unfinished->size(), 1U);
  EXPECT_EQ(unfinished->front().state, PeriodState::kFailed);
  EXPECT_EQ(unfinished->front().reason, "wrong_type");
}

TEST_F(LedgerPeriods, NeverTouchesAnAnsweredPeriod) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  ASSERT_TRUE(Commit(1, {}));
  for (const int hour : {0, 1}) {
    const auto refused = ledger_->RecordAttempt(Attempt(hour, PeriodState::kOpen, "timeout"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::kConflict);
  }
  EXPECT_TRUE(ledger_->Unfinished(spec_.id)->empty());
}

TEST_F(LedgerPeriods, WritesManyAttemptsOrNone) {
  ASSERT_TRUE(Commit(1, {}));
  EXPECT_FALSE(ledger_->RecordAttempts(
      {Attempt(0, PeriodState::kOpen, "timeout"), Attempt(1, PeriodState::kOpen, "timeout")}));
  EXPECT_EQ(ledger_->Periods(spec_.id, Hour(0))->size(), 1U);
  EXPECT_TRUE(ledger_->RecordAttempts(
      {Attempt(0, PeriodState::kOpen, "timeout"), Attempt(2, PeriodState::kOpen, "timeout")}));
  EXPECT_EQ(ledger_->Periods(spec_.id, Hour(0))->size(), 3U);
}

TEST_F(LedgerPeriods, RefusesAnAttemptThatSaysAnswered) {
  EXPECT_FALSE(ledger_->RecordAttempt(Attempt(0, PeriodState::kEmpty, "")));
}

TEST_F(LedgerPeriods, ListsPeriodsFromAnInstantInOrder) {
  ASSERT_TRUE(Commit(2, {}));
  ASSERT_TRUE(Commit(0, {}));
  ASSERT_TRUE(ledger_->RecordAttempt(Attempt(1, PeriodState::kOpen, "timeout")));
  const auto periods = ledger_->Periods(spec_.id, Hour(1));
  ASSERT_TRUE(periods);
  ASSERT_EQ(periods->size(), 2U);
  EXPECT_EQ(periods->at(0).begin, Hour(1));
  EXPECT_EQ(periods->at(0).state, PeriodState::kOpen);
  EXPECT_EQ(periods->at(1).begin, Hour(2));
}

TEST_F(LedgerPeriods, TellsWhetherTheLastAnswerHadSeries) {
  EXPECT_FALSE(*ledger_->LastAnswerHadSeries(spec_.id, Hour(9)));
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "NaN")}));
  ASSERT_TRUE(ledger_->RecordAttempt(Attempt(1, PeriodState::kOpen, "suspect_empty")));
  EXPECT_EQ(*ledger_->LastAnswerHadSeries(spec_.id, Hour(1)), std::optional(true));
  EXPECT_EQ(*ledger_->LastAnswerHadSeries(spec_.id, Hour(2)), std::optional(true));
  ASSERT_TRUE(Commit(1, {}));
  EXPECT_EQ(*ledger_->LastAnswerHadSeries(spec_.id, Hour(2)), std::optional(false));
  EXPECT_EQ(*ledger_->LastAnswerHadSeries(spec_.id, Hour(0)), std::nullopt);
}

TEST_F(LedgerExport, HasTotalsAndTheNewestQuantities) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1.5"), Requests("p2", "200", "-2")}));
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "2.5")}));
  const auto state = ledger_->Export(spec_.id, 2);
  ASSERT_TRUE(state);
  EXPECT_FALSE(state->too_many);
  EXPECT_EQ(state->newest_answered, HourPeriod(1));
  ASSERT_EQ(state->series.size(), 2U);
  const bool first_is_p1 = state->series[0].scope == "p1";
  const auto& p1 = state->series[first_is_p1 ? 0 : 1];
  const auto& p2 = state->series[first_is_p1 ? 1 : 0];
  EXPECT_EQ(p1.positive, base::Decimal(4));
  EXPECT_EQ(p1.negative, base::Decimal(0));
  EXPECT_EQ(p1.newest, base::Decimal::Parse("2.5").value());
  EXPECT_EQ(p1.created, Hour(0));
  EXPECT_EQ(p1.labels, (base::LabelSet{{"code", "200"}, {"project_id", "p1"}, {"zone", "a"}}));
  EXPECT_EQ(p2.negative, base::Decimal(-2));
  EXPECT_FALSE(p2.newest);
}

TEST_F(LedgerExport, HasNoNewestQuantitiesAfterAnEmptyPeriod) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  ASSERT_TRUE(Commit(1, {}));
  const auto state = ledger_->Export(spec_.id, 10);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->newest_answered, HourPeriod(1));
  EXPECT_FALSE(state->series.at(0).newest);
}

TEST_F(LedgerExport, SaysWhenThereAreTooManySeries) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1"), Requests("p2", "200", "1")}));
  const auto state = ledger_->Export(spec_.id, 1);
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->too_many);
  EXPECT_TRUE(state->series.empty());
}

TEST_F(LedgerExport, ContinuesAfterAReopen) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  Close();
  Open();
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "2")}));
  EXPECT_EQ(ledger_->Export(spec_.id, 10)->series.at(0).positive, base::Decimal(3));
  EXPECT_EQ(QueryText("select count(*) from series"), "1\n");
}

TEST_F(LedgerExport, TellsTheSizeOfItsFiles) { EXPECT_GT(ledger_->SizeBytes(), 16384U); }

}  // namespace
}  // namespace promtally::ledger
