// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "inference/arma_terms.h"

namespace promtally::inference {

// The covariances of a stationary ARMA process with an innovation variance of one. They come from
// the partial autocorrelations, as sums that do not cancel near the unit circle, where solving the
// Yule-Walker equations (and Gardner's AS 154) loses all digits.

/// Autocovariances of the autoregression alone, lags 0 … lags. Empty: it is not stationary.
template <typename S>
std::vector<S> AutoregressiveCovariances(const std::vector<S>& ar, std::size_t lags) {
  const std::size_t p = ar.size();
  std::vector<std::vector<S>> levels(p + 1);  // levels[k]: the predictor of order k
  levels[p] = ar;
  S variance(1);
  for (std::size_t k = p; k > 0; --k) {
    const S partial = levels[k][k - 1];
    const S shrink = (S(1) - partial) * (S(1) + partial);
    if (!(ValueOf(shrink) > 0)) {
      return {};
    }
    const S inverse = S(1) / shrink;
    variance *= inverse;
    levels[k - 1].resize(k - 1);
    for (std::size_t j = 0; j + 1 < k; ++j) {
      levels[k - 1][j] = (levels[k][j] + partial * levels[k][k - 2 - j]) * inverse;
    }
  }
  std::vector<S> covariances = {variance};
  covariances.reserve(lags + 1);
  for (std::size_t lag = 1; lag <= lags; ++lag) {
    const std::vector<S>& predictor = levels[std::min(lag, p)];
    S sum(0);
    if (lag <= p) {
      const S partial = predictor[lag - 1];
      for (std::size_t j = 0; j + 1 < lag; ++j) {
        sum += levels[lag - 1][j] * covariances[lag - 1 - j];
      }
      sum += partial * variance;
      variance *= (S(1) - partial) * (S(1) + partial);
    } else {
      for (std::size_t j = 0; j < p; ++j) {
        sum += predictor[j] * covariances[lag - 1 - j];
      }
    }
    covariances.push_back(sum);
  }
  return covariances;
}

/// Autocovariances of the whole process, lags 0 … p: those of the autoregression, weighted by the
/// autocovariances of the moving average.
template <typename S>
std::vector<S> ProcessCovariances(const ArmaTerms<S>& terms) {
  const std::size_t p = terms.ar.size();
  const std::size_t q = terms.ma.size();
  const std::vector<S> plain = AutoregressiveCovariances(terms.ar, p + q);
  if (plain.empty() || q == 0) {
    return plain;
  }
  std::vector<S> weights(q + 1, S(0));
  std::vector<std::size_t> used = {0};  // lags that the moving average has; a seasonal one has few
  const auto weight_of = [&](std::size_t i) { return i == 0 ? S(1) : terms.ma[i - 1]; };
  for (std::size_t i = 1; i <= q; ++i) {
    if (!IsZero(terms.ma[i - 1])) {
      used.push_back(i);
    }
  }
  for (const std::size_t i : used) {
    for (const std::size_t j : used) {
      if (j >= i) {
        weights[j - i] += weight_of(i) * weight_of(j);
      }
    }
  }
  std::vector<S> covariances(p + 1, S(0));
  for (std::size_t lag = 0; lag <= p; ++lag) {
    covariances[lag] = weights[0] * plain[lag];
    for (std::size_t m = 1; m <= q; ++m) {
      covariances[lag] += weights[m] * (plain[lag > m ? lag - m : m - lag] + plain[lag + m]);
    }
  }
  return covariances;
}

/// The covariance of each element of the state with the series (the first column of the stationary
/// state covariance), for the state of Harvey's form: element i is what the past adds to w(t+i).
/// Empty: the process is not stationary.
template <typename S>
std::vector<S> StateCovarianceColumn(const ArmaTerms<S>& terms) {
  const std::size_t p = terms.ar.size();
  const std::size_t q = terms.ma.size();
  const std::size_t size = std::max(p, q + 1);
  const std::vector<S> covariances = ProcessCovariances(terms);
  if (covariances.empty()) {
    return {};
  }
  std::vector<S> response(q + 1, S(0));  // what an innovation adds m steps later
  response[0] = S(1);
  for (std::size_t m = 1; m <= q; ++m) {
    response[m] = terms.ma[m - 1];
    for (std::size_t j = 1; j <= std::min(m, p); ++j) {
      response[m] += terms.ar[j - 1] * response[m - j];
    }
  }
  std::vector<S> column(size, S(0));
  column[0] = covariances[0];
  for (std::size_t i = 1; i < size; ++i) {
    S sum(0);
    for (std::size_t j = i; j < p; ++j) {
      sum += terms.ar[j] * covariances[j - i + 1];
    }
    for (std::size_t j = i; j <= q; ++j) {
      sum += terms.ma[j - 1] * response[j - i];
    }
    column[i] = sum;
  }
  return column;
}

}  // namespace promtally::inference
