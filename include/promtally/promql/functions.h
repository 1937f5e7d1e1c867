// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace promtally::promql {

/// Which of CloudKitty's allowed lists a name stands in.
enum class FunctionList { kAggregation, kRange, kQuery };

/// What a function does to the sign of its argument.
enum class Sign { kKeeps, kNeverNegative, kMayBeNegative };

/// One entry of the catalogue: what the check, the dry run and the exporter must know of a
/// function.
struct FunctionInfo {
  std::string_view name;
  FunctionList list = FunctionList::kQuery;
  Sign sign = Sign::kKeeps;
  bool extrapolates = false;  ///< the server guesses the part of the window that no sample covers
  bool for_counters = false;  ///< handles counter resets
  bool on_any_server = true;  ///< false: in CloudKitty's list, yet no server implements it
};

/// The functions of a list in alphabetical order, as CloudKitty prints them.
[[nodiscard]] std::span<const FunctionInfo> FunctionsOf(FunctionList list);
/// The entry, or nullptr when the name is not allowed there.
[[nodiscard]] const FunctionInfo* FindFunction(FunctionList list, std::string_view name);
[[nodiscard]] std::vector<std::string_view> NamesOf(FunctionList list);

}  // namespace promtally::promql
