// SPDX-License-Identifier: Apache-2.0
#include "collector/decision.h"

#include <algorithm>
#include <utility>

#include "promtally/metering/median.h"

namespace promtally::collector {

namespace {

using base::Milliseconds;
using ledger::PeriodState;

constexpr Milliseconds kShortCap{60'000};      // transport faults: somebody restarts something
constexpr Milliseconds kLongCap{15 * 60'000};  // what another query a minute later hardly changes
constexpr Milliseconds kFurthest{60 * 60'000};

Decision Open(const DecisionFacts& facts, std::string reason, std::string detail,
              Milliseconds cap) {
  Decision decision;
  decision.state = decision.entry.state = PeriodState::kOpen;
  decision.entry.reason = std::move(reason);
  decision.entry.detail = std::move(detail);
  decision.entry.attempts = (facts.before ? facts.before->attempts : 0) + facts.attempts;
  if (facts.before) {
    decision.entry.first_empty_at = facts.before->first_empty_at;
  }
  decision.entry.next_retry =
      facts.now + metering::RetryDelay(std::max(1, decision.entry.attempts), cap);
  return decision;
}

Decision Failed(const DecisionFacts& facts, std::string reason, std::string detail) {
  Decision decision = Open(facts, std::move(reason), std::move(detail), kShortCap);
  decision.state = decision.entry.state = PeriodState::kFailed;
  decision.entry.next_retry.reset();
  return decision;
}

bool IsAccepted(const DecisionFacts& facts) { return facts.before && facts.before->accepted_at; }

base::Instant HeldSince(const DecisionFacts& facts) {
  return facts.before && facts.before->first_empty_at ? *facts.before->first_empty_at : facts.now;
}

/// True when a period that looks wrong was held long enough, or an operator takes it as it is.
bool IsHeldEnough(const DecisionFacts& facts) {
  return IsAccepted(facts) || facts.now - HeldSince(facts) >= facts.empty_after;
}

Decision Hold(const DecisionFacts& facts, std::string reason, std::string detail) {
  Decision decision = Open(facts, std::move(reason), std::move(detail), kLongCap);
  decision.entry.first_empty_at = HeldSince(facts);
  return decision;
}

std::string Plain(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  text.erase(text.find_last_not_of('.') + 1);
  return text;
}

std::string DescribeCoverage(const DecisionFacts& facts) {
  return "the source has " + std::to_string(facts.coverage->samples) +
         " `up` samples in the period, the median of the periods before it is " +
         Plain(facts.coverage->median) + ", at least " + Plain(facts.min_coverage) +
         " of that is wanted";
}

/// Commits as `state`, but for a period that its source hardly saw.
Decision CommitSeen(PeriodState state, const DecisionFacts& facts) {
  Decision decision;
  decision.state = state;
  if (!IsLow(facts)) {
    return decision;
  }
  if (!IsHeldEnough(facts)) {
    return Hold(facts, "low_coverage", DescribeCoverage(facts));
  }
  decision.reason = IsAccepted(facts) ? "accepted" : "low_coverage";
  return decision;
}

Decision DecideEmpty(const DecisionFacts& facts) {
  if (facts.before_oldest_data) {
    return Failed(facts, "lost", "the period lies before the server's oldest data");
  }
  const bool is_suspect = facts.last_answer_had_series || facts.source_went_silent;
  if (is_suspect && !IsHeldEnough(facts)) {
    return Hold(facts, "suspect_empty",
                facts.source_went_silent ? "the source shows no `up` samples in the period"
                                         : "the period before had series, this one has none");
  }
  return CommitSeen(PeriodState::kEmpty, facts);
}

std::string DescribeRejects(const metering::PeriodResult& result) {
  return std::to_string(result.rejected.size()) + " of " + std::to_string(result.series_answered) +
         " series rejected, the first: " + result.rejected.front().reason;
}

}  // namespace

std::optional<Coverage> CoverageOf(std::int64_t samples, std::vector<std::int64_t> before) {
  const auto median = metering::Median(std::move(before));
  return median ? std::optional(Coverage{samples, *median}) : std::nullopt;
}

bool IsLow(const DecisionFacts& facts) {
  return facts.coverage &&
         static_cast<double>(facts.coverage->samples) < facts.min_coverage * facts.coverage->median;
}

Decision Decide(const metering::PeriodResult& result, const DecisionFacts& facts) {
  if (!result.failure.empty()) {
    return Failed(facts, result.failure, result.failure_detail);
  }
  if (result.series_answered == 0 && result.rejected.empty()) {
    return DecideEmpty(facts);
  }
  const bool all_bad = !result.rejected.empty() && result.rows.empty() && result.skipped == 0;
  if (all_bad || (!result.rejected.empty() && facts.on_bad_series == config::OnBadSeries::kHold)) {
    return Open(facts, "bad_series", DescribeRejects(result), kLongCap);
  }
  return CommitSeen(PeriodState::kCommitted, facts);
}

Decision DecideFailure(const source::QueryFailure& failure, const DecisionFacts& facts) {
  if (failure.disposition == source::Disposition::kPermanent) {
    return Failed(facts, failure.reason, failure.detail);
  }
  const bool query_error = failure.reason == "query_error";
  Decision decision =
      Open(facts, failure.reason, failure.detail, query_error ? kLongCap : kShortCap);
  if (failure.retry_after) {
    decision.entry.next_retry =
        std::max(*decision.entry.next_retry, facts.now + std::min(*failure.retry_after, kFurthest));
  }
  return decision;
}

}  // namespace promtally::collector
