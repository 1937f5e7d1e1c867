// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/catalogue.h"

namespace promtally::collector {

/// Why answered periods are read again.
struct Reread {
  enum class Kind { kAudit, kRecollect };
  Kind kind = Kind::kAudit;
  std::string reason;  ///< that a revision carries
};

/// What a round is to collect.
struct RoundScope {
  std::optional<metering::Period> range;  ///< exactly the periods in it; absent: what is due
  bool retry_failed = false;
  /// Answered periods are read again, and nothing else is done: those of the range, or all that are
  /// provisional.
  std::optional<Reread> reread = std::nullopt;
  std::vector<std::string> names = {};  ///< of specs, with `reread`; empty: all
};

/// One spec and period to be asked for.
struct WorkItem {
  std::size_t job = 0;   ///< index into Catalogue::jobs
  std::size_t spec = 0;  ///< index into its specs
  metering::Period period;
  std::int64_t version_id = 0;
  std::optional<ledger::PeriodEntry> before;    ///< the period's row, if it has one
  std::optional<Reread> reread = std::nullopt;  ///< it is answered, and read again
};

struct RoundPlan {
  std::vector<WorkItem> items;  ///< oldest period first, then jobs and specs in file order
  /// Open periods that wait for their next try.
  int waiting = 0;
  std::optional<base::Instant> next_retry;  ///< the earliest of them
  /// Failed periods of a range that was asked for, which are not tried again.
  int left_failed = 0;
};

/// Finds what is to be asked at `now`; moves the frontiers of the catalogue. Ledger thread.
[[nodiscard]] base::Result<RoundPlan> PlanRound(ledger::Ledger& ledger, Catalogue* catalogue,
                                                const RoundScope& scope, base::Instant now);

/// When the next period of any job becomes due after `now`.
[[nodiscard]] std::optional<base::Instant> NextDue(const Catalogue& catalogue, base::Instant now);

}  // namespace promtally::collector
