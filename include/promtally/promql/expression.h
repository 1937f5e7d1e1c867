// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "promtally/base/time.h"

namespace promtally::promql {

/// What an expression evaluates to; a vector is PromQL's instant vector, a matrix its range vector.
enum class ValueType { kScalar, kVector, kMatrix, kString };

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

/// A length of time behind a selector or subquery; not set: zero and no expression.
struct Duration {
  std::chrono::nanoseconds length{0};
  /// Canonical text of a duration expression such as `step() * 2`, which only the server computes;
  /// `length` is zero then.
  std::string expression{};

  [[nodiscard]] bool IsSet() const { return length.count() != 0 || !expression.empty(); }
};

/// The `@` modifier: a fixed instant, or an end of the range that is evaluated.
struct At {
  enum class Kind { kNone, kInstant, kStart, kEnd };
  Kind kind = Kind::kNone;
  std::int64_t unix_milliseconds = 0;
};

/// When a selector or subquery looks.
struct TimeShift {
  Duration offset;
  At at;
};

/// How the edges of a range are treated.
enum class RangeEdges { kPlain, kAnchored, kSmoothed };

/// `metric{matchers}`, with a range `metric{matchers}[range]`. `metric` is the name outside the
/// braces; a name inside them (`{"a.b"}`) is a matcher of `__name__`.
struct Selector {
  std::string metric;
  std::vector<Matcher> matchers;
  Duration range;
  TimeShift shift{};
  RangeEdges edges = RangeEdges::kPlain;
};

/// `argument[range:step]`; the step may be absent.
struct Subquery {
  ExpressionPtr argument;
  Duration range;
  Duration step;
  TimeShift shift{};
};

struct NumberLiteral {
  double value = 0;  ///< seconds, where it is written as a duration
  bool is_duration = false;
};

struct StringLiteral {
  std::string value;
};

/// `function(arguments)`
struct Call {
  std::string function;
  std::vector<ExpressionPtr> arguments;
};

/// `operation by (labels) (parameter, argument)`; the labels are printed in the order given,
/// repetitions included. `parameter` is null where the operation takes none.
struct Aggregation {
  std::string operation;
  ExpressionPtr argument;
  std::vector<std::string> labels;
  bool without = false;
  ExpressionPtr parameter;
};

enum class BinaryOperator {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPower,
  kAtan2,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kTrimUpper,  ///< `</` on native histograms
  kTrimLower,  ///< `>/`
  kAnd,
  kOr,
  kUnless,
};

[[nodiscard]] bool IsComparison(BinaryOperator op);
[[nodiscard]] bool IsSetOperator(BinaryOperator op);
[[nodiscard]] std::string_view TextOf(BinaryOperator op);

/// Which series of two vectors meet. The default, ignoring nothing, is one to one on all labels.
struct VectorMatching {
  enum class Group { kNone, kLeft, kRight };
  bool on = false;
  std::vector<std::string> labels;
  Group group = Group::kNone;
  std::vector<std::string> include;
};

struct Binary {
  BinaryOperator op = BinaryOperator::kAdd;
  ExpressionPtr left;
  ExpressionPtr right;
  ValueType type = ValueType::kVector;  ///< kScalar between two scalars
  bool return_bool = false;
  VectorMatching matching;  ///< meaningful between two vectors only
};

struct Unary {
  bool negative = false;
  ExpressionPtr argument;
};

struct Parenthesis {
  ExpressionPtr argument;
};

/// A query as a tree, owned from its root; immutable once built, any thread. There is one printer
/// and no other way to PromQL text, so a value can never become syntax.
struct Expression {
  std::variant<NumberLiteral, StringLiteral, Selector, Subquery, Call, Aggregation, Binary, Unary,
               Parenthesis>
      node;
  std::size_t begin = 0;  ///< byte of the parsed text where it starts
};

[[nodiscard]] ExpressionPtr MakeSelector(Selector selector);
[[nodiscard]] ExpressionPtr MakeCall(std::string function, ExpressionPtr argument);
[[nodiscard]] ExpressionPtr MakeAggregation(std::string operation, ExpressionPtr argument,
                                            std::vector<std::string> by);

[[nodiscard]] ValueType TypeOf(const Expression& expression);
/// `vector`, `matrix`, `scalar` or `string`
[[nodiscard]] std::string_view TextOf(ValueType type);

/// CloudKitty's spelling: `max(abs(delta(x{a="b"}[3600s]))) by (c, d)`, braces also when they are
/// empty.
[[nodiscard]] std::string Print(const Expression& expression);

/// Prometheus' own spelling: `max by (c, d) (abs(delta(x{a="b"}[1h])))`, matchers sorted,
/// parentheses as they were written. The text parses to the same tree; where Prometheus' text
/// would not (a label `inf` without quotes, U+FFFD in a string, a range below 1 ms), it differs
/// from Prometheus'.
[[nodiscard]] std::string PrintCanonical(const Expression& expression);

/// A double-quoted PromQL string. `\` `"` and line feed get their short escapes, every other C0 and
/// C1 control character `\xHH` or `\uHHHH`, and U+FFFD, which Prometheus refuses as a raw
/// character, `\ufffd`; all else stands as it is. `text` must be valid UTF-8 (callers reject what
/// is not).
[[nodiscard]] std::string Quote(std::string_view text);

/// `text` as an RE2 expression that matches exactly this text.
[[nodiscard]] std::string QuoteRegex(std::string_view text);

}  // namespace promtally::promql
