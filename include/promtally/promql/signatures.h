// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "promtally/promql/expression.h"

namespace promtally::promql {

/// What a function does to the labels of its argument, in particular to a label that tells scopes
/// apart.
enum class LabelEffect : std::uint8_t {
  kKeeps,         ///< one series out for one in, with its labels (but the metric's name)
  kJoinsBuckets,  ///< one series out for all that differ in `le` only
  kWritesSecond,  ///< keeps, but for the label that the second argument names
  kLoses,         ///< the result tells nothing of the argument's labels
  kNoSeries,      ///< no series in; a constant of the evaluation
};

/// One function of Prometheus 3.
struct FunctionSignature {
  std::string_view name;
  std::span<const ValueType> arguments = {};
  /// How many arguments may come behind the last but one: as many as are listed (0), up to this
  /// many, or any number (-1). The last listed type is theirs.
  int variadic = 0;
  ValueType result = ValueType::kVector;
  LabelEffect labels = LabelEffect::kKeeps;
  bool experimental = false;  ///< refused by a server without its feature flag
};

/// All functions, by name.
[[nodiscard]] std::span<const FunctionSignature> Signatures();
/// The entry, or nullptr when Prometheus has no such function. Names are case-sensitive.
[[nodiscard]] const FunctionSignature* FindSignature(std::string_view name);

}  // namespace promtally::promql
