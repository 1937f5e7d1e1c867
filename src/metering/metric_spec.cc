// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/metric_spec.h"

#include <algorithm>
#include <array>
#include <utility>

#include "promtally/promql/functions.h"

namespace promtally::metering {

namespace {

constexpr std::array<std::pair<Mutation, std::string_view>, 6> kMutations{{
    {Mutation::kNone, "NONE"},
    {Mutation::kNumBool, "NUMBOOL"},
    {Mutation::kNotNumBool, "NOTNUMBOOL"},
    {Mutation::kFloor, "FLOOR"},
    {Mutation::kCeil, "CEIL"},
    {Mutation::kMap, "MAP"},
}};

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// Follows the sign through one function of the query.
bool NegativeAfter(bool negative, promql::FunctionList list, std::string_view name) {
  const promql::FunctionInfo* info = promql::FindFunction(list, name);
  if (info == nullptr || info->sign == promql::Sign::kKeeps) {
    return negative;
  }
  return info->sign == promql::Sign::kMayBeNegative;
}

/// Free text of the user's can turn a value negative: by a minus, or by a function.
bool TextCanBeNegative(std::string_view text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
  constexpr std::array<std::string_view, 10> kWaves{"acos", "asin", "asinh", "atan", "atanh",
                                                    "cos",  "sin",  "sinh",  "tan",  "tanh"};
  if (text.find('-') != std::string_view::npos) {
    return true;
  }
  for (std::size_t at = text.find_first_of(kLetters); at != std::string_view::npos;
       at = text.find_first_of(kLetters, at)) {
    const std::size_t end = std::min(text.find_first_not_of(kLetters, at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (NegativeAfter(false, promql::FunctionList::kRange, word) ||
        NegativeAfter(false, promql::FunctionList::kQuery, word) ||
        std::find(kWaves.begin(), kWaves.end(), word) != kWaves.end()) {
      return true;
    }
    at = end;
  }
  return false;
}

/// A value that a query gives can be below zero.
bool QueryCanBeNegative(const MetricSpec& spec) {
  bool negative = NegativeAfter(false, promql::FunctionList::kRange, spec.range_function);
  negative = NegativeAfter(negative, promql::FunctionList::kQuery, spec.query_function);
  negative = NegativeAfter(negative, promql::FunctionList::kAggregation, spec.aggregation_method);
  return negative || TextCanBeNegative(spec.query_prefix) || TextCanBeNegative(spec.query_suffix);
}

}  // namespace

std::string RangeFunctionOf(const MetricSpec& spec) {
  return spec.range_function.empty() ? spec.aggregation_method + "_over_time" : spec.range_function;
}

bool HasFreeText(const MetricSpec& spec) {
  return !IsBlank(spec.query_prefix) || !IsBlank(spec.query_suffix);
}

bool CanBeNegative(const MetricSpec& spec) {
  switch (spec.mutate) {
    case Mutation::kNumBool:
    case Mutation::kNotNumBool:
      return false;
    case Mutation::kMap:
      return std::any_of(spec.mutate_map.begin(), spec.mutate_map.end(),
                         [](const MapEntry& entry) { return entry.value.Sign() < 0; });
    case Mutation::kNone:
    case Mutation::kFloor:
    case Mutation::kCeil:
      break;
  }
  return QueryCanBeNegative(spec) || spec.factor.Sign() < 0 || spec.offset.Sign() < 0;
}

std::vector<std::string> GroupbyLabels(const MetricSpec& spec,
                                       const std::optional<std::string>& scope_key) {
  std::vector<std::string> labels = spec.groupby;
  if (scope_key && std::find(labels.begin(), labels.end(), *scope_key) == labels.end()) {
    labels.push_back(*scope_key);
  }
  return labels;
}

std::vector<std::string> AllLabels(const MetricSpec& spec,
                                   const std::optional<std::string>& scope_key) {
  std::vector<std::string> labels = GroupbyLabels(spec, scope_key);
  labels.insert(labels.end(), spec.metadata.begin(), spec.metadata.end());
  return labels;
}

std::string_view ToText(Mutation mutation) {
  const auto* at = std::find_if(kMutations.begin(), kMutations.end(),
                                [mutation](const auto& row) { return row.first == mutation; });
  return at->second;
}

std::optional<Mutation> MutationFromText(std::string_view text) {
  const auto* at = std::find_if(kMutations.begin(), kMutations.end(),
                                [text](const auto& row) { return row.second == text; });
  return at == kMutations.end() ? std::nullopt : std::optional(at->first);
}

}  // namespace promtally::metering
