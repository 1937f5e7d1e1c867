// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "promtally/metering/promql_evaluator.h"

namespace promtally::metering {

/// What a part of an expression is worth at one instant: a scalar, a text or an instant vector.
using PromqlValue = std::variant<double, std::string, InstantVector>;

/// The window of a range vector. `begin` and `end` are the bounds that functions extrapolate to.
struct RangeWindow {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t evaluated_at = 0;
  double seconds = 0;  ///< its length
  promql::RangeEdges edges = promql::RangeEdges::kPlain;
};

/// A range vector. `samples` of a series lie in the window (with anchored and smoothed edges: in
/// the window and the look-back around it), without stale markers, at least one.
struct RangeVector {
  struct Series {
    const base::LabelSet* labels = nullptr;
    std::vector<TimedValue> samples;
  };
  RangeWindow window;
  std::vector<Series> series;
  /// Owns the labels of a subquery's series.
  std::vector<std::vector<base::LabelSet>> owned;
};

/// Labels without the metric's name, and with Prometheus 3 without `__type__` and `__unit__`.
[[nodiscard]] base::LabelSet DropName(const base::LabelSet& labels, PromqlSemantics semantics);
[[nodiscard]] base::LabelSet Without(const base::LabelSet& labels,
                                     std::span<const std::string> names);
[[nodiscard]] base::LabelSet KeepOnly(const base::LabelSet& labels,
                                      std::span<const std::string> names);
/// Sets a label; an empty value removes it.
void SetLabel(base::LabelSet* labels, std::string_view name, std::string value);
/// The value, or "" where there is none.
[[nodiscard]] const std::string& LabelOrEmpty(const base::LabelSet& labels, std::string_view name);
/// `{a="b", c="d"}` for messages.
[[nodiscard]] std::string LabelText(const base::LabelSet& labels);

/// kInvalidArgument as the server says it when two elements have the same labels.
[[nodiscard]] base::Result<InstantVector> RefuseDuplicates(InstantVector vector);

/// As Go's math.Max and math.Min: an infinity of its direction wins over NaN, NaN over the rest.
[[nodiscard]] double MaxOf(double a, double b);
[[nodiscard]] double MinOf(double a, double b);

/// The value at rank `q` by linear interpolation; NaN sorts below everything.
[[nodiscard]] double QuantileOf(double q, std::vector<double> values);

}  // namespace promtally::metering
