// SPDX-License-Identifier: Apache-2.0
#include "inference/arima_forecast.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "inference/arima_likelihood.h"
#include "inference/arma_filter.h"
#include "inference/diffuse_filter.h"

namespace promtally::inference {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

struct ScaledInnovations {
  std::vector<double>& into;
  void Transient(double innovation, double variance, double /*inverse*/) const {
    into.push_back(innovation / std::sqrt(variance));
  }
  void Steady(double innovation) const { into.push_back(innovation); }
};

/// Adds a change of the differenced series up to levels.
double Integrated(std::span<const double> differences, const std::vector<double>& levels,
                  double change) {
  for (std::size_t i = 0; i < differences.size() && i < levels.size(); ++i) {
    change += differences[i] * levels[levels.size() - 1 - i];
  }
  return change;
}

/// What one innovation does to the levels, step by step, where the next gain is that of `filter`.
std::vector<double> LevelResponse(const ArmaFilter<double>& filter,
                                  std::span<const double> differences, std::size_t horizon) {
  std::vector<double> state(filter.state().size(), 0);
  filter.Shift(1 / filter.variance(), state);
  ArmaFilter<double> walk = filter;
  std::vector<double> levels = {1};
  while (levels.size() < horizon) {
    levels.push_back(Integrated(differences, levels, state[0]));
    walk.Shift(0, state);
  }
  return levels;
}

/// Forecast variances from the innovations form: each later innovation is independent, its
/// variance and its effect are known, so no covariance matrix is needed.
std::vector<double> ForecastVariances(ArmaFilter<double> filter,
                                      std::span<const double> differences, std::size_t horizon) {
  std::vector<double> variances(horizon, 0);
  std::size_t i = 0;
  for (; i < horizon && !filter.steady(); ++i) {
    const std::vector<double> response = LevelResponse(filter, differences, horizon - i);
    for (std::size_t h = i; h < horizon; ++h) {
      variances[h] += response[h - i] * response[h - i] * filter.variance();
    }
    filter.Advance();
  }
  if (i == horizon) {
    return variances;
  }
  // From here on all innovations are alike: their effects add up step by step.
  const std::vector<double> response = LevelResponse(filter, differences, horizon - i);
  double sum = 0;
  for (std::size_t h = i; h < horizon; ++h) {
    sum += response[h - i] * response[h - i] * filter.variance();
    variances[h] += sum;
  }
  return variances;
}

ArimaForecast ForecastComplete(const ArimaOrder& order, const ArmaFilter<double>& start,
                               double mean, double sigma2, std::span<const double> series,
                               std::size_t horizon) {
  ArimaForecast forecast;
  const std::vector<double> differences = DifferenceCoefficients(order);
  ArmaFilter<double> filter = start;
  forecast.residuals.assign(order.differences(), kMissing);
  ScaledInnovations residuals{forecast.residuals};
  filter.Run(Differenced(order, series), mean, residuals);
  const std::vector<double> variances = ForecastVariances(filter, differences, horizon);
  std::vector<double> levels(series.end() - static_cast<std::ptrdiff_t>(differences.size()),
                             series.end());
  std::vector<double> state = filter.state();
  for (std::size_t h = 0; h < horizon; ++h) {
    levels.push_back(Integrated(differences, levels, state[0] + mean));
    forecast.steps.push_back({levels.back(), std::sqrt(sigma2 * variances[h])});
    filter.Shift(0, state);
  }
  return forecast;
}

base::Result<ArimaForecast> ForecastWithGaps(DiffuseFilter filter, double mean, double sigma2,
                                             std::span<const double> series, std::size_t horizon) {
  ArimaForecast forecast;
  for (const double value : series) {
    const DiffuseFilter::Step step = filter.Filter(value - mean);
    const bool useful = !std::isnan(value) && !step.diffuse && step.variance > 0;
    forecast.residuals.push_back(useful ? step.innovation / std::sqrt(step.variance) : kMissing);
  }
  if (!filter.has_levels()) {
    return base::Fail(base::ErrorCode::kRejected,
                      "the gaps leave a starting level unknown: a longer series is needed");
  }
  for (std::size_t h = 0; h < horizon; ++h) {
    const double prediction = filter.Prediction() + mean;
    const DiffuseFilter::Step step = filter.Filter(kMissing);
    forecast.steps.push_back({prediction, std::sqrt(sigma2 * std::max(step.variance, 0.0))});
  }
  return forecast;
}

}  // namespace

base::Result<ArimaForecast> Forecast(const ArimaOrder& order, std::span<const double> coefficients,
                                     double sigma2, std::span<const double> series,
                                     std::size_t horizon) {
  std::size_t observed = 0;
  for (const double value : series) {
    if (std::isinf(value)) {
      return base::Fail(base::ErrorCode::kRejected, "the series holds an infinite value");
    }
    observed += std::isnan(value) ? 0U : 1U;
  }
  if (observed < order.differences() + 1) {
    return base::Fail(base::ErrorCode::kRejected,
                      fmt::format("ARIMA{} forecasts from at least {} values, there are {}",
                                  ToText(order), order.differences() + 1, observed));
  }
  const double mean = order.mean ? coefficients.back() : 0;
  const ArmaTerms<double> terms =
      ExpandedTerms(order, coefficients.subspan(0, order.arma_coefficients()));
  if (observed == series.size()) {
    const auto filter = ArmaFilter<double>::Make(terms);
    if (filter) {
      return ForecastComplete(order, *filter, mean, sigma2, series, horizon);
    }
  } else if (auto filter = DiffuseFilter::Make(order, terms)) {
    return ForecastWithGaps(std::move(*filter), mean, sigma2, series, horizon);
  }
  return base::Fail(base::ErrorCode::kRejected,
                    fmt::format("ARIMA{} is not stationary at these coefficients", ToText(order)));
}

}  // namespace promtally::inference
