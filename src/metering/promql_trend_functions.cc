// SPDX-License-Identifier: Apache-2.0
// Prometheus' linearRegression and double exponential smoothing.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "metering/kahan_sum.h"
#include "metering/promql_range_functions.h"

namespace promtally::metering {

namespace {

struct Line {
  double slope = 0;
  double intercept = 0;
};

Line Regress(const RangeCall& call, std::int64_t intercept_time) {
  const auto& samples = call.samples;
  KahanSum x_sum;
  KahanSum y_sum;
  KahanSum xy_sum;
  KahanSum x2_sum;
  bool is_constant = true;
  for (const TimedValue& sample : samples) {
    is_constant =
        is_constant && (&sample == samples.data() || sample.value == samples.front().value);
    const double x = static_cast<double>(sample.unix_milliseconds - intercept_time) / 1e3;
    x_sum.Add(x, call.semantics);
    y_sum.Add(sample.value, call.semantics);
    xy_sum.Add(x * sample.value, call.semantics);
    x2_sum.Add(x * x, call.semantics);
  }
  if (is_constant) {
    if (std::isinf(samples.front().value)) {
      constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
      return {kNan, kNan};
    }
    return {0, samples.front().value};
  }
  const auto count = static_cast<double>(samples.size());
  const double x = x_sum.Total();
  const double y = y_sum.Total();
  const double covariance = xy_sum.Total() - x * y / count;
  const double variance = x2_sum.Total() - x * x / count;
  const double slope = covariance / variance;
  return {slope, y / count - slope * x / count};
}

std::optional<double> Deriv(const RangeCall& call) {
  if (call.samples.size() < 2) {
    return std::nullopt;
  }
  return Regress(call, call.samples.front().unix_milliseconds).slope;
}

std::optional<double> PredictLinear(const RangeCall& call) {
  if (call.samples.size() < 2) {
    return std::nullopt;
  }
  const Line line = Regress(call, call.window->evaluated_at);
  return line.slope * call.scalars[0] + line.intercept;
}

/// Factors outside (0, 1) are refused before this is called.
std::optional<double> Smoothing(const RangeCall& call) {
  const auto& samples = call.samples;
  if (samples.size() < 2) {
    return std::nullopt;
  }
  const double smoothing = call.scalars[0];
  const double trend_factor = call.scalars[1];
  double before = 0;
  double smoothed = samples[0].value;
  double trend = samples[1].value - samples[0].value;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const double x = smoothing * samples[i].value;
    if (i > 1) {
      trend = trend_factor * (smoothed - before) + (1 - trend_factor) * trend;
    }
    const double y = (1 - smoothing) * (smoothed + trend);
    before = smoothed;
    smoothed = x + y;
  }
  return smoothed;
}

constexpr std::pair<std::string_view, RangeFunction> kFunctions[] = {
    {"deriv", &Deriv},
    {"double_exponential_smoothing", &Smoothing},
    {"holt_winters", &Smoothing},
    {"predict_linear", &PredictLinear},
};

}  // namespace

RangeFunction FindTrendFunction(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                         [name](const auto& each) { return each.first == name; });
  return found == std::end(kFunctions) ? nullptr : found->second;
}

}  // namespace promtally::metering
