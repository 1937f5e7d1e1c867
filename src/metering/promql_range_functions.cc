// SPDX-License-Identifier: Apache-2.0
// Prometheus' functions *_over_time.
#include "metering/promql_range_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "metering/kahan_sum.h"

namespace promtally::metering {

namespace {

using Samples = std::span<const TimedValue>;

std::optional<double> Sum(const RangeCall& call) {
  KahanSum sum;
  for (const TimedValue& sample : call.samples) {
    sum.Add(sample.value, call.semantics);
  }
  return std::isinf(sum.sum) ? sum.sum : sum.Total();
}

std::optional<double> Average(const RangeCall& call) {
  if (call.semantics == PromqlSemantics::kPrometheus3) {
    DirectMean mean(call.samples.front().value);
    for (const TimedValue& sample : call.samples.subspan(1)) {
      mean.Add(sample.value);
    }
    return mean.Value();
  }
  KahanSum mean;
  double count = 0;
  for (const TimedValue& sample : call.samples) {
    ++count;
    if (!KeepsInfiniteMean(mean.sum, sample.value)) {
      mean.Add(sample.value / count - mean.sum / count, call.semantics);
    }
  }
  return std::isinf(mean.sum) ? mean.sum : mean.Total();
}

double Variance(const RangeCall& call) {
  double count = 0;
  KahanSum mean;
  KahanSum squares;
  for (const TimedValue& sample : call.samples) {
    ++count;
    const double delta = sample.value - mean.Total();
    mean.Add(delta / count, call.semantics);
    squares.Add(delta * (sample.value - mean.Total()), call.semantics);
  }
  return squares.Total() / count;
}

std::optional<double> StandardVariance(const RangeCall& call) { return Variance(call); }

std::optional<double> StandardDeviation(const RangeCall& call) { return std::sqrt(Variance(call)); }

std::vector<double> ValuesOf(Samples samples) {
  std::vector<double> values;
  values.reserve(samples.size());
  for (const TimedValue& sample : samples) {
    values.push_back(sample.value);
  }
  return values;
}

std::optional<double> Quantile(const RangeCall& call) {
  return QuantileOf(call.scalars[0], ValuesOf(call.samples));
}

std::optional<double> MedianDeviation(const RangeCall& call) {
  constexpr double kMiddle = 0.5;
  std::vector<double> values = ValuesOf(call.samples);
  if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double median = QuantileOf(kMiddle, values);
  for (double& value : values) {
    value = std::fabs(value - median);
  }
  return QuantileOf(kMiddle, std::move(values));
}

/// The sample that no other beats; `beats` decides which of equal ones.
template <typename Compare>
const TimedValue& Extreme(Samples samples, Compare beats) {
  const TimedValue* best = samples.data();
  for (const TimedValue& sample : samples) {
    if (beats(sample.value, best->value) || std::isnan(best->value)) {
      best = &sample;
    }
  }
  return *best;
}

double SecondsOf(const TimedValue& sample) {
  return static_cast<double>(sample.unix_milliseconds) / 1000;
}

std::optional<double> Max(const RangeCall& call) {
  return Extreme(call.samples, std::greater<>()).value;
}
std::optional<double> Min(const RangeCall& call) {
  return Extreme(call.samples, std::less<>()).value;
}
std::optional<double> TimeOfMax(const RangeCall& call) {
  return SecondsOf(Extreme(call.samples, std::greater_equal<>()));
}
std::optional<double> TimeOfMin(const RangeCall& call) {
  return SecondsOf(Extreme(call.samples, std::less_equal<>()));
}
std::optional<double> Count(const RangeCall& call) {
  return static_cast<double>(call.samples.size());
}
std::optional<double> First(const RangeCall& call) { return call.samples.front().value; }
std::optional<double> Last(const RangeCall& call) { return call.samples.back().value; }
std::optional<double> TimeOfFirst(const RangeCall& call) { return SecondsOf(call.samples.front()); }
std::optional<double> TimeOfLast(const RangeCall& call) { return SecondsOf(call.samples.back()); }
std::optional<double> Present(const RangeCall& /*call*/) { return 1; }

constexpr std::pair<std::string_view, RangeFunction> kFunctions[] = {
    {"avg_over_time", &Average},
    {"count_over_time", &Count},
    {"first_over_time", &First},
    {"last_over_time", &Last},
    {"mad_over_time", &MedianDeviation},
    {"max_over_time", &Max},
    {"min_over_time", &Min},
    {"present_over_time", &Present},
    {"quantile_over_time", &Quantile},
    {"stddev_over_time", &StandardDeviation},
    {"stdvar_over_time", &StandardVariance},
    {"sum_over_time", &Sum},
    {"ts_of_first_over_time", &TimeOfFirst},
    {"ts_of_last_over_time", &TimeOfLast},
    {"ts_of_max_over_time", &TimeOfMax},
    {"ts_of_min_over_time", &TimeOfMin},
};

}  // namespace

RangeFunction FindRangeFunction(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                         [name](const auto& each) { return each.first == name; });
  if (found != std::end(kFunctions)) {
    return found->second;
  }
  const RangeFunction difference = FindDifferenceFunction(name);
  return difference != nullptr ? difference : FindTrendFunction(name);
}

}  // namespace promtally::metering
