// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "promtally/base/result.h"
#include "promtally/promql/expression.h"

namespace promtally::promql {

inline constexpr std::size_t kQueryTextBytes = 65'536;
/// Parentheses, calls and signs inside one another.
inline constexpr std::size_t kNestingLevels = 100;
/// Operators and subqueries of one expression: each is one more level of the tree.
inline constexpr std::size_t kOperators = 2'000;

/// What is wrong and where. `line` and `column` count from 1, the column in bytes, as Prometheus'
/// own positions do; `offset` counts bytes from 0. The message is one line for people.
struct ParseError {
  std::size_t offset = 0;
  std::size_t line = 1;
  std::size_t column = 1;
  std::string message;
};

/// What a server would say of the expression of a `=~` or `!~` matcher.
struct RegexVerdict {
  std::string error;  ///< empty: valid
  bool matches_empty = false;
};

/// Judges regular expressions; the core has no library for them. Without one every expression is
/// valid, and only an empty one matches the empty text.
using RegexCheck = std::function<RegexVerdict(std::string_view expression)>;

/// Functions and aggregations that a server takes with a feature flag only.
enum class Experimental { kRefused, kAllowed };

/// The language of Prometheus 3.16 without feature flags, types checked: what is returned, the
/// server takes. Experimental functions are refused as the server refuses them, if not allowed, and
/// `fill` always. Any thread; bounded by the limits above.
[[nodiscard]] tl::expected<ExpressionPtr, ParseError> Parse(
    std::string_view text, const RegexCheck& check_regex = {},
    Experimental experimental = Experimental::kRefused);

}  // namespace promtally::promql
