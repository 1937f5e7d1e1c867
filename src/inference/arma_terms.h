// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "inference/arima_order.h"
#include "inference/dual.h"

namespace promtally::inference {

/// w(t) = Σ ar[i] w(t-1-i) + e(t) + Σ ma[i] e(t-1-i): the product of the plain and the seasonal
/// polynomials, by lag. S is double or Dual.
template <typename S>
struct ArmaTerms {
  std::vector<S> ar;
  std::vector<S> ma;
};

/// Partial autocorrelations, each in (-1, 1), become the coefficients of a stationary
/// autoregression (Durbin-Levinson; Monahan 1984). In place.
template <typename S>
void PartialToCoefficients(std::span<S> terms) {
  std::vector<S> previous;
  for (std::size_t k = 1; k < terms.size(); ++k) {
    previous.assign(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(k));
    for (std::size_t j = 0; j < k; ++j) {
      terms[j] = previous[j] - terms[k] * previous[k - 1 - j];
    }
  }
}

/// The reverse. False: the autoregression is not stationary.
inline bool CoefficientsToPartial(std::span<double> terms) {
  std::vector<double> previous;
  for (std::size_t k = terms.size(); k-- > 0;) {
    const double partial = terms[k];
    if (!(std::fabs(partial) < 1)) {
      return false;
    }
    previous.assign(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(k));
    for (std::size_t j = 0; j < k; ++j) {
      terms[j] = (previous[j] + partial * previous[k - 1 - j]) / (1 - partial * partial);
    }
  }
  return true;
}

/// The four groups of coefficients in their order.
template <typename S, typename Visit>
void ForEachGroup(const ArimaOrder& order, std::span<S> values, Visit visit) {
  std::size_t begin = 0;
  bool moving_average = false;
  for (const int count : {order.p, order.q, order.seasonal_p, order.seasonal_q}) {
    const auto size = static_cast<std::size_t>(count);
    visit(values.subspan(begin, size), moving_average);
    begin += size;
    moving_average = !moving_average;
  }
}

/// Free numbers become coefficients of a stationary and invertible model: tanh, then
/// Durbin-Levinson for each group. In place.
template <typename S>
void FreeToCoefficients(const ArimaOrder& order, std::span<S> values) {
  using std::tanh;
  ForEachGroup(order, values, [](std::span<S> group, bool moving_average) {
    for (S& value : group) {
      value = tanh(value);
    }
    PartialToCoefficients(group);
    if (moving_average) {
      for (S& value : group) {
        value = -value;
      }
    }
  });
}

/// plain · seasonal, for polynomials 1 + Σ sign·terms[i] B^(i+1), without the leading 1.
template <typename S>
std::vector<S> MultipliedTerms(std::span<const S> plain, std::span<const S> seasonal, int period,
                               double sign) {
  const auto step = static_cast<std::size_t>(period);
  std::vector<S> terms(plain.size() + seasonal.size() * step, S(0));
  for (std::size_t i = 0; i < plain.size(); ++i) {
    terms[i] += plain[i];
  }
  for (std::size_t j = 0; j < seasonal.size(); ++j) {
    const std::size_t lag = (j + 1) * step;
    terms[lag - 1] += seasonal[j];
    for (std::size_t i = 0; i < plain.size(); ++i) {
      terms[lag + i] += S(sign) * plain[i] * seasonal[j];
    }
  }
  return terms;
}

template <typename S>
ArmaTerms<S> ExpandedTerms(const ArimaOrder& order, std::span<const S> coefficients) {
  const auto p = static_cast<std::size_t>(order.p);
  const auto q = static_cast<std::size_t>(order.q);
  const auto sp = static_cast<std::size_t>(order.seasonal_p);
  const auto sq = static_cast<std::size_t>(order.seasonal_q);
  return {MultipliedTerms(coefficients.subspan(0, p), coefficients.subspan(p + q, sp), order.period,
                          -1),
          MultipliedTerms(coefficients.subspan(p, q), coefficients.subspan(p + q + sp, sq),
                          order.period, 1)};
}

}  // namespace promtally::inference
