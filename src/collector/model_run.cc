// SPDX-License-Identifier: Apache-2.0
#include "collector/model_run.h"

#include <utility>

#include "inference/anomaly.h"

namespace promtally::collector {
namespace {

using metering::ModelBlock;

/// The model of a block; a score is one that needs no training.
base::Result<inference::ModelCatalog::Opened> OpenModelOf(inference::ModelCatalog& models,
                                                          const ModelBlock& block) {
  if (block.score == metering::AnomalyScore::kNone) {
    return models.Open(block.model);
  }
  const bool is_mad = block.score == metering::AnomalyScore::kMad;
  return inference::ModelCatalog::Opened{
      is_mad ? "mad" : "zscore", "1",
      inference::MakeAnomalyModel(is_mad ? inference::AnomalyKind::kMad
                                         : inference::AnomalyKind::kZScore)};
}

/// As the server says it; the store's is known already.
void TakeVersion(const std::vector<inference::Prediction>& predictions, ModelRun* run) {
  for (const inference::Prediction& prediction : predictions) {
    if (!prediction.model_version.empty()) {
      run->version = prediction.model_version;
      return;
    }
  }
}

}  // namespace

base::Status RunModel(inference::ModelCatalog& models, const ModelBlock& block,
                      const std::vector<ledger::UsageWindow>& windows, ModelRun* run) {
  auto input = MakeInput(block, windows);
  if (!input) {
    return tl::unexpected(input.error());
  }
  auto opened = OpenModelOf(models, block);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  run->model = opened->name;
  run->version = opened->version;
  run->type = opened->model->type();
  std::vector<inference::Prediction> predictions;
  if (input->rows.size() > 0) {
    inference::PredictOptions options;
    options.horizon = static_cast<std::size_t>(block.horizon);
    auto made = opened->model->Predict(input->rows, options);
    if (!made) {
      return base::Fail("model \"" + opened->name + "\"", made.error());
    }
    predictions = *std::move(made);
  }
  TakeVersion(predictions, run);
  auto output = TakePredictions(block, *input, predictions);
  if (!output) {
    return tl::unexpected(output.error());
  }
  run->output = *std::move(output);
  return {};
}

}  // namespace promtally::collector
