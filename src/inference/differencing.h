// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace promtally::inference {

// How often a series is differenced before its ARMA orders are searched. NaN is a missing value.

/// The series with its gaps filled by straight lines along the same part of the season (period 1:
/// along the series); at the ends the nearest value is held. 0 where there is none. Only for
/// starting values and for tests that need every step: a model's likelihood skips its gaps.
[[nodiscard]] std::vector<double> Filled(std::span<const double> series, std::size_t period);

/// The KPSS statistic for a level (Kwiatkowski, Phillips, Schmidt and Shin 1992), Bartlett weights
/// over 3·sqrt(n)/13 lags as R's forecast::ndiffs asks for. Above 0.463 stationarity is rejected at
/// 5 %.
[[nodiscard]] double KpssStatistic(std::span<const double> series);

/// How many differences (0 to 2) until KPSS no longer rejects.
[[nodiscard]] int PlainDifferences(std::span<const double> series);

/// 1 - Var(remainder) / Var(season + remainder) of STL with a window of 11 (Wang, Smith and
/// Hyndman 2006): 0 no season, 1 nothing else. 0 where there are not more than two periods.
[[nodiscard]] double SeasonalStrength(std::span<const double> series, std::size_t period);

/// One seasonal difference where the strength is above 0.64.
[[nodiscard]] int SeasonalDifferences(std::span<const double> series, std::size_t period);

}  // namespace promtally::inference
