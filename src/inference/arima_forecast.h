// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "inference/arima_fit.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// The half-widths of normal intervals in standard errors.
constexpr double kNormal80 = 1.2815515655446004;
constexpr double kNormal95 = 1.959963984540054;

/// One step ahead. The error is that of the innovations; the coefficients are taken as known.
struct ForecastStep {
  double mean = 0;
  double error = 0;  ///< standard error

  [[nodiscard]] double Limit(double errors) const { return mean + errors * error; }
};

struct ArimaForecast {
  std::vector<ForecastStep> steps;
  /// Innovations over their standard deviation, in units of sigma; NaN where the value is missing
  /// or told only where a level lies (at the start of a differenced model).
  std::vector<double> residuals;
};

/// Filters the series (oldest value first, NaN: missing) with fixed coefficients and looks
/// `horizon` steps ahead. Errors (rejected): an infinite value, fewer than d + s·D + 1
/// observed values, gaps that leave levels unknown.
[[nodiscard]] base::Result<ArimaForecast> Forecast(const ArimaOrder& order,
                                                   std::span<const double> coefficients,
                                                   double sigma2, std::span<const double> series,
                                                   std::size_t horizon);

}  // namespace promtally::inference
