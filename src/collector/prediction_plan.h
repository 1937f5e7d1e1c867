// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/catalogue.h"
#include "ledger/ledger.h"

namespace promtally::collector {

/// One block and committed period that no prediction was made from yet.
struct PredictionTask {
  std::string job;
  std::string source;  ///< of the job
  std::optional<std::string> scope_key;
  std::shared_ptr<const metering::ScopeFilter> filter;
  CataloguePrediction prediction;  ///< as it was when the task was planned
  std::int64_t measured_id = 0;    ///< the spec whose usage it looks at
  metering::Period input;
  int attempts = 0;  ///< that failed before

  [[nodiscard]] const ledger::Spec& value() const { return prediction.outputs.front().second; }
};

struct PredictionPlan {
  std::vector<PredictionTask> tasks;  ///< of each block in period order
  std::optional<base::Instant> next_retry;
};

/// What is to be predicted at `now`: every committed period of the last 31 days that begins with an
/// output's first period or lies in `range`, at the ends that the block asks for. A block whose
/// failed prediction is held waits for its next try. Ledger thread.
[[nodiscard]] base::Result<PredictionPlan> PlanPredictions(
    ledger::Ledger& ledger, const Catalogue& catalogue,
    const std::optional<metering::Period>& range, base::Instant now);

/// The periods of a block's windows of committed usage, `input` last.
[[nodiscard]] std::vector<metering::Period> WindowPeriods(const metering::ModelBlock& block,
                                                          metering::Period input);

}  // namespace promtally::collector
