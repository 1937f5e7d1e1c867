// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "inference/arima_forecast.h"
#include "inference/model.h"
#include "inference/trainer.h"

namespace promtally::inference {

/// A model of one series that carries no values of it: it reads a window (oldest value first, NaN
/// is a missing value) with its fixed parameters and looks any number of steps ahead. Predict takes
/// each row as a window; lower and upper are the 95 % limits of the first step. A window that the
/// model cannot read gets a reason, the other rows are predicted.
class SeriesModel : public Model {
 public:
  [[nodiscard]] virtual base::Result<std::vector<ForecastStep>> ForecastWindow(
      std::span<const double> window, std::size_t horizon) const = 0;

  [[nodiscard]] const std::vector<std::string>& features() const final { return features_; }
  [[nodiscard]] std::size_t columns() const final { return 0; }
  [[nodiscard]] base::Result<std::vector<Prediction>> Predict(
      const Rows& rows, const PredictOptions& options) const final;

 private:
  std::vector<std::string> features_;
};

/// The training part of what was asked for, and the test part.
[[nodiscard]] std::span<const double> TrainPart(const SeriesTraining& training);
[[nodiscard]] std::span<const double> TestPart(const SeriesTraining& training);

/// Completes a trained model: the errors on the test part beside the best baseline's (a season of
/// `period` steps, 1: none), and `forecast` after the last value.
[[nodiscard]] base::Result<TrainedModel> FinishTraining(const SeriesTraining& training,
                                                        const SeriesModel& model,
                                                        std::size_t period, TrainedModel trained);

/// A number of JSON, null where it is not finite.
[[nodiscard]] Json NumberJson(double value);

}  // namespace promtally::inference
