// SPDX-License-Identifier: Apache-2.0
#include "inference/differencing.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "inference/stl.h"

namespace promtally::inference {
namespace {

constexpr double kKpssFivePercent = 0.463;
constexpr double kStrongSeason = 0.64;
constexpr std::size_t kSeasonalWindow = 11;
constexpr int kMaxDifferences = 2;

std::vector<double> Observed(std::span<const double> series) {
  std::vector<double> observed;
  std::copy_if(series.begin(), series.end(), std::back_inserter(observed),
               [](double value) { return !std::isnan(value); });
  return observed;
}

double MeanOf(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double Variance(const std::vector<double>& values) {
  const double mean = MeanOf(values);
  double sum = 0;
  for (const double value : values) {
    sum += (value - mean) * (value - mean);
  }
  return sum / static_cast<double>(values.size() - 1);
}

bool IsConstant(const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return values.empty() || *most - *least <= 1e-12 * std::max(std::fabs(*least), std::fabs(*most));
}

/// The nearest value that is there, whole periods before or after `at`.
std::optional<std::size_t> Neighbour(std::span<const double> series, std::size_t at,
                                     std::size_t period, bool forward) {
  while (forward ? at + period < series.size() : at >= period) {
    at = forward ? at + period : at - period;
    if (!std::isnan(series[at])) {
      return at;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<double> Filled(std::span<const double> series, std::size_t period) {
  std::vector<double> filled(series.begin(), series.end());
  for (std::size_t t = 0; t < series.size(); ++t) {
    if (!std::isnan(series[t])) {
      continue;
    }
    const auto before = Neighbour(series, t, period, false);
    const auto after = Neighbour(series, t, period, true);
    if (before && after) {
      const double share = static_cast<double>(t - *before) / static_cast<double>(*after - *before);
      filled[t] = series[*before] + share * (series[*after] - series[*before]);
    } else {
      filled[t] = before ? series[*before] : after ? series[*after] : 0;
    }
  }
  return filled;
}

double KpssStatistic(std::span<const double> series) {
  const std::vector<double> values = Observed(series);
  const auto n = static_cast<double>(values.size());
  const double mean = MeanOf(values);
  double partial_sum = 0;
  double squared_sums = 0;
  double variance = 0;
  for (const double value : values) {
    partial_sum += value - mean;
    squared_sums += partial_sum * partial_sum;
    variance += (value - mean) * (value - mean);
  }
  const auto lags = static_cast<std::size_t>(3 * std::sqrt(n) / 13);
  for (std::size_t lag = 1; lag <= lags; ++lag) {
    double product = 0;
    for (std::size_t t = lag; t < values.size(); ++t) {
      product += (values[t] - mean) * (values[t - lag] - mean);
    }
    variance += 2 * (1 - static_cast<double>(lag) / static_cast<double>(lags + 1)) * product;
  }
  return squared_sums / (n * variance);
}

int PlainDifferences(std::span<const double> series) {
  std::vector<double> values = Observed(series);
  int differences = 0;
  while (differences < kMaxDifferences && values.size() > 2 && !IsConstant(values) &&
         KpssStatistic(values) > kKpssFivePercent) {
    ++differences;
    std::adjacent_difference(values.begin(), values.end(), values.begin());
    values.erase(values.begin());
  }
  return differences;
}

double SeasonalStrength(std::span<const double> series, std::size_t period) {
  if (period < 2 || series.size() <= 2 * period) {
    return 0;
  }
  const std::vector<double> filled = Filled(series, period);
  const SeasonAndTrend parts = Decompose(filled, period, kSeasonalWindow);
  std::vector<double> remainder;
  std::vector<double> with_season;
  for (std::size_t t = 0; t < series.size(); ++t) {
    if (!std::isnan(series[t])) {
      remainder.push_back(series[t] - parts.season[t] - parts.trend[t]);
      with_season.push_back(series[t] - parts.trend[t]);
    }
  }
  if (remainder.size() < 2) {
    return 0;
  }
  const double whole = Variance(with_season);
  return whole > 0 ? std::clamp(1 - Variance(remainder) / whole, 0.0, 1.0) : 0;
}

int SeasonalDifferences(std::span<const double> series, std::size_t period) {
  const std::vector<double> values = Observed(series);
  return !IsConstant(values) && SeasonalStrength(series, period) > kStrongSeason ? 1 : 0;
}

}  // namespace promtally::inference
