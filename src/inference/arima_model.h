// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "inference/arima_fit.h"
#include "inference/model_record.h"
#include "inference/series_model.h"

namespace promtally::inference {

/// A fitted ARIMA model: order, coefficients and sigma squared. Its windows may have gaps.
class ArimaModel final : public SeriesModel {
 public:
  ArimaModel(ArimaOrder order, std::vector<double> coefficients, double sigma2)
      : order_(order), coefficients_(std::move(coefficients)), sigma2_(sigma2) {}

  [[nodiscard]] const std::string& type() const override;
  [[nodiscard]] base::Result<std::vector<ForecastStep>> ForecastWindow(
      std::span<const double> window, std::size_t horizon) const override;

  [[nodiscard]] std::string ToPayload() const;

 private:
  ArimaOrder order_;
  std::vector<double> coefficients_;
  double sigma2_;
};

/// kParse for a payload that is not what ToPayload writes, a model that is not stationary included.
[[nodiscard]] base::Result<std::unique_ptr<Model>> OpenArima(const ModelRecord& record);

[[nodiscard]] base::Result<TrainedModel> TrainArima(const SeriesTraining& training);

}  // namespace promtally::inference
