// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "ledger/ledger.h"
#include "promtally/config/settings.h"
#include "promtally/metering/period_result.h"
#include "source/source.h"

namespace promtally::collector {

/// What is known beside the answer when a period is decided.
struct DecisionFacts {
  base::Instant now;
  std::optional<ledger::PeriodEntry> before;  ///< the period's row so far
  int attempts = 0;                           ///< of this run
  config::OnBadSeries on_bad_series = config::OnBadSeries::kReject;
  base::Milliseconds empty_after{0};
  /// Only asked for, and only used, where the answer has no series:
  bool last_answer_had_series = false;  ///< of the spec's last answered period
  /// The source had `up` samples once, and has none in the period or does not say.
  bool source_went_silent = false;
  bool before_oldest_data = false;
};

/// The outcome of a period: commit (kCommitted, kEmpty), or a row that stays open or failed.
struct Decision {
  ledger::PeriodState state = ledger::PeriodState::kCommitted;
  ledger::PeriodEntry entry;  ///< for kOpen and kFailed; ids and period are the caller's
};

/// The table of answers, second half: what converted usage may do to its period.
[[nodiscard]] Decision Decide(const metering::PeriodResult& result, const DecisionFacts& facts);
/// The same for a query without a usable answer.
[[nodiscard]] Decision DecideFailure(const source::QueryFailure& failure,
                                     const DecisionFacts& facts);

}  // namespace promtally::collector
