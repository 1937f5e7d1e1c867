// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "inference/arima_order.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// The exact likelihood of an ARIMA model for one series, NaN where a value is missing. The series
/// is taken in levels with diffuse starting levels; where nothing is missing that is the likelihood
/// of the differenced series, without the constant of the diffuse steps, and ArmaFilter computes
/// it; with gaps DiffuseFilter does. sigma squared and the mean are concentrated out. Immutable
/// after construction: any thread.
class ArimaLikelihood {
 public:
  struct Parts {
    double sum_of_squares = 0;   ///< of the innovations, each over its variance
    double log_determinant = 0;  ///< the sum of the logarithms of the variances
    double mean = 0;
  };

  /// The order must be valid. Errors (rejected): an infinite value, too few values for the
  /// coefficients, a constant series.
  [[nodiscard]] static base::Result<ArimaLikelihood> Make(const ArimaOrder& order,
                                                          std::span<const double> series);

  [[nodiscard]] const ArimaOrder& order() const { return order_; }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] bool complete() const { return complete_; }
  /// The series with its gaps filled, and the same differenced: for starting values alone.
  [[nodiscard]] std::vector<double> filled() const;
  [[nodiscard]] std::span<const double> differenced() const { return differenced_; }

  /// At these AR and MA coefficients, with this mean or (where the model has one) the likeliest.
  /// Nothing: not stationary, or a series whose gaps leave levels unknown.
  [[nodiscard]] std::optional<Parts> Evaluate(std::span<const double> coefficients,
                                              std::optional<double> mean) const;

  /// (log sigma2 + log_determinant / n) / 2, which the likeliest model makes smallest, and its
  /// gradient. FromFree takes the free numbers of arma_terms.h; FromCoefficients the coefficients
  /// with the intercept.
  [[nodiscard]] double FromFree(std::span<const double> free, std::span<double> gradient) const;
  [[nodiscard]] double FromCoefficients(std::span<const double> coefficients,
                                        std::span<double> gradient) const;
  /// The conditional sum of squares in the same form, for starting values.
  [[nodiscard]] double Conditional(std::span<const double> free, std::span<double> gradient) const;

  [[nodiscard]] double ToObjective(const Parts& parts) const;
  [[nodiscard]] double ToLogLikelihood(const Parts& parts) const;

 private:
  enum class Kind { kFree, kCoefficients, kConditional };

  ArimaLikelihood() = default;
  template <std::size_t N>
  double Pass(std::span<const double> values, std::size_t begin, double mean, Kind kind,
              std::span<double> gradient) const;
  double Gradient(std::span<const double> values, double mean, Kind kind,
                  std::span<double> gradient) const;
  double NumericGradient(std::span<const double> values, Kind kind,
                         std::span<double> gradient) const;
  [[nodiscard]] double ValueAt(std::span<const double> values, Kind kind) const;
  [[nodiscard]] std::optional<Parts> EvaluateComplete(std::span<const double> coefficients,
                                                      std::optional<double> mean) const;
  [[nodiscard]] std::optional<Parts> EvaluateGaps(std::span<const double> coefficients,
                                                  std::optional<double> mean) const;

  ArimaOrder order_;
  std::vector<double> series_;
  std::vector<double> differenced_;
  std::size_t used_ = 0;
  bool complete_ = true;
  double centre_ = 0;  // of the differenced series, for conditional sums
};

/// Applies (1 - B)^d (1 - B^s)^D; the result is d + s·D values shorter.
[[nodiscard]] std::vector<double> Differenced(const ArimaOrder& order,
                                              std::span<const double> series);

}  // namespace promtally::inference
