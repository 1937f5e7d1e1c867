// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "promtally/base/time.h"

namespace promtally::promql {

enum class MatchOperator { kEqual, kNotEqual, kRegex, kNotRegex };

/// `name="value"`; the value is plain text (for a regular expression: the expression), never
/// escaped by the caller.
struct Matcher {
  std::string name;
  MatchOperator op = MatchOperator::kEqual;
  std::string value;
};

struct Expression;
using ExpressionPtr = std::unique_ptr<const Expression>;

/// `metric{matchers}`, with `range` above zero `metric{matchers}[range]`.
struct Selector {
  std::string metric;
  std::vector<Matcher> matchers;
  base::Seconds range{0};
};

/// `function(argument)`
struct Call {
  std::string function;
  ExpressionPtr argument;
};

/// `operation(argument) by (labels)`; the labels are printed in the order given, repetitions
/// included.
struct Aggregation {
  std::string operation;
  ExpressionPtr argument;
  std::vector<std::string> by;
};

/// A query as a tree. There is one printer and no other way to PromQL text, so a value can never
/// become syntax.
struct Expression {
  std::variant<Selector, Call, Aggregation> node;
};

[[nodiscard]] ExpressionPtr MakeSelector(Selector selector);
[[nodiscard]] ExpressionPtr MakeCall(std::string function, ExpressionPtr argument);
[[nodiscard]] ExpressionPtr MakeAggregation(std::string operation, ExpressionPtr argument,
                                            std::vector<std::string> by);

/// CloudKitty's spelling: `max(abs(delta(x{a="b"}[3600s]))) by (c, d)`, braces also when they are
/// empty.
[[nodiscard]] std::string Print(const Expression& expression);

/// A double-quoted PromQL string. `\` `"` and line feed get their short escapes, every other C0 and
/// C1 control character and U+FFFD `\xHH` or `\uHHHH`; all else stands as it is. `text` must be
/// valid UTF-8 (callers reject what is not).
[[nodiscard]] std::string Quote(std::string_view text);

/// `text` as an RE2 expression that matches exactly this text.
[[nodiscard]] std::string QuoteRegex(std::string_view text);

}  // namespace promtally::promql
