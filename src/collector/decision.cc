// SPDX-License-Identifier: Apache-2.0
#include "collector/decision.h"

#include <algorithm>
#include <utility>

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

Decision DecideEmpty(const DecisionFacts& facts) {
  if (facts.before_oldest_data) {
    return Failed(facts, "lost", "the period lies before the server's oldest data");
  }
  Decision decision;
  decision.state = PeriodState::kEmpty;
  if (!facts.last_answer_had_series && !facts.source_went_silent) {
    return decision;
  }
  const base::Instant first_empty =
      facts.before && facts.before->first_empty_at ? *facts.before->first_empty_at : facts.now;
  if (facts.now - first_empty >= facts.empty_after) {
    return decision;
  }
  decision = Open(facts, "suspect_empty",
                  facts.source_went_silent ? "the source shows no `up` samples in the period"
                                           : "the period before had series, this one has none",
                  kLongCap);
  decision.entry.first_empty_at = first_empty;
  return decision;
}

std::string DescribeRejects(const metering::PeriodResult& result) {
  return std::to_string(result.rejected.size()) + " of " + std::to_string(result.series_answered) +
         " series rejected, the first: " + result.rejected.front().reason;
}

}  // namespace

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
  return {};
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
