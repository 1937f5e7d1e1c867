// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "inference/arima_order.h"
#include "inference/arma_terms.h"

namespace promtally::inference {

/// The Kalman filter of an ARIMA model in levels, for series with gaps. The state is Harvey's form
/// of the differenced series and the last d + s·D levels (as R's makeARIMA); the levels start
/// exactly diffuse (Koopman 1997; Durbin and Koopman 2012, 5.2), so that neither a large number
/// stands for infinity nor a gap costs more than its own values. Variances are in units of sigma
/// squared.
class DiffuseFilter {
 public:
  struct Step {
    double innovation = 0;  ///< value - prediction; NaN where the value is missing
    double unit = 0;        ///< the innovation of a series of ones, to find the mean
    double variance = 0;
    bool diffuse = false;  ///< the value told where a level lies, no more
  };

  /// Nothing: the differenced process is not stationary.
  [[nodiscard]] static std::optional<DiffuseFilter> Make(const ArimaOrder& order,
                                                         const ArmaTerms<double>& terms);

  /// One value, NaN where it is missing.
  Step Filter(double value);

  /// What the filter expects next; its variance is known when all levels are.
  [[nodiscard]] double Prediction() const;
  [[nodiscard]] bool has_levels() const { return unknown_levels_ == 0; }

 private:
  using Matrix = std::vector<double>;  // square, row by row

  void StationaryStart(const std::vector<double>& column);
  [[nodiscard]] double Dot(const std::vector<double>& vector) const;
  [[nodiscard]] std::vector<double> TimesObservation(const Matrix& matrix) const;
  void UpdateDiffuse(const Step& step, const std::vector<double>& to_levels, double level_variance,
                     const std::vector<double>& to_state);
  void Update(const Step& step, const std::vector<double>& to_state);
  void MoveState(std::vector<double>& state) const;
  void MoveCovariance(Matrix& covariance) const;
  [[nodiscard]] bool NearSteady() const;

  std::size_t arma_ = 0;            // elements of the ARMA part
  std::size_t size_ = 0;            // all elements
  std::size_t unknown_levels_ = 0;  // diffuse directions left
  bool steady_ = false;             // covariance_ is that of the end of time
  std::vector<double> ar_;          // padded to arma_
  std::vector<double> noise_;       // how an innovation enters the ARMA part
  std::vector<std::pair<std::size_t, double>> observation_;  // element, weight
  std::vector<double> state_;
  std::vector<double> unit_state_;
  Matrix covariance_;
  Matrix diffuse_;
  mutable Matrix scratch_;
};

}  // namespace promtally::inference
