// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace promtally::inference {

/// How far predictions are from what was measured. NaN: not defined for these values.
struct ErrorMetrics {
  double mae = 0;   ///< mean absolute error, in the unit of the series
  double rmse = 0;  ///< root of the mean squared error, likewise
  double mape = 0;  ///< mean of |error / actual| in per cent; actual values of 0 are left out
  double smape =
      0;          ///< mean of 2|error| / (|actual| + |predicted|) in per cent, 0 where both are 0
  double r2 = 0;  ///< 1 - squared error / squared deviation; of a constant series: NaN
  std::size_t count = 0;  ///< pairs compared
};

/// Compares pair by pair; a pair of which one is NaN is left out. Both spans have one length.
[[nodiscard]] ErrorMetrics CompareForecast(std::span<const double> actual,
                                           std::span<const double> predicted);

}  // namespace promtally::inference
