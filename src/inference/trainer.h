// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "inference/baseline.h"
#include "inference/error_metrics.h"
#include "inference/model_record.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// What the training of a model of one series is asked for. Texts are as typed (empty: not given);
/// the trainer of the type reads them and says kInvalidArgument where they are wrong.
struct SeriesTraining {
  std::vector<double> values;  ///< one a step, oldest first; NaN is a missing value
  std::size_t test_steps = 0;  ///< the last so many values are the test part; < values.size()
  std::size_t horizon = 12;    ///< steps of `forecast`
  std::size_t period = 0;      ///< of the season; 0: not given
  std::string order;           ///< arima: p,d,q or auto
  std::string seasonal;        ///< arima: P,D,Q,s or auto,s
  std::string mean;            ///< arima: auto or none
  std::string seasonal_kind;   ///< holt_winters: additive or multiplicative
  std::stop_token stop;        ///< ends the training soon: kCancelled
};

/// A model before it is stored. With a test part it is fitted on the training part alone, its
/// metrics are those of forecasts of the whole test part from the end of the training part, and
/// `forecast` goes on after the last value of the test part (parameters as fitted, the state
/// carried over the test part).
struct TrainedModel {
  std::string type;
  Json parameters = Json::object();  ///< as asked for, defaults written out
  std::vector<std::string> features;
  std::optional<ErrorMetrics> metrics;  ///< absent without a test part
  std::optional<Baseline> baseline;     ///< likewise; of BestBaseline
  /// The members that `train` prints behind the baseline, in their order ("order", "coefficients",
  /// …, "forecast").
  Json details = Json::object();
  std::string payload;  ///< what the model's `open` function reads back
};

/// One kind of model that learns from one series. Train may be called from any thread; it draws no
/// random numbers but those of a fixed seed.
struct SeriesTrainer {
  std::string_view type;
  base::Result<TrainedModel> (*train)(const SeriesTraining& training);
};

/// The trainer of a type; nullptr for one that does not learn from a single series.
[[nodiscard]] const SeriesTrainer* FindSeriesTrainer(std::string_view type);
/// Their types, for messages.
[[nodiscard]] std::vector<std::string_view> SeriesTrainerTypes();

/// How many of `size` values are the test part: of a share (below 1) so many rounded up, else the
/// number itself. kInvalidArgument for a negative or fractional one and where nothing is left to
/// train on.
[[nodiscard]] base::Result<std::size_t> TestSteps(double test_size, std::size_t size);

/// What an interrupted training says: kCancelled.
[[nodiscard]] base::Error TrainingInterrupted();

/// SHA-256 of named series in hexadecimal: which data a model has seen.
[[nodiscard]] std::string DigestOf(const std::vector<std::string>& names,
                                   const std::vector<std::vector<double>>& series);

}  // namespace promtally::inference
