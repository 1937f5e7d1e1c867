// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace promtally::metering {

/// A part of all scope ids, for a list of scopes that is too long for one answer: those that begin
/// with `prefix` and go on with a character from `first` to `last`, or are `prefix` itself.
struct ScopeRange {
  std::string prefix;
  char32_t first = 0;
  char32_t last = 0x10FFFF;
  bool exact = false;  ///< `prefix` alone; first and last mean nothing

  /// All scope ids.
  [[nodiscard]] bool IsWhole() const {
    return prefix.empty() && !exact && last - first == 0x10FFFF;
  }
  friend bool operator==(const ScopeRange&, const ScopeRange&) = default;
};

/// Smaller ranges that have the same ids between them; none where there is nothing to split.
[[nodiscard]] std::vector<ScopeRange> SplitRange(const ScopeRange& range);

/// A selector of discovery (`metric{key!=""}`) for a part of the ids: `metric{key!="",key=~"…"}`.
[[nodiscard]] std::string WithinRange(std::string selector, const std::string& scope_key,
                                      const ScopeRange& range);

}  // namespace promtally::metering
