// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "inference/error_metrics.h"

namespace promtally::inference {

/// What a model has to beat: the better (by mean absolute error) of the naive forecast and the
/// seasonal naive one on the same test part.
struct Baseline {
  std::string name;  ///< naive or seasonal_naive
  ErrorMetrics metrics;
};

/// From where the test part is forecast.
enum class Origin {
  kFixed,    ///< all of it from the end of the training part
  kRolling,  ///< each step from the values up to `horizon` steps before it
};

struct BaselineOptions {
  std::size_t period = 1;  ///< of the season; 1: there is none, naive alone
  Origin origin = Origin::kFixed;
  std::size_t horizon = 1;  ///< of a rolling origin, >= 1
};

/// The forecast of the test part that repeats the value of `period` steps before (its newest known
/// multiple); NaN where nothing is known. A missing last value is stepped over for period 1.
[[nodiscard]] std::vector<double> NaiveForecast(std::span<const double> train,
                                                std::span<const double> test,
                                                const BaselineOptions& options);

/// `train` and `test` follow each other, NaN is a missing value. Test parts without a value give
/// metrics of NaN.
[[nodiscard]] Baseline BestBaseline(std::span<const double> train, std::span<const double> test,
                                    const BaselineOptions& options);

}  // namespace promtally::inference
