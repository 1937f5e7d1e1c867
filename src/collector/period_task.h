// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
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
  source::ServerIdentity server;  ///< that is asked
  config::WindowEdges window_edges = config::WindowEdges::kAsWritten;
  base::Milliseconds settle{0};
  base::Milliseconds audit{0};  ///< of the spec: how long its periods stay provisional
  base::Milliseconds checkpoint_retention{0};
  /// Of exact usage, where it matters: whether the server has data of a time or before it
  /// (nullopt: it does not say).
  std::map<base::Instant, std::optional<bool>> has_data;
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

/// What a server is to be asked for a task, which remembers the server; the batch is the caller's.
[[nodiscard]] FetchRequest RequestOf(PeriodTask* task, const source::ServerIdentity& server);
/// In the place of an answer, where the stored version of a spec cannot be read.
[[nodiscard]] FetchResult UnreadableVersion();

/// True when one of the tasks is for that spec and period.
[[nodiscard]] bool IsAmong(const WorkItem& item,
                           const std::deque<std::shared_ptr<PeriodTask>>& tasks);

/// What SettlePeriod did.
struct Settlement {
  PeriodReport report;
  /// Nothing was written: whether the server's data reach back that far must be known first
  /// (PeriodTask::has_data).
  std::optional<base::Instant> asks_data_at;
  /// The answered period after this one builds on what this one changed: it is to be computed
  /// again.
  std::optional<WorkItem> recompute;
  std::optional<RereadReport> reread;  ///< in the place of `report`, of a period that was answered
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
