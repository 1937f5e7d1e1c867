// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "inference/model.h"
#include "inference/rows.h"
#include "ledger/ledger.h"
#include "promtally/metering/model_block.h"
#include "promtally/metering/period_result.h"

namespace promtally::collector {

/// The period that a prediction from the windows up to `input` speaks of.
[[nodiscard]] metering::Period OutputPeriod(const metering::ModelBlock& block,
                                            metering::Period input);

/// The shortest decimal that reads back as this finite double.
[[nodiscard]] base::Decimal DecimalOf(double value);

/// `{project_id="p1", tier="hot"}`
[[nodiscard]] std::string SeriesText(const ledger::UsageWindow& window);

/// SHA-256 of the windows: series and quantities.
[[nodiscard]] base::Digest DigestOf(const std::vector<ledger::UsageWindow>& windows);

/// The windows of a period as a model takes them.
struct PredictionInput {
  inference::Rows rows;
  std::vector<std::size_t> windows;  ///< of each row
  /// Windows that no row was made of, by their gaps, and why.
  std::vector<std::pair<std::size_t, std::string>> left_out;
};

/// kRejected: a window has a gap and the block says `refuse`.
[[nodiscard]] base::Result<PredictionInput> MakeInput(
    const metering::ModelBlock& block, const std::vector<ledger::UsageWindow>& windows);

/// What was predicted of one window.
struct WindowPrediction {
  std::size_t window = 0;
  base::Decimal value;
  std::optional<base::Decimal> lower;
  std::optional<base::Decimal> upper;
};

struct PredictionOutput {
  std::vector<WindowPrediction> series;
  std::vector<std::pair<std::size_t, std::string>> not_predicted;  ///< window, and why
};

/// Combines the steps of each prediction and keeps it in the block's bounds; a prediction without a
/// number is left out with its reason. kRejected: the model gives another number of steps than the
/// block asks for.
[[nodiscard]] base::Result<PredictionOutput> TakePredictions(
    const metering::ModelBlock& block, const PredictionInput& input,
    const std::vector<inference::Prediction>& predictions);

/// One part of an output, ready to be committed. `context` points into this: it stays where it is.
struct PredictedPeriod {
  metering::MetricSpec spec;
  metering::ConversionContext context;
  metering::PeriodResult result;
};
[[nodiscard]] std::unique_ptr<PredictedPeriod> MakePeriod(
    const ledger::SpecVersion& version, const std::optional<std::string>& scope_key,
    metering::OutputPart part, const std::vector<ledger::UsageWindow>& windows,
    const PredictionOutput& output);

}  // namespace promtally::collector
