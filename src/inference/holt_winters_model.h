// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "inference/holt_winters.h"
#include "inference/model_record.h"
#include "inference/series_model.h"

namespace promtally::inference {

/// Fitted Holt-Winters parameters. A window is smoothed from its own first two periods; it may have
/// no gaps.
class HoltWintersModel final : public SeriesModel {
 public:
  /// `error`: the standard deviation of the residuals, of a multiplicative season as a share of the
  /// forecast.
  HoltWintersModel(HoltWinters parameters, double error) : parameters_(parameters), error_(error) {}

  [[nodiscard]] const std::string& type() const override;
  [[nodiscard]] base::Result<std::vector<ForecastStep>> ForecastWindow(
      std::span<const double> window, std::size_t horizon) const override;

  [[nodiscard]] std::string ToPayload() const;

 private:
  HoltWinters parameters_;
  double error_;
};

/// kParse for a payload that is not what ToPayload writes.
[[nodiscard]] base::Result<std::unique_ptr<Model>> OpenHoltWinters(const ModelRecord& record);

[[nodiscard]] base::Result<TrainedModel> TrainHoltWinters(const SeriesTraining& training);

}  // namespace promtally::inference
