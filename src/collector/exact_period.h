// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "collector/decision.h"
#include "collector/period_task.h"
#include "ledger/ledger.h"

namespace promtally::collector {

/// What exact usage knows of one spec and period beside its records.
struct ExactPeriod {
  ledger::ExactCommit commit;
  bool needs_history = false;
  std::string suspicious;
  std::optional<base::Instant> first;  ///< sample in the period
};

/// The usage of a task's period: its answers converted, or computed from its raw samples and the
/// checkpoints before it (`exact` is set then, and the samples stay in the task). Ledger thread.
[[nodiscard]] base::Result<metering::PeriodResult> ConvertPeriod(
    ledger::Ledger& ledger, PeriodTask& task, const metering::ConversionContext& context,
    std::optional<ExactPeriod>* exact);

/// The time at which the server must be known to have data before a period can be decided; nullopt:
/// none. The beginning of a period is looked at where no series has a sample, although the spec had
/// series before, or the server keeps data for less long. Ledger thread.
[[nodiscard]] base::Result<std::optional<base::Instant>> AskOfPast(ledger::Ledger& ledger,
                                                                   const ExactPeriod& exact,
                                                                   const PeriodTask& task);

/// Fails a period the beginning of which the server does not have any more (`lost`), and holds one
/// open whose past is unknown, or that has a suspicious reset which its spec wants to be looked at;
/// what an operator accepted is taken as it comes.
void HoldExact(const ExactPeriod& exact, const PeriodTask& task, Decision* decision);

/// Compares an answered period with what was read again, and commits what differs as a revision.
/// Ledger thread.
[[nodiscard]] base::Result<Settlement> RereadPeriod(ledger::Ledger& ledger, PeriodTask* task);

/// Adds the answered exact period that follows a task's, for it begins where this one ends.
[[nodiscard]] base::Result<Settlement> WithNextPeriod(ledger::Ledger& ledger,
                                                      const PeriodTask& task, Reread reread,
                                                      Settlement settlement);

/// What the answers of a task are converted by; it points into the task.
[[nodiscard]] metering::ConversionContext ContextOf(const PeriodTask& task);
/// A commit of a task's period; it points to what it was given.
[[nodiscard]] ledger::PeriodCommit CommitOf(const PeriodTask& task,
                                            const metering::ConversionContext& context,
                                            const metering::PeriodResult& result,
                                            const ledger::ExactCommit* exact);

}  // namespace promtally::collector
