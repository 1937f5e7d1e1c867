// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace promtally::inference {

/// Season and trend of a series without gaps; what is left is the remainder.
struct SeasonAndTrend {
  std::vector<double> season;
  std::vector<double> trend;
};

/// STL (Cleveland, Cleveland, McRae and Terpenning 1990) as R's stl() does it without robustness
/// weights: two inner rounds, a seasonal window of `seasonal_window` values (odd), the other
/// windows and the jumps derived from it and the period. Needs period >= 2 and more than two
/// periods of values.
[[nodiscard]] SeasonAndTrend Decompose(std::span<const double> series, std::size_t period,
                                       std::size_t seasonal_window);

}  // namespace promtally::inference
