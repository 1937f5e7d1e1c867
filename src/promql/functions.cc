// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/functions.h"

#include <algorithm>
#include <array>

namespace promtally::promql {

namespace {

constexpr auto kAggregation = FunctionList::kAggregation;
constexpr auto kRange = FunctionList::kRange;
constexpr auto kQuery = FunctionList::kQuery;

constexpr std::array<FunctionInfo, 7> kAggregations{{
    {.name = "avg", .list = kAggregation},
    {.name = "count", .list = kAggregation, .sign = Sign::kNeverNegative},
    {.name = "max", .list = kAggregation},
    {.name = "min", .list = kAggregation},
    {.name = "stddev", .list = kAggregation, .sign = Sign::kNeverNegative},
    {.name = "stdvar", .list = kAggregation, .sign = Sign::kNeverNegative},
    {.name = "sum", .list = kAggregation},
}};

constexpr std::array<FunctionInfo, 7> kRangeFunctions{{
    {.name = "changes", .list = kRange, .sign = Sign::kNeverNegative},
    {.name = "delta", .list = kRange, .sign = Sign::kMayBeNegative, .extrapolates = true},
    {.name = "deriv", .list = kRange, .sign = Sign::kMayBeNegative},
    {.name = "idelta", .list = kRange, .sign = Sign::kMayBeNegative},
    {.name = "irange", .list = kRange, .on_any_server = false},
    {.name = "irate", .list = kRange, .sign = Sign::kNeverNegative, .for_counters = true},
    {.name = "rate",
     .list = kRange,
     .sign = Sign::kNeverNegative,
     .extrapolates = true,
     .for_counters = true},
}};

constexpr std::array<FunctionInfo, 9> kQueryFunctions{{
    {.name = "abs", .list = kQuery, .sign = Sign::kNeverNegative},
    {.name = "ceil", .list = kQuery},
    {.name = "exp", .list = kQuery, .sign = Sign::kNeverNegative},
    {.name = "floor", .list = kQuery},
    {.name = "ln", .list = kQuery, .sign = Sign::kMayBeNegative},
    {.name = "log10", .list = kQuery, .sign = Sign::kMayBeNegative},
    {.name = "log2", .list = kQuery, .sign = Sign::kMayBeNegative},
    {.name = "round", .list = kQuery},
    {.name = "sqrt", .list = kQuery, .sign = Sign::kNeverNegative},
}};

}  // namespace

std::span<const FunctionInfo> FunctionsOf(FunctionList list) {
  switch (list) {
    case FunctionList::kAggregation:
      return kAggregations;
    case FunctionList::kRange:
      return kRangeFunctions;
    case FunctionList::kQuery:
      return kQueryFunctions;
  }
  return {};
}

const FunctionInfo* FindFunction(FunctionList list, std::string_view name) {
  const auto functions = FunctionsOf(list);
  const auto at = std::find_if(functions.begin(), functions.end(),
                               [name](const FunctionInfo& info) { return info.name == name; });
  return at == functions.end() ? nullptr : &*at;
}

std::vector<std::string_view> NamesOf(FunctionList list) {
  std::vector<std::string_view> names;
  for (const FunctionInfo& info : FunctionsOf(list)) {
    names.push_back(info.name);
  }
  return names;
}

}  // namespace promtally::promql
