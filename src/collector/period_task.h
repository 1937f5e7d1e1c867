// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "collector/decision.h"
#include "collector/period_fetch.h"
#include "collector/plan.h"
#include "collector/round.h"

namespace promtally::collector {

/// One spec and period on its way through a round. The loop fills it, hands it to the ledger thread
/// for SettlePeriod and takes it back; never both at a time.
struct PeriodTask {
  WorkItem item;
  std::int64_t spec_id = 0;
  std::string job;
  std::string name;
  std::string source;
  std::optional<std::string> scope_key;
  std::shared_ptr<const metering::ScopeFilter> filter;
  std::shared_ptr<const metering::MetricSpec> spec;  ///< of item.version_id
  metering::RoundingMode rounding = metering::RoundingMode::kExact;
  metering::SeriesLimits limits;
  std::int64_t server_id = 0;
  bool newest_version = true;  ///< item.version_id is the spec's newest
  DecisionFacts facts;
  std::optional<std::int64_t> up_samples;  ///< of the source in the period, where they were asked
  FetchResult fetched;
  bool ready = false;  ///< fetched, and waits for its turn to be decided
};

/// A task for a planned period of a job.
[[nodiscard]] std::shared_ptr<PeriodTask> MakeTask(const CatalogueJob& job, WorkItem item);
/// Lets a task use a version of its spec.
void UseVersion(PeriodTask* task, const CatalogueSpec& spec, std::int64_t version_id);

/// What SettlePeriod did.
struct Settlement {
  PeriodReport report;
  bool retry_with_newest =
      false;  ///< an earlier version failed: nothing was written, ask again with the newest
};

/// Converts, decides and writes one period. The answers of `task` are used up. Ledger thread.
[[nodiscard]] base::Result<Settlement> SettlePeriod(ledger::Ledger& ledger, PeriodTask* task);

/// Leaves periods that need not be asked open, for the reason that their source has, in one
/// transaction. Ledger thread.
[[nodiscard]] base::Result<std::vector<PeriodReport>> LeaveUnasked(
    ledger::Ledger& ledger, const std::vector<std::shared_ptr<PeriodTask>>& tasks,
    source::QueryFailure why, base::Instant now);

}  // namespace promtally::collector
