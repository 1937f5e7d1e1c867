// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::inference {

enum class SeasonalKind { kAdditive, kMultiplicative };

/// Exponential smoothing of level, trend and season; each share is in [0, 1].
struct HoltWinters {
  std::size_t period = 12;  ///< 1: no season, gamma unused (Holt's two parameters)
  SeasonalKind kind = SeasonalKind::kAdditive;
  double alpha = 0;
  double beta = 0;
  double gamma = 0;
};

struct SmoothedSeries {
  double squared_error = 0;       ///< sum over the one-step forecasts
  std::vector<double> residuals;  ///< NaN for the values that only start it
  double level = 0;
  double trend = 0;
  std::vector<double> season;  ///< of the next steps, oldest first

  [[nodiscard]] double Forecast(const HoltWinters& model, std::size_t steps) const;
};

/// How many values the smoothing needs: two periods (R's start), three values without a season.
[[nodiscard]] std::size_t LeastValues(const HoltWinters& model);

/// Smooths the series. Starting level, trend and season are those of R's HoltWinters: a
/// decomposition of the first two periods by moving averages, and a straight line through their
/// trend. Errors (rejected): too few values, a missing or infinite value, zeros or a season
/// of zero under kMultiplicative.
[[nodiscard]] base::Result<SmoothedSeries> Smooth(const HoltWinters& model,
                                                  std::span<const double> series);

/// The parameters with the smallest squared one-step error, found from a grid of starts by NLopt's
/// BOBYQA within [0, 1].
[[nodiscard]] base::Result<HoltWinters> FitHoltWinters(std::size_t period, SeasonalKind kind,
                                                       std::span<const double> series);

/// The standard errors of the forecasts 1 … horizon in units of the residuals' (R's
/// predict.HoltWinters for an additive season; for a multiplicative one the share of the forecast).
[[nodiscard]] std::vector<double> ErrorGrowth(const HoltWinters& model, std::size_t horizon);

}  // namespace promtally::inference
