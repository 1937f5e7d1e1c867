// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::inference {

/// ARIMA(p,d,q)(P,D,Q)s. A fitted model's coefficients come in the order ar1…, ma1…, sar1…, sma1…,
/// intercept; MA terms are added (R's convention) and the intercept is the mean of the process.
struct ArimaOrder {
  int p = 0;
  int d = 0;
  int q = 0;
  int seasonal_p = 0;
  int seasonal_d = 0;
  int seasonal_q = 0;
  int period = 1;
  bool mean = false;  ///< needs d = D = 0

  friend bool operator==(const ArimaOrder&, const ArimaOrder&) = default;

  /// How many values differencing takes: d + s·D.
  [[nodiscard]] std::size_t differences() const {
    return static_cast<std::size_t>(d + seasonal_d * period);
  }
  /// AR and MA coefficients, without the intercept.
  [[nodiscard]] std::size_t arma_coefficients() const {
    return static_cast<std::size_t>(p + q + seasonal_p + seasonal_q);
  }
  [[nodiscard]] std::size_t coefficients() const { return arma_coefficients() + (mean ? 1U : 0U); }
};

/// (2,1,1)(0,1,1)12
[[nodiscard]] std::string ToText(const ArimaOrder& order);

/// ar1, ma1, sar1, sma1, intercept: one for each coefficient.
[[nodiscard]] std::vector<std::string> CoefficientNames(const ArimaOrder& order);

/// Orders that no series of ours can carry, a seasonal part without a period, a mean of a
/// differenced series: invalid_argument.
[[nodiscard]] base::Status Validate(const ArimaOrder& order);

/// The coefficients c of y(t) = Σ c[i] y(t-1-i) + w(t), where w is the differenced series.
[[nodiscard]] std::vector<double> DifferenceCoefficients(const ArimaOrder& order);

}  // namespace promtally::inference
