// SPDX-License-Identifier: Apache-2.0
#include "inference/error_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace promtally::inference {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kPercent = 100;

struct Sums {
  double absolute = 0;
  double squared = 0;
  double relative = 0;
  double symmetric = 0;
  double actual = 0;
  std::size_t count = 0;
  std::size_t relative_count = 0;

  void Add(double measured, double predicted) {
    const double error = std::abs(measured - predicted);
    absolute += error;
    squared += error * error;
    if (measured != 0) {
      relative += error / std::abs(measured);
      ++relative_count;
    }
    const double size = std::abs(measured) + std::abs(predicted);
    symmetric += size > 0 ? 2 * error / size : 0;
    actual += measured;
    ++count;
  }
};

double Mean(double sum, std::size_t count) {
  return count == 0 ? kNan : sum / static_cast<double>(count);
}

}  // namespace

ErrorMetrics CompareForecast(std::span<const double> actual, std::span<const double> predicted) {
  const std::size_t size = std::min(actual.size(), predicted.size());
  const auto is_pair = [&](std::size_t i) {
    return !std::isnan(actual[i]) && !std::isnan(predicted[i]);
  };
  Sums sums;
  for (std::size_t i = 0; i < size; ++i) {
    if (is_pair(i)) {
      sums.Add(actual[i], predicted[i]);
    }
  }
  const double mean = Mean(sums.actual, sums.count);
  double deviation = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (is_pair(i)) {
      deviation += (actual[i] - mean) * (actual[i] - mean);
    }
  }
  return {.mae = Mean(sums.absolute, sums.count),
          .rmse = std::sqrt(Mean(sums.squared, sums.count)),
          .mape = kPercent * Mean(sums.relative, sums.relative_count),
          .smape = kPercent * Mean(sums.symmetric, sums.count),
          .r2 = deviation > 0 ? 1 - sums.squared / deviation : kNan,
          .count = sums.count};
}

}  // namespace promtally::inference
