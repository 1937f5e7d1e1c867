// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "collector/prediction_work.h"
#include "inference/model_catalog.h"

namespace promtally::collector {

/// What a model said of windows, and which one it was.
struct ModelRun {
  std::string model;
  std::string version;
  std::string type;
  PredictionOutput output;
};

/// Runs the model of a block on windows. An error says why nothing of them was predicted; the names
/// stand in `run` as far as they are known. Any thread; waits for remote models.
[[nodiscard]] base::Status RunModel(inference::ModelCatalog& models,
                                    const metering::ModelBlock& block,
                                    const std::vector<ledger::UsageWindow>& windows, ModelRun* run);

}  // namespace promtally::collector
