// SPDX-License-Identifier: Apache-2.0
#include "inference/baseline.h"

#include <cmath>
#include <limits>

namespace promtally::inference {
namespace {

/// Position `at` of train and test, one behind the other.
double ValueAt(std::span<const double> train, std::span<const double> test, std::size_t at) {
  return at < train.size() ? train[at] : test[at - train.size()];
}

/// Of the season at `at`, the newest value before `known` (a position, exclusive) that is not
/// missing.
double LastOfSeason(std::span<const double> train, std::span<const double> test, std::size_t at,
                    std::size_t known, std::size_t period) {
  std::size_t steps = period;
  if (at >= known) {
    steps = (at - known) / period * period + period;
  }
  for (; steps <= at; steps += period) {
    const double value = ValueAt(train, test, at - steps);
    if (!std::isnan(value)) {
      return value;
    }
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::vector<double> NaiveForecast(std::span<const double> train, std::span<const double> test,
                                  const BaselineOptions& options) {
  std::vector<double> forecast;
  forecast.reserve(test.size());
  for (std::size_t i = 0; i < test.size(); ++i) {
    const std::size_t at = train.size() + i;
    std::size_t known = train.size();
    if (options.origin == Origin::kRolling) {
      known = at + 1 >= options.horizon ? at + 1 - options.horizon : 0;
    }
    forecast.push_back(LastOfSeason(train, test, at, known, options.period));
  }
  return forecast;
}

Baseline BestBaseline(std::span<const double> train, std::span<const double> test,
                      const BaselineOptions& options) {
  BaselineOptions plain = options;
  plain.period = 1;
  Baseline best{"naive", CompareForecast(test, NaiveForecast(train, test, plain))};
  if (options.period > 1) {
    const ErrorMetrics seasonal = CompareForecast(test, NaiveForecast(train, test, options));
    // A season that is not known for most of the test part proves nothing.
    if (seasonal.count == best.metrics.count && seasonal.mae < best.metrics.mae) {
      best = {"seasonal_naive", seasonal};
    }
  }
  return best;
}

}  // namespace promtally::inference
