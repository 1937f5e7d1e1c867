// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "inference/arima_fit.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// What is asked of the orders; absent: to be found.
struct ArimaSearch {
  std::optional<int> p;
  std::optional<int> d;
  std::optional<int> q;
  std::optional<int> seasonal_p = 0;
  std::optional<int> seasonal_d = 0;
  std::optional<int> seasonal_q = 0;
  int period = 1;
  bool allow_mean = true;
  std::stop_token stop;  ///< ends the search soon: kCancelled

  [[nodiscard]] bool is_fixed() const {
    return p && d && q && seasonal_p && seasonal_d && seasonal_q;
  }
};

/// `p,d,q`, `auto` or with single parts `auto`; `P,D,Q,s`, `auto,s` or likewise (empty: no seasonal
/// part). kInvalidArgument says what would be right.
[[nodiscard]] base::Result<ArimaSearch> ParseArimaSearch(std::string_view order,
                                                         std::string_view seasonal,
                                                         std::string_view mean);

struct ArimaCandidate {
  ArimaOrder order;
  double aicc = 0;         ///< infinite: it could not be fitted
  bool near_unit = false;  ///< a root nearer than 1.01 to the unit circle: left out
};

struct ArimaChoice {
  ArimaFit fit;
  std::vector<ArimaCandidate> candidates;  ///< one, where the orders were given
};

/// Fits the orders as given, or all that the search allows (p, q <= 5, P, Q <= 2, their sum <= 5,
/// with and without a mean where the series is not differenced) by exact likelihood, and takes the
/// one with the smallest AICc; d by KPSS at 5 %, D by the seasonal strength (Hyndman and Khandakar
/// 2008, as auto.arima without stepwise and approximation).
[[nodiscard]] base::Result<ArimaChoice> ChooseArima(const ArimaSearch& search,
                                                    std::span<const double> series);

/// The smallest modulus of a root of the AR and MA polynomials; infinite without terms.
[[nodiscard]] double SmallestRoot(const ArimaOrder& order, std::span<const double> coefficients);

}  // namespace promtally::inference
