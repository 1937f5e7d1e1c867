// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "inference/arima_order.h"

namespace promtally::inference {

/// Starting values by Hannan and Rissanen (1982): a long autoregression gives the innovations, then
/// the coefficients come from one regression; seasonal terms are taken as if they were added, not
/// multiplied. As free numbers (arma_terms.h), drawn inside where they are not stationary or not
/// invertible. Empty: the series is too short for it.
[[nodiscard]] std::vector<double> HannanRissanenStart(const ArimaOrder& order,
                                                      std::span<const double> differenced);

/// Coefficients as free numbers.
[[nodiscard]] std::vector<double> ToFree(const ArimaOrder& order, std::vector<double> coefficients);

}  // namespace promtally::inference
