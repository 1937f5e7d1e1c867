// SPDX-License-Identifier: Apache-2.0
#include "inference/arima_likelihood.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "inference/arma_filter.h"
#include "inference/differencing.h"
#include "inference/diffuse_filter.h"

namespace promtally::inference {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// A series that varies by less than this share of its size is constant but for rounding.
constexpr double kConstantShare = 1e-12;

/// The sums of a likelihood. Variances are multiplied and their product's logarithm taken: a
/// logarithm a step would cost more than the step.
template <typename S>
struct Sums {
  S squares{0};
  S logarithm{0};
  S product{1};

  void Transient(const S& innovation, const S& variance, const S& inverse) {
    squares += innovation * innovation * inverse;
    product *= variance;
    if (ValueOf(product) > 1e200) {
      Close();
    }
  }
  void Steady(const S& innovation) { squares += innovation * innovation; }
  void Close() {
    using std::log;
    logarithm += log(product);
    product = S(1);
  }
};

/// Innovations and the inverse of their variances.
struct Innovations {
  std::vector<double> values;
  std::vector<double> inverses;
  Sums<double> sums;

  void Transient(double innovation, double variance, double inverse) {
    values.push_back(innovation);
    inverses.push_back(inverse);
    sums.Transient(innovation, variance, inverse);
  }
  void Steady(double innovation) {
    values.push_back(innovation);
    inverses.push_back(1);
    sums.Steady(innovation);
  }
};

bool IsConstant(std::span<const double> values, double scale) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return *most - *least <= kConstantShare * scale;
}

base::Status CheckLength(const ArimaOrder& order, std::size_t observed) {
  const std::size_t needed = order.differences() + order.coefficients() + 3;
  if (observed < needed) {
    return base::Fail(base::ErrorCode::kRejected,
                      fmt::format("ARIMA{} needs at least {} values, the series has {}",
                                  ToText(order), needed, observed));
  }
  return {};
}

}  // namespace

std::vector<double> Differenced(const ArimaOrder& order, std::span<const double> series) {
  const std::vector<double> coefficients = DifferenceCoefficients(order);
  std::vector<double> result;
  for (std::size_t t = coefficients.size(); t < series.size(); ++t) {
    double value = series[t];
    for (std::size_t i = 0; i < coefficients.size(); ++i) {
      if (coefficients[i] != 0) {
        value -= coefficients[i] * series[t - 1 - i];
      }
    }
    result.push_back(value);
  }
  return result;
}

base::Result<ArimaLikelihood> ArimaLikelihood::Make(const ArimaOrder& order,
                                                    std::span<const double> series) {
  std::size_t observed = 0;
  double scale = 0;
  for (const double value : series) {
    if (std::isinf(value)) {
      return base::Fail(base::ErrorCode::kRejected, "the series holds an infinite value");
    }
    if (!std::isnan(value)) {
      ++observed;
      scale = std::max(scale, std::fabs(value));
    }
  }
  if (const base::Status length = CheckLength(order, observed); !length) {
    return tl::unexpected(length.error());
  }
  ArimaLikelihood likelihood;
  likelihood.order_ = order;
  likelihood.series_.assign(series.begin(), series.end());
  likelihood.complete_ = observed == series.size();
  likelihood.differenced_ = Differenced(order, likelihood.filled());
  likelihood.used_ = observed - order.differences();
  if (IsConstant(likelihood.differenced_, scale)) {
    const char* const which = order.differences() == 0 ? "the series" : "the differenced series";
    return base::Fail(base::ErrorCode::kRejected,
                      fmt::format("{} is constant: there is nothing to fit", which));
  }
  if (order.mean) {
    likelihood.centre_ =
        std::accumulate(likelihood.differenced_.begin(), likelihood.differenced_.end(), 0.0) /
        static_cast<double>(likelihood.differenced_.size());
  }
  return likelihood;
}

std::vector<double> ArimaLikelihood::filled() const {
  return Filled(series_, static_cast<std::size_t>(order_.period));
}

double ArimaLikelihood::ToObjective(const Parts& parts) const {
  const auto n = static_cast<double>(used_);
  return 0.5 * (std::log(parts.sum_of_squares / n) + parts.log_determinant / n);
}

double ArimaLikelihood::ToLogLikelihood(const Parts& parts) const {
  const auto n = static_cast<double>(used_);
  return -n * ToObjective(parts) - 0.5 * n * (std::log(2 * std::numbers::pi) + 1);
}

std::optional<ArimaLikelihood::Parts> ArimaLikelihood::Evaluate(
    std::span<const double> coefficients, std::optional<double> mean) const {
  if (!order_.mean) {
    mean = 0;
  }
  return complete_ ? EvaluateComplete(coefficients, mean) : EvaluateGaps(coefficients, mean);
}

std::optional<ArimaLikelihood::Parts> ArimaLikelihood::EvaluateComplete(
    std::span<const double> coefficients, std::optional<double> mean) const {
  const auto filter = ArmaFilter<double>::Make(ExpandedTerms(order_, coefficients));
  if (!filter) {
    return std::nullopt;
  }
  if (mean) {
    ArmaFilter<double> run = *filter;
    Sums<double> sums;
    run.Run(differenced_, *mean, sums);
    sums.Close();
    return Parts{sums.squares, sums.logarithm, *mean};
  }
  ArmaFilter<double> series_run = *filter;
  Innovations innovations;
  series_run.Run(differenced_, 0, innovations);
  ArmaFilter<double> unit_run = *filter;
  Innovations units;
  unit_run.Run(std::vector<double>(differenced_.size(), 1), 0, units);
  double cross = 0;
  double square = 0;
  for (std::size_t t = 0; t < units.values.size(); ++t) {
    cross += units.values[t] * innovations.values[t] * units.inverses[t];
    square += units.values[t] * units.values[t] * units.inverses[t];
  }
  const double likeliest = cross / square;
  double squares = 0;
  for (std::size_t t = 0; t < units.values.size(); ++t) {
    const double rest = innovations.values[t] - likeliest * units.values[t];
    squares += rest * rest * innovations.inverses[t];
  }
  innovations.sums.Close();
  return Parts{squares, innovations.sums.logarithm, likeliest};
}

std::optional<ArimaLikelihood::Parts> ArimaLikelihood::EvaluateGaps(
    std::span<const double> coefficients, std::optional<double> mean) const {
  auto filter = DiffuseFilter::Make(order_, ExpandedTerms(order_, coefficients));
  if (!filter) {
    return std::nullopt;
  }
  std::vector<DiffuseFilter::Step> steps;
  Sums<double> sums;
  double cross = 0;
  double square = 0;
  for (const double value : series_) {
    const DiffuseFilter::Step step = filter->Filter(value);
    if (std::isnan(value) || step.diffuse) {
      continue;
    }
    if (!(step.variance > 0)) {
      return std::nullopt;
    }
    cross += step.unit * step.innovation / step.variance;
    square += step.unit * step.unit / step.variance;
    steps.push_back(step);
  }
  if (!filter->has_levels() || steps.size() != used_) {
    return std::nullopt;
  }
  const double used_mean = mean ? *mean : cross / square;
  for (const DiffuseFilter::Step& step : steps) {
    sums.Transient(step.innovation - used_mean * step.unit, step.variance, 1 / step.variance);
  }
  sums.Close();
  return Parts{sums.squares, sums.logarithm, used_mean};
}

template <std::size_t N>
double ArimaLikelihood::Pass(std::span<const double> values, std::size_t begin, double mean,
                             Kind kind, std::span<double> gradient) const {
  using Number = Dual<N>;
  const std::size_t arma = order_.arma_coefficients();
  std::vector<Number> variables(values.begin(), values.end());
  const std::size_t end = std::min(begin + N, gradient.size());
  for (std::size_t i = begin; i < end; ++i) {
    variables[i].slope[i - begin] = 1;
  }
  const Number centre = variables.size() > arma ? variables[arma] : Number(mean);
  const std::span<Number> coefficients(variables.data(), arma);
  if (kind != Kind::kCoefficients) {
    FreeToCoefficients(order_, coefficients);
  }
  const ArmaTerms<Number> terms = ExpandedTerms<Number>(order_, coefficients);
  Sums<Number> sums;
  auto filter = kind == Kind::kConditional
                    ? std::optional(ArmaFilter<Number>::MakeConditional(terms))
                    : ArmaFilter<Number>::Make(terms);
  if (!filter) {
    return kInfinity;
  }
  filter->Run(differenced_, centre, sums);
  sums.Close();
  const auto n = static_cast<double>(used_);
  const Number objective =
      (log(sums.squares / Number(n)) + sums.logarithm / Number(n)) * Number(0.5);
  for (std::size_t i = begin; i < end; ++i) {
    gradient[i] = objective.slope[i - begin];
  }
  return objective.value;
}

double ArimaLikelihood::Gradient(std::span<const double> values, double mean, Kind kind,
                                 std::span<double> gradient) const {
  double value = kInfinity;
  std::size_t begin = 0;
  do {
    const std::size_t left = gradient.size() - begin;
    if (left <= 2) {
      value = Pass<2>(values, begin, mean, kind, gradient);
      begin += 2;
    } else if (left <= 4) {
      value = Pass<4>(values, begin, mean, kind, gradient);
      begin += 4;
    } else {
      value = Pass<6>(values, begin, mean, kind, gradient);
      begin += 6;
    }
  } while (begin < gradient.size() && std::isfinite(value));
  return value;
}

double ArimaLikelihood::ValueAt(std::span<const double> values, Kind kind) const {
  const std::size_t arma = order_.arma_coefficients();
  std::vector<double> coefficients(values.begin(), values.end());
  std::optional<double> mean;
  if (coefficients.size() > arma) {
    mean = coefficients[arma];
  }
  const std::span<double> terms(coefficients.data(), arma);
  if (kind == Kind::kFree) {
    FreeToCoefficients(order_, terms);
  }
  const auto parts = Evaluate(terms, mean);
  return parts ? ToObjective(*parts) : kInfinity;
}

double ArimaLikelihood::NumericGradient(std::span<const double> values, Kind kind,
                                        std::span<double> gradient) const {
  std::vector<double> at(values.begin(), values.end());
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const double step = 1e-5 * std::max(1.0, std::fabs(values[i]));
    at[i] = values[i] + step;
    const double above = ValueAt(at, kind);
    at[i] = values[i] - step;
    const double below = ValueAt(at, kind);
    at[i] = values[i];
    gradient[i] = (above - below) / (2 * step);
  }
  return ValueAt(values, kind);
}

double ArimaLikelihood::FromFree(std::span<const double> free, std::span<double> gradient) const {
  if (!complete_) {
    return NumericGradient(free, Kind::kFree, gradient);
  }
  double mean = 0;
  if (order_.mean) {
    // At the likeliest mean the slope along the mean is zero: it may be held (envelope theorem).
    std::vector<double> coefficients(free.begin(), free.end());
    FreeToCoefficients<double>(order_, coefficients);
    const auto parts = Evaluate(coefficients, std::nullopt);
    if (!parts) {
      return kInfinity;
    }
    mean = parts->mean;
  }
  return Gradient(free, mean, Kind::kFree, gradient);
}

double ArimaLikelihood::FromCoefficients(std::span<const double> coefficients,
                                         std::span<double> gradient) const {
  return complete_ ? Gradient(coefficients, 0, Kind::kCoefficients, gradient)
                   : NumericGradient(coefficients, Kind::kCoefficients, gradient);
}

double ArimaLikelihood::Conditional(std::span<const double> free,
                                    std::span<double> gradient) const {
  return Gradient(free, centre_, Kind::kConditional, gradient);
}

}  // namespace promtally::inference
