// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "inference/arima_order.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// A fitted ARIMA model. Conventions are those of R's arima(method = "ML").
struct ArimaFit {
  ArimaOrder order;
  std::vector<double> coefficients;  ///< as CoefficientNames
  /// From the Hessian; NaN where the likelihood has no curvature.
  std::vector<double> standard_errors;
  double sigma2 = 0;          ///< maximum likelihood: divided by used
  double log_likelihood = 0;  ///< without the constant of the diffuse steps
  std::size_t used = 0;       ///< observed values - d - s·D
  double aic = 0;
  double aicc = 0;
};

enum class StandardErrors { kCompute, kSkip };

/// Exact maximum likelihood, from several starts; the likeliest optimum is kept. NaN in the series
/// is a gap, which the filter skips. Errors: invalid_argument (the order), rejected (a series that
/// is too short or constant, or that the model fits without any error, so that there is no
/// likelihood).
[[nodiscard]] base::Result<ArimaFit> FitArima(const ArimaOrder& order,
                                              std::span<const double> series,
                                              StandardErrors standard_errors,
                                              const std::stop_token& stop = {});

}  // namespace promtally::inference
