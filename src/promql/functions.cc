// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/functions.h"

#include <algorithm>
#include <array>

namespace promtally::promql {

namespace {

constexpr auto kAggregation = FunctionList::kAggregation;
constexpr auto kRange = FunctionList::kRange;
constexpr auto kQuery = FunctionList::kQuery;
constexpr auto kExtended = FunctionSet::kExtended;

constexpr std::array<FunctionInfo, 7> kAggregations{{
    {.name = "avg", .list = kAggregation},
    {.name = "count", .list = kAggregation, .sign = Sign::kNeverNegative},
    {.name = "max", .list = kAggregation},
    {.name = "min", .list = kAggregation},
    {.name = "stddev", .list = kAggregation, .sign = Sign::kNeverNegative},
    {.name = "stdvar", .list = kAggregation, .sign = Sign::kNeverNegative},
    {.name = "sum", .list = kAggregation},
}};

// clang-format off
constexpr std::array<FunctionInfo, 29> kRangeFunctions = {
    {
    {.name = "absent_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative},
    {.name = "avg_over_time", .list = kRange, .set = kExtended, .argument = ArgumentKind::kRange},
    {.name = "changes",
     .list = kRange,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative},
    {.name = "count_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative},
    {.name = "delta",
     .list = kRange,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kMayBeNegative,
     .extrapolates = true},
    {.name = "deriv",
     .list = kRange,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kMayBeNegative},
    {.name = "double_exponential_smoothing",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRangeScalarScalar,
     .sign = Sign::kMayBeNegative,
     .experimental = true,
     .servers = "Prometheus 3"},
    {.name = "first_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .servers = "Prometheus 3.15, VictoriaMetrics"},
    {.name = "holt_winters",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRangeScalarScalar,
     .sign = Sign::kMayBeNegative,
     .servers = "Prometheus 2, VictoriaMetrics"},
    {.name = "idelta",
     .list = kRange,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kMayBeNegative},
    {.name = "increase",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative,
     .extrapolates = true,
     .for_counters = true},
    {.name = "irange",
     .list = kRange,
     .argument = ArgumentKind::kRange,
     .on_any_server = false,
     .servers = "none"},
    {.name = "irate",
     .list = kRange,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative,
     .for_counters = true},
    {.name = "last_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .servers = "Prometheus 2.26, VictoriaMetrics"},
    {.name = "mad_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative,
     .experimental = true,
     .servers = "Prometheus 3, VictoriaMetrics"},
    {.name = "max_over_time", .list = kRange, .set = kExtended, .argument = ArgumentKind::kRange},
    {.name = "min_over_time", .list = kRange, .set = kExtended, .argument = ArgumentKind::kRange},
    {.name = "predict_linear",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRangeScalar,
     .sign = Sign::kMayBeNegative},
    {.name = "present_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative,
     .servers = "Prometheus 2.29, VictoriaMetrics"},
    {.name = "quantile_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kScalarRange},
    {.name = "rate",
     .list = kRange,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative,
     .extrapolates = true,
     .for_counters = true},
    {.name = "resets",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative,
     .for_counters = true},
    {.name = "stddev_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative},
    {.name = "stdvar_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative},
    {.name = "sum_over_time", .list = kRange, .set = kExtended, .argument = ArgumentKind::kRange},
    {.name = "ts_of_first_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative,
     .experimental = true,
     .servers = "Prometheus 3"},
    {.name = "ts_of_last_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative,
     .experimental = true,
     .servers = "Prometheus 3"},
    {.name = "ts_of_max_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative,
     .experimental = true,
     .servers = "Prometheus 3"},
    {.name = "ts_of_min_over_time",
     .list = kRange,
     .set = kExtended,
     .argument = ArgumentKind::kRange,
     .sign = Sign::kNeverNegative,
     .experimental = true,
     .servers = "Prometheus 3"},
    }};
// clang-format on

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

bool IsAllowed(const FunctionInfo& info, FunctionSet set) {
  const bool takes_one = info.list != FunctionList::kRange || info.argument == ArgumentKind::kRange;
  return takes_one && info.set <= set;
}

std::vector<std::string_view> NamesOf(FunctionList list, FunctionSet set) {
  std::vector<std::string_view> names;
  for (const FunctionInfo& info : FunctionsOf(list)) {
    if (IsAllowed(info, set)) {
      names.push_back(info.name);
    }
  }
  return names;
}

std::string_view TextOf(ArgumentKind argument) {
  switch (argument) {
    case ArgumentKind::kVector:
      return "a vector";
    case ArgumentKind::kRange:
      return "a range";
    case ArgumentKind::kRangeScalar:
      return "a range and a number";
    case ArgumentKind::kRangeScalarScalar:
      return "a range and two numbers";
    case ArgumentKind::kScalarRange:
      return "a number and a range";
  }
  return "";
}

}  // namespace promtally::promql
