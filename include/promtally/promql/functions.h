// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace promtally::promql {

/// Which key of `extra_args` a name belongs to.
enum class FunctionList : std::uint8_t { kAggregation, kRange, kQuery };

/// Which functions a file may use: its top-level key `functions`.
enum class FunctionSet : std::uint8_t { kCloudKitty, kExtended };

/// What a function does to the sign of its argument.
enum class Sign : std::uint8_t { kKeeps, kNeverNegative, kMayBeNegative };

/// What a function is called with. A built query has one argument to give.
enum class ArgumentKind : std::uint8_t {
  kVector,             ///< an instant vector
  kRange,              ///< a range vector
  kRangeScalar,        ///< `predict_linear(range, number)`
  kRangeScalarScalar,  ///< `holt_winters(range, number, number)`
  kScalarRange,        ///< `quantile_over_time(number, range)`
};

/// One entry of the catalogue: what the check, the dry run and the exporter must know of a
/// function.
struct FunctionInfo {
  std::string_view name;
  FunctionList list = FunctionList::kQuery;
  FunctionSet set = FunctionSet::kCloudKitty;  ///< the smallest that has it
  ArgumentKind argument = ArgumentKind::kVector;
  Sign sign = Sign::kKeeps;
  bool extrapolates = false;  ///< the server guesses the part of the window that no sample covers
  bool for_counters = false;  ///< handles counter resets
  bool experimental = false;  ///< Prometheus 3 wants --enable-feature=promql-experimental-functions
  bool on_any_server = true;  ///< false: in CloudKitty's list, yet no server implements it
  std::string_view servers = "all";  ///< which ones have it, for people
};

/// Every function of a list that has a name in any set, and the range functions that take more than
/// a range, in alphabetical order.
[[nodiscard]] std::span<const FunctionInfo> FunctionsOf(FunctionList list);
/// True when a file with this set may use the function in its list.
[[nodiscard]] bool IsAllowed(const FunctionInfo& info, FunctionSet set);
/// The entry, whether allowed or not, or nullptr.
[[nodiscard]] const FunctionInfo* FindFunction(FunctionList list, std::string_view name);
/// The names that a file with this set may use, in alphabetical order.
[[nodiscard]] std::vector<std::string_view> NamesOf(FunctionList list, FunctionSet set);

/// `a number and a range`: what the function is called with, for people.
[[nodiscard]] std::string_view TextOf(ArgumentKind argument);

}  // namespace promtally::promql
