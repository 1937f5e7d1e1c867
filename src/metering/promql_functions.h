// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "metering/promql_value.h"

namespace promtally::metering {

/// A call of a function of instant vectors, scalars and texts.
struct FunctionCall {
  std::string_view name;
  std::vector<PromqlValue> arguments;
  std::int64_t evaluated_at = 0;  ///< Unix milliseconds
  PromqlSemantics semantics = PromqlSemantics::kPrometheus3;

  [[nodiscard]] double Scalar(std::size_t index) const {
    return std::get<double>(arguments[index]);
  }
  [[nodiscard]] const std::string& Text(std::size_t index) const {
    return std::get<std::string>(arguments[index]);
  }
  [[nodiscard]] const InstantVector& Vector(std::size_t index) const {
    return std::get<InstantVector>(arguments[index]);
  }
};

/// kInvalidArgument for what this evaluator does not have.
[[nodiscard]] base::Result<PromqlValue> CallFunction(const FunctionCall& call);

// By file: label_replace and label_join; histogram_quantile and histogram_fraction of classic
// buckets; the parts of a date.
[[nodiscard]] base::Result<InstantVector> ReplaceLabel(const FunctionCall& call);
[[nodiscard]] base::Result<InstantVector> JoinLabels(const FunctionCall& call);
[[nodiscard]] InstantVector HistogramQuantile(const FunctionCall& call);
[[nodiscard]] InstantVector HistogramFraction(const FunctionCall& call);

}  // namespace promtally::metering
