// SPDX-License-Identifier: Apache-2.0
#include "collector/decision.h"

#include <gtest/gtest.h>

namespace promtally::collector {
namespace {

using ledger::PeriodState;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr base::Instant kNow = base::FromUnixSeconds(1748743200);

DecisionFacts Facts() {
  DecisionFacts facts;
  facts.now = kNow;
  facts.attempts = 1;
  facts.empty_after = hours(24);
  return facts;
}

ledger::PeriodEntry Before(int attempts, std::optional<base::Instant> first_empty = {}) {
  ledger::PeriodEntry entry;
  entry.attempts = attempts;
  entry.first_empty_at = first_empty;
  return entry;
}

/// An answer of so many series, of which so many became rows and rejects.
metering::PeriodResult Result(std::size_t series, std::size_t rows, std::size_t rejected) {
  metering::PeriodResult result;
  result.series_answered = series;
  result.rows.resize(rows);
  for (std::size_t i = 0; i < rejected; ++i) {
    result.rejected.push_back({{{"project_id", "p1"}}, "NaN", "nan"});
  }
  return result;
}

source::QueryFailure Failure(source::Disposition disposition, std::string reason) {
  source::QueryFailure failure;
  failure.disposition = disposition;
  failure.reason = std::move(reason);
  failure.detail = "why";
  return failure;
}

TEST(Decision, CommitsAnAnswerWithSeries) {
  EXPECT_EQ(Decide(Result(3, 3, 0), Facts()).state, PeriodState::kCommitted);
}

TEST(Decision, CommitsWhereEverySeriesWasSkippedOrUnattributed) {
  metering::PeriodResult skipped = Result(2, 0, 0);
  skipped.skipped = 2;
  EXPECT_EQ(Decide(skipped, Facts()).state, PeriodState::kCommitted);
  metering::PeriodResult unattributed = Result(2, 0, 0);
  unattributed.unattributed = 2;
  EXPECT_EQ(Decide(unattributed, Facts()).state, PeriodState::kCommitted);
}

TEST(Decision, CommitsTheRestWhereSomeSeriesAreRejected) {
  EXPECT_EQ(Decide(Result(3, 2, 1), Facts()).state, PeriodState::kCommitted);
}

TEST(Decision, KeepsAPeriodOpenOfWhichEverySeriesIsRejected) {
  const Decision decision = Decide(Result(2, 0, 2), Facts());
  EXPECT_EQ(decision.state, PeriodState::kOpen);
  EXPECT_EQ(decision.entry.reason, "bad_series");
  EXPECT_EQ(decision.entry.detail, "2 of 2 series rejected, the first: nan");
  EXPECT_EQ(decision.entry.next_retry, kNow + seconds(1));
}

TEST(Decision, KeepsAPeriodWithOneRejectedSeriesOpenUnderHold) {
  DecisionFacts facts = Facts();
  facts.on_bad_series = config::OnBadSeries::kHold;
  EXPECT_EQ(Decide(Result(3, 2, 1), facts).entry.reason, "bad_series");
  EXPECT_EQ(Decide(Result(3, 3, 0), facts).state, PeriodState::kCommitted);
}

TEST(Decision, FailsAResultThatMayNotBeCommitted) {
  metering::PeriodResult result = Result(2, 0, 0);
  result.failure = "duplicate_series";
  result.failure_detail = "two series have the label set {}";
  const Decision decision = Decide(result, Facts());
  EXPECT_EQ(decision.state, PeriodState::kFailed);
  EXPECT_EQ(decision.entry.reason, "duplicate_series");
  EXPECT_EQ(decision.entry.detail, "two series have the label set {}");
  EXPECT_FALSE(decision.entry.next_retry);
}

TEST(Decision, TakesAPlainlyEmptyAnswerAsEmpty) {
  EXPECT_EQ(Decide(Result(0, 0, 0), Facts()).state, PeriodState::kEmpty);
}

TEST(Decision, SuspectsAnEmptyAnswerAfterOneWithSeries) {
  DecisionFacts facts = Facts();
  facts.last_answer_had_series = true;
  const Decision decision = Decide(Result(0, 0, 0), facts);
  EXPECT_EQ(decision.state, PeriodState::kOpen);
  EXPECT_EQ(decision.entry.reason, "suspect_empty");
  EXPECT_EQ(decision.entry.first_empty_at, kNow);
}

TEST(Decision, SuspectsAnEmptyAnswerOfASourceThatWentSilent) {
  DecisionFacts facts = Facts();
  facts.source_went_silent = true;
  EXPECT_EQ(Decide(Result(0, 0, 0), facts).entry.reason, "suspect_empty");
}

TEST(Decision, BelievesASuspectAnswerExactlyEmptyAfterTheFirstOne) {
  DecisionFacts facts = Facts();
  facts.last_answer_had_series = true;
  const base::Instant first = kNow - hours(24);
  facts.before = Before(7, first + base::Milliseconds(1));
  const Decision early = Decide(Result(0, 0, 0), facts);
  EXPECT_EQ(early.state, PeriodState::kOpen);
  EXPECT_EQ(early.entry.first_empty_at, first + base::Milliseconds(1));
  facts.before = Before(7, first);
  EXPECT_EQ(Decide(Result(0, 0, 0), facts).state, PeriodState::kEmpty);
}

TEST(Decision, BelievesASuspectAnswerAtOnceWithoutEmptyAfter) {
  DecisionFacts facts = Facts();
  facts.last_answer_had_series = true;
  facts.empty_after = hours(0);
  EXPECT_EQ(Decide(Result(0, 0, 0), facts).state, PeriodState::kEmpty);
}

TEST(Decision, CallsAPeriodBeforeTheOldestDataLost) {
  DecisionFacts facts = Facts();
  facts.before_oldest_data = true;
  facts.last_answer_had_series = true;
  const Decision decision = Decide(Result(0, 0, 0), facts);
  EXPECT_EQ(decision.state, PeriodState::kFailed);
  EXPECT_EQ(decision.entry.reason, "lost");
}

TEST(Decision, KeepsTheFirstEmptyAnswerInMindOverOtherFailures) {
  DecisionFacts facts = Facts();
  facts.before = Before(2, kNow - hours(3));
  const Decision decision = DecideFailure(Failure(source::Disposition::kRetry, "timeout"), facts);
  EXPECT_EQ(decision.entry.first_empty_at, kNow - hours(3));
}

TEST(DecisionOfAFailure, LeavesAPeriodOpenWithReasonDetailAndNextTry) {
  for (const auto disposition :
       {source::Disposition::kRetry, source::Disposition::kOpen, source::Disposition::kSplit}) {
    const Decision decision = DecideFailure(Failure(disposition, "http_status"), Facts());
    EXPECT_EQ(decision.state, PeriodState::kOpen);
    EXPECT_EQ(decision.entry.state, PeriodState::kOpen);
    EXPECT_EQ(decision.entry.reason, "http_status");
    EXPECT_EQ(decision.entry.detail, "why");
    EXPECT_EQ(decision.entry.attempts, 1);
    EXPECT_EQ(decision.entry.next_retry, kNow + seconds(1));
  }
}

TEST(DecisionOfAFailure, FailsWhatIsPermanentWithoutANextTry) {
  const Decision decision =
      DecideFailure(Failure(source::Disposition::kPermanent, "query_error"), Facts());
  EXPECT_EQ(decision.state, PeriodState::kFailed);
  EXPECT_EQ(decision.entry.state, PeriodState::kFailed);
  EXPECT_FALSE(decision.entry.next_retry);
}

TEST(DecisionOfAFailure, AddsUpAttemptsAndWaitsLongerUpToAMinute) {
  DecisionFacts facts = Facts();
  facts.before = Before(3);
  facts.attempts = 3;
  const Decision sixth = DecideFailure(Failure(source::Disposition::kRetry, "unreachable"), facts);
  EXPECT_EQ(sixth.entry.attempts, 6);
  EXPECT_EQ(sixth.entry.next_retry, kNow + seconds(32));
  facts.before = Before(1'000'000);
  EXPECT_EQ(
      DecideFailure(Failure(source::Disposition::kRetry, "unreachable"), facts).entry.next_retry,
      kNow + minutes(1));
}

TEST(DecisionOfAFailure, WaitsForAQueryErrorAtMostAQuarterOfAnHour) {
  DecisionFacts facts = Facts();
  facts.before = Before(60);
  EXPECT_EQ(
      DecideFailure(Failure(source::Disposition::kOpen, "query_error"), facts).entry.next_retry,
      kNow + minutes(15));
}

TEST(DecisionOfAFailure, HonoursTheServersWishUpToAnHour) {
  source::QueryFailure failure = Failure(source::Disposition::kRetry, "http_status");
  failure.retry_after = minutes(20);
  EXPECT_EQ(DecideFailure(failure, Facts()).entry.next_retry, kNow + minutes(20));
  failure.retry_after = hours(30);
  EXPECT_EQ(DecideFailure(failure, Facts()).entry.next_retry, kNow + hours(1));
  failure.retry_after = base::Milliseconds(1);
  EXPECT_EQ(DecideFailure(failure, Facts()).entry.next_retry, kNow + seconds(1));
}

DecisionFacts LowCoverage() {
  DecisionFacts facts = Facts();
  facts.min_coverage = 0.5;
  facts.coverage = Coverage{29, 60};
  return facts;
}

TEST(Coverage, IsComparedWithTheMedianOfThePeriodsBefore) {
  EXPECT_EQ(CoverageOf(5, {}), std::nullopt);
  EXPECT_EQ(CoverageOf(5, {60, 10, 58})->median, 58);
}

TEST(Decision, HoldsAPeriodThatItsSourceHardlySaw) {
  const Decision decision = Decide(Result(3, 3, 0), LowCoverage());
  EXPECT_EQ(decision.state, PeriodState::kOpen);
  EXPECT_EQ(decision.entry.reason, "low_coverage");
  EXPECT_EQ(decision.entry.detail,
            "the source has 29 `up` samples in the period, the median of the periods before it is "
            "60, at least 0.5 of that is wanted");
  EXPECT_EQ(decision.entry.first_empty_at, kNow);
  EXPECT_LE(*decision.entry.next_retry, kNow + minutes(15));
}

TEST(Decision, CommitsWhatItsSourceSawJustEnoughOf) {
  DecisionFacts facts = LowCoverage();
  facts.coverage = Coverage{30, 60};
  EXPECT_EQ(Decide(Result(3, 3, 0), facts).state, PeriodState::kCommitted);
  facts.coverage = Coverage{0, 60};
  facts.min_coverage = 0;
  EXPECT_EQ(Decide(Result(3, 3, 0), facts).state, PeriodState::kCommitted);
  facts.min_coverage = 0.5;
  facts.coverage.reset();
  EXPECT_EQ(Decide(Result(3, 3, 0), facts).state, PeriodState::kCommitted);
}

TEST(Decision, CommitsALowPeriodThatWasHeldLongEnough) {
  DecisionFacts facts = LowCoverage();
  facts.before = Before(9, kNow - hours(24) + base::Milliseconds(1));
  EXPECT_EQ(Decide(Result(3, 3, 0), facts).entry.reason, "low_coverage");
  facts.before = Before(9, kNow - hours(24));
  const Decision decision = Decide(Result(3, 3, 0), facts);
  EXPECT_EQ(decision.state, PeriodState::kCommitted);
  EXPECT_EQ(decision.reason, "low_coverage");
}

TEST(Decision, CommitsALowPeriodThatAnOperatorTakesAsItIs) {
  DecisionFacts facts = LowCoverage();
  facts.before = Before(1, kNow - minutes(1));
  facts.before->accepted_at = kNow;
  const Decision decision = Decide(Result(3, 3, 0), facts);
  EXPECT_EQ(decision.state, PeriodState::kCommitted);
  EXPECT_EQ(decision.reason, "accepted");
  EXPECT_EQ(Decide(Result(0, 0, 0), facts).state, PeriodState::kEmpty);
}

TEST(Decision, HoldsAnEmptyAnswerOfAPeriodThatItsSourceHardlySaw) {
  EXPECT_EQ(Decide(Result(0, 0, 0), LowCoverage()).entry.reason, "low_coverage");
}

TEST(Decision, ALowPeriodThatFailsIsFailed) {
  EXPECT_EQ(
      DecideFailure(Failure(source::Disposition::kPermanent, "query_error"), LowCoverage()).state,
      PeriodState::kFailed);
}

}  // namespace
}  // namespace promtally::collector
