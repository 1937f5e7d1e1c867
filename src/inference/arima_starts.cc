// SPDX-License-Identifier: Apache-2.0
#include "inference/arima_starts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "inference/arma_terms.h"

namespace promtally::inference {
namespace {

constexpr double kLargestPartial = 0.97;
constexpr double kShrink = 0.9;

std::vector<double> Centred(std::span<const double> series, bool mean) {
  std::vector<double> centred(series.begin(), series.end());
  if (mean) {
    const double centre =
        std::accumulate(series.begin(), series.end(), 0.0) / static_cast<double>(series.size());
    for (double& value : centred) {
      value -= centre;
    }
  }
  return centred;
}

/// The coefficients of an autoregression by Durbin-Levinson on sample autocovariances.
std::vector<double> LongAutoregression(std::span<const double> series, std::size_t lags) {
  std::vector<double> covariances(lags + 1, 0);
  for (std::size_t lag = 0; lag <= lags; ++lag) {
    for (std::size_t t = lag; t < series.size(); ++t) {
      covariances[lag] += series[t] * series[t - lag];
    }
  }
  std::vector<double> coefficients;
  std::vector<double> previous;
  double variance = covariances[0];
  for (std::size_t k = 1; k <= lags && variance > 0; ++k) {
    double partial = covariances[k];
    for (std::size_t j = 0; j + 1 < k; ++j) {
      partial -= coefficients[j] * covariances[k - 1 - j];
    }
    partial /= variance;
    previous = coefficients;
    coefficients.push_back(partial);
    for (std::size_t j = 0; j + 1 < k; ++j) {
      coefficients[j] = previous[j] - partial * previous[k - 2 - j];
    }
    variance *= 1 - partial * partial;
  }
  return coefficients;
}

std::vector<double> ResidualsOf(std::span<const double> series,
                                const std::vector<double>& coefficients) {
  std::vector<double> residuals(series.size(), 0);
  for (std::size_t t = coefficients.size(); t < series.size(); ++t) {
    double residual = series[t];
    for (std::size_t j = 0; j < coefficients.size(); ++j) {
      residual -= coefficients[j] * series[t - 1 - j];
    }
    residuals[t] = residual;
  }
  return residuals;
}

struct Regressor {
  const std::vector<double>* series;
  std::size_t lag;
};

std::vector<Regressor> Regressors(const ArimaOrder& order, const std::vector<double>& series,
                                  const std::vector<double>& residuals) {
  std::vector<Regressor> regressors;
  const auto add = [&](int count, int step, const std::vector<double>& from) {
    for (int i = 1; i <= count; ++i) {
      regressors.push_back({&from, static_cast<std::size_t>(i * step)});
    }
  };
  add(order.p, 1, series);
  add(order.q, 1, residuals);
  add(order.seasonal_p, order.period, series);
  add(order.seasonal_q, order.period, residuals);
  return regressors;
}

std::vector<double> Regress(const std::vector<double>& series,
                            const std::vector<Regressor>& regressors, std::size_t begin) {
  const auto size = static_cast<Eigen::Index>(regressors.size());
  Eigen::MatrixXd products = Eigen::MatrixXd::Zero(size, size);
  Eigen::VectorXd targets = Eigen::VectorXd::Zero(size);
  Eigen::VectorXd row(size);
  for (std::size_t t = begin; t < series.size(); ++t) {
    for (Eigen::Index i = 0; i < size; ++i) {
      const Regressor& regressor = regressors[static_cast<std::size_t>(i)];
      row[i] = (*regressor.series)[t - regressor.lag];
    }
    for (Eigen::Index i = 0; i < size; ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) {
        products(i, j) += row[i] * row[j];
      }
      targets[i] += row[i] * series[t];
    }
  }
  products.diagonal().array() *= 1 + 1e-8;  // seasonal and plain lags may coincide
  const Eigen::VectorXd solution = products.selfadjointView<Eigen::Lower>().ldlt().solve(targets);
  return {solution.data(), solution.data() + solution.size()};
}

}  // namespace

std::vector<double> ToFree(const ArimaOrder& order, std::vector<double> coefficients) {
  ForEachGroup(order, std::span(coefficients), [](std::span<double> group, bool moving_average) {
    if (moving_average) {
      for (double& value : group) {
        value = -value;
      }
    }
    std::vector<double> partial(group.begin(), group.end());
    while (!CoefficientsToPartial(partial)) {
      double factor = 1;
      for (double& value : group) {
        factor *= kShrink;
        value = std::isfinite(value) ? value * factor : 0;
      }
      partial.assign(group.begin(), group.end());
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      group[i] = std::atanh(std::clamp(partial[i], -kLargestPartial, kLargestPartial));
    }
  });
  return coefficients;
}

std::vector<double> HannanRissanenStart(const ArimaOrder& order,
                                        std::span<const double> differenced) {
  const std::size_t size = differenced.size();
  const std::vector<double> series = Centred(differenced, order.mean);
  const auto plain = static_cast<std::size_t>(std::max(order.p, order.q));
  const auto seasonal =
      static_cast<std::size_t>(std::max(order.seasonal_p, order.seasonal_q) * order.period);
  const bool needs_innovations = order.q + order.seasonal_q > 0;
  std::size_t lags = 0;
  if (needs_innovations) {
    const double usual = 10 * std::log10(static_cast<double>(std::max<std::size_t>(size, 2)));
    lags = std::max({static_cast<std::size_t>(usual), 2 * plain, seasonal + plain});
    lags = std::min(lags, size / 4);
  }
  const std::size_t begin = lags + std::max(plain, seasonal);
  if (order.arma_coefficients() == 0 || size < begin + 3 * order.arma_coefficients()) {
    return {};
  }
  const std::vector<double> residuals = ResidualsOf(series, LongAutoregression(series, lags));
  return ToFree(order, Regress(series, Regressors(order, series, residuals), begin));
}

}  // namespace promtally::inference
