// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "inference/arma_covariance.h"
#include "inference/arma_terms.h"

namespace promtally::inference {

/// The exact innovations of a stationary ARMA process where nothing is missing, one vector
/// operation a step instead of the Kalman filter's matrices: the Chandrasekhar recursions (Morf,
/// Sidhu and Kailath 1974; Melard 1984, AS 197). The innovation variance F falls towards one; from
/// where it is one, the plain ARMA difference equation is exact and takes over. F cannot rise
/// again, so the shortcut needs no second look. Variances are in units of sigma squared.
template <typename S>
class ArmaFilter {
 public:
  /// Nothing: the process is not stationary.
  static std::optional<ArmaFilter> Make(const ArmaTerms<S>& terms) {
    ArmaFilter filter(terms);
    const std::vector<S> column = StateCovarianceColumn(terms);
    if (column.empty()) {
      return std::nullopt;
    }
    filter.variance_ = filter.first_variance_ = column[0];
    for (std::size_t i = 0; i < column.size(); ++i) {
      filter.gain_[i] = i + 1 < column.size() ? column[i + 1] : S(0);
      if (i < terms.ar.size()) {
        filter.gain_[i] += terms.ar[i] * column[0];
      }
    }
    filter.direction_ = filter.gain_;
    filter.steady_ = terms.ar.empty() && terms.ma.empty();
    return filter;
  }

  /// The filter that takes everything before the series as zero: conditional sums of squares.
  static ArmaFilter MakeConditional(const ArmaTerms<S>& terms) {
    ArmaFilter filter(terms);
    filter.BecomeSteady();
    return filter;
  }

  /// Filters series - mean; sums.Transient(innovation, F, 1 / F) or, where F is one,
  /// sums.Steady(innovation) for each value.
  template <typename Sums>
  void Run(std::span<const double> series, const S& mean, Sums& sums) {
    std::size_t t = 0;
    for (; t < series.size() && !steady_; ++t) {
      const S innovation = S(series[t]) - mean - state_[0];
      const S inverse = S(1) / variance_;
      sums.Transient(innovation, variance_, inverse);
      MoveState(innovation * inverse);
      Advance();
    }
    if (t < series.size()) {
      RunSteady(series.subspan(t), mean, sums);
    }
  }

  /// What the past adds to the next values, and the gain and variance of the next innovation.
  [[nodiscard]] const std::vector<S>& state() const { return state_; }
  [[nodiscard]] const S& variance() const { return variance_; }
  [[nodiscard]] const std::vector<S>& gain() const { return gain_; }  ///< times the variance

  /// Gain and variance stay as they are.
  [[nodiscard]] bool steady() const { return steady_; }

  /// The state one step on, where the innovation over its variance is `scaled`.
  void MoveState(const S& scaled) { Shift(scaled, state_); }
  void Shift(const S& scaled, std::vector<S>& state) const {
    const std::size_t size = state.size();
    const std::size_t p = terms_.ar.size();
    const S first = state[0];
    for (std::size_t i = 0; i < size; ++i) {
      S next = i + 1 < size ? state[i + 1] + gain_[i] * scaled : gain_[i] * scaled;
      if (i < p) {
        next += terms_.ar[i] * first;
      }
      state[i] = next;
    }
  }

  /// Gain and variance one step on.
  void Advance() {
    if (steady_) {
      return;
    }
    const std::size_t size = gain_.size();
    const std::size_t p = terms_.ar.size();
    const S first = direction_[0];
    const S weight = S(0) - first * variance_ / (first_variance_ * first_variance_);
    variance_ += first * weight;
    const S ratio = first / variance_;
    for (std::size_t i = 0; i < size; ++i) {
      S moved = i + 1 < size ? direction_[i + 1] : S(0);
      if (i < p) {
        moved += terms_.ar[i] * first;
      }
      gain_[i] += moved * weight;
      direction_[i] = moved - gain_[i] * ratio;
    }
    if (ValueOf(variance_) - 1 < kSteady * ValueOf(first_variance_)) {
      BecomeSteady();
    }
  }

 private:
  static constexpr double kSteady = 1e-14;

  explicit ArmaFilter(const ArmaTerms<S>& terms) : terms_(terms) {
    const std::size_t size = std::max(terms.ar.size(), terms.ma.size() + 1);
    state_.assign(size, S(0));
    gain_.assign(size, S(0));
  }

  void BecomeSteady() {
    steady_ = true;
    variance_ = S(1);
    std::fill(gain_.begin(), gain_.end(), S(0));
    for (std::size_t i = 0; i < terms_.ar.size(); ++i) {
      gain_[i] += terms_.ar[i];
    }
    for (std::size_t i = 0; i < terms_.ma.size(); ++i) {
      gain_[i] += terms_.ma[i];
    }
  }

  static std::vector<std::pair<std::size_t, S>> NonZero(const std::vector<S>& terms) {
    std::vector<std::pair<std::size_t, S>> used;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      if (!IsZero(terms[i])) {
        used.emplace_back(i, terms[i]);
      }
    }
    return used;
  }

  /// Each value and each innovation is added to where it matters later, at the lags that the model
  /// has: a seasonal model has few.
  template <typename Sums>
  void RunSteady(std::span<const double> series, const S& mean, Sums& sums) {
    const auto ar = NonZero(terms_.ar);
    const auto ma = NonZero(terms_.ma);
    std::vector<S> pending = state_;
    pending.resize(series.size() + state_.size() + 1, S(0));
    for (std::size_t t = 0; t < series.size(); ++t) {
      const S value = S(series[t]) - mean;
      const S innovation = value - pending[t];
      sums.Steady(innovation);
      S* const next = pending.data() + t + 1;
      for (const auto& [lag, weight] : ar) {
        next[lag] += weight * value;
      }
      for (const auto& [lag, weight] : ma) {
        next[lag] += weight * innovation;
      }
    }
    const auto end = pending.begin() + static_cast<std::ptrdiff_t>(series.size());
    std::copy(end, end + static_cast<std::ptrdiff_t>(state_.size()), state_.begin());
  }

  ArmaTerms<S> terms_;
  std::vector<S> state_;
  std::vector<S> gain_;
  std::vector<S> direction_;
  S variance_{1};
  S first_variance_{1};
  bool steady_ = false;
};

}  // namespace promtally::inference
