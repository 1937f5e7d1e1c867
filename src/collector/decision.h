// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "promtally/config/settings.h"
#include "promtally/metering/period_result.h"
#include "source/source.h"

namespace promtally::collector {

/// `up` samples of a source in a period, beside what is usual there.
struct Coverage {
  std::int64_t samples = 0;
  double median = 0;  ///< of the periods before it
};
/// nullopt without a period to compare with.
[[nodiscard]] std::optional<Coverage> CoverageOf(std::int64_t samples,
                                                 std::vector<std::int64_t> before);

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
  /// How well the source saw the period; nullopt: not asked, not answered, or nothing to compare.
  std::optional<Coverage> coverage;
  double min_coverage = 0;  ///< 0 to 1
};

/// True when the source saw less of the period than it must have.
[[nodiscard]] bool IsLow(const DecisionFacts& facts);

/// The outcome of a period: commit (kCommitted, kEmpty), or a row that stays open or failed.
struct Decision {
  ledger::PeriodState state = ledger::PeriodState::kCommitted;
  std::string reason;         ///< why a held period is committed all the same, else empty
  ledger::PeriodEntry entry;  ///< for kOpen and kFailed; ids and period are the caller's
};

/// The table of answers, second half: what converted usage may do to its period.
[[nodiscard]] Decision Decide(const metering::PeriodResult& result, const DecisionFacts& facts);
/// The same for a query without a usable answer.
[[nodiscard]] Decision DecideFailure(const source::QueryFailure& failure,
                                     const DecisionFacts& facts);

}  // namespace promtally::collector
