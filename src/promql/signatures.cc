// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/signatures.h"

#include <algorithm>
#include <array>

namespace promtally::promql {

namespace {

using Type = ValueType;

constexpr std::array kMatrix{Type::kMatrix};
constexpr std::array kScalar{Type::kScalar};
constexpr std::array kVector{Type::kVector};
constexpr std::array kMatrixScalar{Type::kMatrix, Type::kScalar};
constexpr std::array kScalarMatrix{Type::kScalar, Type::kMatrix};
constexpr std::array kScalarScalar{Type::kScalar, Type::kScalar};
constexpr std::array kScalarVector{Type::kScalar, Type::kVector};
constexpr std::array kVectorScalar{Type::kVector, Type::kScalar};
constexpr std::array kVectorString{Type::kVector, Type::kString};
constexpr std::array kVectorVector{Type::kVector, Type::kVector};
constexpr std::array kMatrixScalarScalar{Type::kMatrix, Type::kScalar, Type::kScalar};
constexpr std::array kScalarScalarVector{Type::kScalar, Type::kScalar, Type::kVector};
constexpr std::array kVectorScalarScalar{Type::kVector, Type::kScalar, Type::kScalar};
constexpr std::array kVectorStringScalarScalar{Type::kVector, Type::kString, Type::kScalar,
                                               Type::kScalar};
constexpr std::array kVectorStringStringString{Type::kVector, Type::kString, Type::kString,
                                               Type::kString};
constexpr std::array kVectorStringStringStringString{Type::kVector, Type::kString, Type::kString,
                                                     Type::kString, Type::kString};

/// In alphabetical order.
// clang-format off
constexpr std::array<FunctionSignature, 91> kSignatures = {
    {
    {.name = "abs", .arguments = kVector},
    {.name = "absent", .arguments = kVector, .labels = LabelEffect::kLoses},
    {.name = "absent_over_time", .arguments = kMatrix, .labels = LabelEffect::kLoses},
    {.name = "acos", .arguments = kVector},
    {.name = "acosh", .arguments = kVector},
    {.name = "asin", .arguments = kVector},
    {.name = "asinh", .arguments = kVector},
    {.name = "atan", .arguments = kVector},
    {.name = "atanh", .arguments = kVector},
    {.name = "avg_over_time", .arguments = kMatrix},
    {.name = "ceil", .arguments = kVector},
    {.name = "changes", .arguments = kMatrix},
    {.name = "clamp", .arguments = kVectorScalarScalar},
    {.name = "clamp_max", .arguments = kVectorScalar},
    {.name = "clamp_min", .arguments = kVectorScalar},
    {.name = "cos", .arguments = kVector},
    {.name = "cosh", .arguments = kVector},
    {.name = "count_over_time", .arguments = kMatrix},
    {.name = "day_of_month", .arguments = kVector, .variadic = 1},
    {.name = "day_of_week", .arguments = kVector, .variadic = 1},
    {.name = "day_of_year", .arguments = kVector, .variadic = 1},
    {.name = "days_in_month", .arguments = kVector, .variadic = 1},
    {.name = "deg", .arguments = kVector},
    {.name = "delta", .arguments = kMatrix},
    {.name = "deriv", .arguments = kMatrix},
    {.name = "double_exponential_smoothing",
     .arguments = kMatrixScalarScalar,
     .experimental = true},
    {.name = "end",
     .result = Type::kScalar,
     .labels = LabelEffect::kNoSeries,
     .experimental = true},
    {.name = "exp", .arguments = kVector},
    {.name = "first_over_time", .arguments = kMatrix},
    {.name = "floor", .arguments = kVector},
    {.name = "histogram_avg", .arguments = kVector},
    {.name = "histogram_count", .arguments = kVector},
    {.name = "histogram_fraction",
     .arguments = kScalarScalarVector,
     .labels = LabelEffect::kJoinsBuckets},
    {.name = "histogram_quantile",
     .arguments = kScalarVector,
     .labels = LabelEffect::kJoinsBuckets},
    {.name = "histogram_quantiles",
     .arguments = kVectorStringScalarScalar,
     .variadic = 9,
     .labels = LabelEffect::kLoses,
     .experimental = true},
    {.name = "histogram_stddev", .arguments = kVector},
    {.name = "histogram_stdvar", .arguments = kVector},
    {.name = "histogram_sum", .arguments = kVector},
    {.name = "hour", .arguments = kVector, .variadic = 1},
    {.name = "idelta", .arguments = kMatrix},
    {.name = "increase", .arguments = kMatrix},
    {.name = "info",
     .arguments = kVectorVector,
     .variadic = 1,
     .labels = LabelEffect::kLoses,
     .experimental = true},
    {.name = "integral", .arguments = kMatrixScalar, .variadic = 1, .experimental = true},
    {.name = "irate", .arguments = kMatrix},
    {.name = "label_join",
     .arguments = kVectorStringStringString,
     .variadic = -1,
     .labels = LabelEffect::kWritesSecond},
    {.name = "label_replace",
     .arguments = kVectorStringStringStringString,
     .labels = LabelEffect::kWritesSecond},
    {.name = "last_over_time", .arguments = kMatrix},
    {.name = "ln", .arguments = kVector},
    {.name = "log10", .arguments = kVector},
    {.name = "log2", .arguments = kVector},
    {.name = "mad_over_time", .arguments = kMatrix, .experimental = true},
    {.name = "max_of", .arguments = kScalarScalar, .result = Type::kScalar, .experimental = true},
    {.name = "max_over_time", .arguments = kMatrix},
    {.name = "min_of", .arguments = kScalarScalar, .result = Type::kScalar, .experimental = true},
    {.name = "min_over_time", .arguments = kMatrix},
    {.name = "minute", .arguments = kVector, .variadic = 1},
    {.name = "month", .arguments = kVector, .variadic = 1},
    {.name = "pi", .result = Type::kScalar, .labels = LabelEffect::kNoSeries},
    {.name = "predict_linear", .arguments = kMatrixScalar},
    {.name = "present_over_time", .arguments = kMatrix},
    {.name = "quantile_over_time", .arguments = kScalarMatrix},
    {.name = "rad", .arguments = kVector},
    {.name = "range",
     .result = Type::kScalar,
     .labels = LabelEffect::kNoSeries,
     .experimental = true},
    {.name = "rate", .arguments = kMatrix},
    {.name = "resets", .arguments = kMatrix},
    {.name = "round", .arguments = kVectorScalar, .variadic = 1},
    {.name = "scalar",
     .arguments = kVector,
     .result = Type::kScalar,
     .labels = LabelEffect::kLoses},
    {.name = "sgn", .arguments = kVector},
    {.name = "sin", .arguments = kVector},
    {.name = "sinh", .arguments = kVector},
    {.name = "sort", .arguments = kVector},
    {.name = "sort_by_label", .arguments = kVectorString, .variadic = -1, .experimental = true},
    {.name = "sort_by_label_desc",
     .arguments = kVectorString,
     .variadic = -1,
     .experimental = true},
    {.name = "sort_desc", .arguments = kVector},
    {.name = "sqrt", .arguments = kVector},
    {.name = "start",
     .result = Type::kScalar,
     .labels = LabelEffect::kNoSeries,
     .experimental = true},
    {.name = "start_timestamp", .arguments = kVector, .experimental = true},
    {.name = "stddev_over_time", .arguments = kMatrix},
    {.name = "stdvar_over_time", .arguments = kMatrix},
    {.name = "step",
     .result = Type::kScalar,
     .labels = LabelEffect::kNoSeries,
     .experimental = true},
    {.name = "sum_over_time", .arguments = kMatrix},
    {.name = "tan", .arguments = kVector},
    {.name = "tanh", .arguments = kVector},
    {.name = "time", .result = Type::kScalar, .labels = LabelEffect::kNoSeries},
    {.name = "timestamp", .arguments = kVector},
    {.name = "ts_of_first_over_time", .arguments = kMatrix, .experimental = true},
    {.name = "ts_of_last_over_time", .arguments = kMatrix, .experimental = true},
    {.name = "ts_of_max_over_time", .arguments = kMatrix, .experimental = true},
    {.name = "ts_of_min_over_time", .arguments = kMatrix, .experimental = true},
    {.name = "vector", .arguments = kScalar, .labels = LabelEffect::kLoses},
    {.name = "year", .arguments = kVector, .variadic = 1},
    }};
// clang-format on

}  // namespace

std::span<const FunctionSignature> Signatures() { return kSignatures; }

const FunctionSignature* FindSignature(std::string_view name) {
  const auto* const found = std::lower_bound(
      kSignatures.begin(), kSignatures.end(), name,
      [](const FunctionSignature& each, std::string_view wanted) { return each.name < wanted; });
  return found != kSignatures.end() && found->name == name ? found : nullptr;
}

}  // namespace promtally::promql
