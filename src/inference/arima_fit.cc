// SPDX-License-Identifier: Apache-2.0
#include "inference/arima_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <fmt/format.h>

#include "inference/arima_likelihood.h"
#include "inference/arima_starts.h"
#include "inference/arma_terms.h"
#include "inference/minimizer.h"
#include "inference/trainer.h"

namespace promtally::inference {
namespace {

/// A start this near to an optimum would only find it again.
constexpr double kSameStart = 0.1;
/// A moving average whose free number is beyond this may have its optimum on the unit circle.
constexpr double kNearUnitRoot = 2.0;
/// Stands for the unit circle: 1 - tanh(10) is 4e-9.
constexpr double kUnitRoot = 10.0;

double Distance(std::span<const double> a, std::span<const double> b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::fabs(std::tanh(a[i]) - std::tanh(b[i])));
  }
  return largest;
}

/// Up to this length likelihoods have several optima often enough to look for them further away.
constexpr std::size_t kShortSeries = 500;
constexpr double kTilt = 0.5;

class Fit {
 public:
  Fit(const ArimaLikelihood& likelihood, const std::stop_token& stop)
      : likelihood_(likelihood), stop_(stop) {}

  /// The free numbers of the likeliest optimum found.
  std::vector<double> Run() {
    const ArimaOrder& order = likelihood_.order();
    best_.value = std::numeric_limits<double>::infinity();
    const std::vector<double> zeros(order.arma_coefficients(), 0);
    if (!likelihood_.complete()) {
      // The filter that skips gaps is slow: with the gaps filled the way there is cheap.
      const auto filled = ArimaLikelihood::Make(order, likelihood_.filled());
      Try(filled ? Fit(*filled, stop_).Run() : std::vector<double>{});
      Try(zeros);
      TryUnitRoots();
      return best_.at;
    }
    Try(HannanRissanenStart(order, likelihood_.differenced()));
    MinimizeOptions rough;
    rough.gradient_tolerance = 1e-4;
    rough.iterations = 40;
    Try(Minimize(
            [&](std::span<const double> at, std::span<double> gradient) {
              return stop_.stop_requested() ? kUndefined : likelihood_.Conditional(at, gradient);
            },
            zeros, rough)
            .at);
    Try(zeros);
    if (likelihood_.used() <= kShortSeries && order.q + order.seasonal_q > 0 &&
        order.arma_coefficients() > 1) {
      Try(Tilted(kTilt));
      Try(Tilted(-kTilt));
    }
    TryUnitRoots();
    return best_.at;
  }

 private:
  /// Autoregression one way, moving average the other: coefficients of one sign.
  [[nodiscard]] std::vector<double> Tilted(double tilt) const {
    std::vector<double> start(likelihood_.order().arma_coefficients());
    ForEachGroup(likelihood_.order(), std::span(start),
                 [tilt](std::span<double> group, bool moving_average) {
                   std::fill(group.begin(), group.end(), moving_average ? -tilt : tilt);
                 });
    return start;
  }

  void Try(std::vector<double> start) {
    if (start.empty() || (!best_.at.empty() && Distance(start, best_.at) < kSameStart)) {
      return;
    }
    Keep(FromStart(std::move(start)));
  }

  [[nodiscard]] Minimum FromStart(std::vector<double> start) const {
    return Minimize(
        [&](std::span<const double> at, std::span<double> gradient) {
          return stop_.stop_requested() ? kUndefined : likelihood_.FromFree(at, gradient);
        },
        std::move(start), {});
  }

  void Keep(Minimum minimum) {
    if (minimum.value < best_.value) {
      best_ = std::move(minimum);
    }
  }

  /// Towards a unit root of the moving average the likelihood flattens before it ends: the end
  /// itself is tried.
  void TryUnitRoots() {
    if (best_.at.empty()) {
      return;  // nothing was defined, or the search was interrupted
    }
    std::vector<double> at = best_.at;
    bool near = false;
    ForEachGroup(likelihood_.order(), std::span(at), [&](std::span<double> group, bool average) {
      for (double& value : group) {
        if (average && std::fabs(value) > kNearUnitRoot && std::fabs(value) < kUnitRoot) {
          value = std::copysign(kUnitRoot, value);
          near = true;
        }
      }
    });
    if (near) {
      Keep(FromStart(std::move(at)));
    }
  }

  /// An interrupted search finds no point that is defined any more, and so ends.
  static constexpr double kUndefined = std::numeric_limits<double>::infinity();

  const ArimaLikelihood& likelihood_;
  const std::stop_token& stop_;
  Minimum best_;
};

/// The rows of the Hessian as differences of exact gradients; a step that leaves the stationary
/// region is made smaller.
bool HessianRow(const ArimaLikelihood& likelihood, std::vector<double> at, std::size_t index,
                double step, std::vector<double>& row) {
  std::vector<double> below(at.size());
  const double centre = at[index];
  for (int i = 0; i < 8; ++i, step /= 4) {
    at[index] = centre + step;
    if (!std::isfinite(likelihood.FromCoefficients(at, row))) {
      continue;
    }
    at[index] = centre - step;
    if (!std::isfinite(likelihood.FromCoefficients(at, below))) {
      continue;
    }
    for (std::size_t j = 0; j < row.size(); ++j) {
      row[j] = (row[j] - below[j]) / (2 * step);
    }
    return true;
  }
  return false;
}

std::vector<double> HessianErrors(const ArimaLikelihood& likelihood,
                                  const std::vector<double>& coefficients, double sigma) {
  const std::size_t size = coefficients.size();
  const std::vector<double> unknown(size, std::numeric_limits<double>::quiet_NaN());
  const auto index = [](std::size_t i) { return static_cast<Eigen::Index>(i); };
  Eigen::MatrixXd hessian(index(size), index(size));
  std::vector<double> row(size);
  for (std::size_t i = 0; i < size; ++i) {
    const double step = i < likelihood.order().arma_coefficients() ? 1e-3 : 1e-2 * sigma;
    if (!HessianRow(likelihood, coefficients, i, step, row)) {
      return unknown;
    }
    for (std::size_t j = 0; j < size; ++j) {
      hessian(index(i), index(j)) = row[j];
    }
  }
  // One unit of the mean may be far from one unit of a coefficient.
  Eigen::VectorXd scale(index(size));
  for (std::size_t i = 0; i < size; ++i) {
    const double curvature = hessian(index(i), index(i));
    if (!(curvature > 0)) {
      return unknown;
    }
    scale[index(i)] = 1 / std::sqrt(curvature);
  }
  const Eigen::MatrixXd symmetric = 0.5 * (hessian + hessian.transpose());
  const Eigen::LLT<Eigen::MatrixXd> factor(scale.asDiagonal() * symmetric * scale.asDiagonal());
  if (factor.info() != Eigen::Success) {
    return unknown;
  }
  const Eigen::MatrixXd inverse = factor.solve(Eigen::MatrixXd::Identity(index(size), index(size)));
  std::vector<double> errors(size);
  for (std::size_t i = 0; i < size; ++i) {
    errors[i] = scale[index(i)] *
                std::sqrt(inverse(index(i), index(i)) / static_cast<double>(likelihood.used()));
  }
  return errors;
}

}  // namespace

base::Result<ArimaFit> FitArima(const ArimaOrder& order, std::span<const double> series,
                                StandardErrors standard_errors, const std::stop_token& stop) {
  if (const base::Status valid = Validate(order); !valid) {
    return tl::unexpected(valid.error());
  }
  const base::Result<ArimaLikelihood> likelihood = ArimaLikelihood::Make(order, series);
  if (!likelihood) {
    return tl::unexpected(likelihood.error());
  }
  ArimaFit fit;
  fit.order = order;
  fit.used = likelihood->used();
  if (order.arma_coefficients() > 0) {
    fit.coefficients = Fit(*likelihood, stop).Run();
    if (stop.stop_requested()) {
      return tl::unexpected(TrainingInterrupted());
    }
    FreeToCoefficients<double>(order, fit.coefficients);
  }
  const auto parts = likelihood->Evaluate(fit.coefficients, std::nullopt);
  if (!parts || !std::isfinite(likelihood->ToLogLikelihood(*parts))) {
    return base::Fail(base::ErrorCode::kRejected,
                      fmt::format("ARIMA{} has no likelihood for this series: it fits without "
                                  "error, or its gaps leave levels unknown",
                                  ToText(order)));
  }
  if (order.mean) {
    fit.coefficients.push_back(parts->mean);
  }
  const auto n = static_cast<double>(fit.used);
  const auto k = static_cast<double>(order.coefficients() + 1);
  fit.sigma2 = parts->sum_of_squares / n;
  fit.log_likelihood = likelihood->ToLogLikelihood(*parts);
  fit.aic = 2 * k - 2 * fit.log_likelihood;
  fit.aicc = fit.aic + 2 * k * (k + 1) / (n - k - 1);
  if (standard_errors == StandardErrors::kCompute) {
    fit.standard_errors = HessianErrors(*likelihood, fit.coefficients, std::sqrt(fit.sigma2));
  }
  return fit;
}

}  // namespace promtally::inference
