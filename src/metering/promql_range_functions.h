// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "metering/promql_value.h"

namespace promtally::metering {

/// One call of a function of a range vector, for one series.
struct RangeCall {
  std::span<const TimedValue> samples;  ///< at least one
  const RangeWindow* window = nullptr;
  std::span<const double> scalars;  ///< the other arguments, in their order
  PromqlSemantics semantics = PromqlSemantics::kPrometheus3;
};

/// The value of one series, or nothing where the series has no element in the result. Each follows
/// Prometheus' function of this name (promql/functions.go) operation by operation.
using RangeFunction = std::optional<double> (*)(const RangeCall& call);

/// nullptr: no function of a range vector, or none that this evaluator has.
[[nodiscard]] RangeFunction FindRangeFunction(std::string_view name);

// By file: rate, increase, delta, irate, idelta, changes, resets
[[nodiscard]] RangeFunction FindDifferenceFunction(std::string_view name);
// deriv, predict_linear, double_exponential_smoothing
[[nodiscard]] RangeFunction FindTrendFunction(std::string_view name);

/// Linear interpolation between two samples; a counter's reset counts from zero.
[[nodiscard]] double Interpolate(const TimedValue& from, const TimedValue& to, std::int64_t time,
                                 bool is_counter);

}  // namespace promtally::metering
