// SPDX-License-Identifier: Apache-2.0
#include "promql/grammar.h"

#include <algorithm>
#include <array>

namespace promtally::promql {

namespace {

using Kind = TokenKind;

constexpr std::array<OperatorRule, 18> kOperatorRules{{
    {Kind::kOr, BinaryOperator::kOr, kLowestPrecedence},
    {Kind::kAnd, BinaryOperator::kAnd, 2},
    {Kind::kUnless, BinaryOperator::kUnless, 2},
    {Kind::kEqual, BinaryOperator::kEqual, 3},
    {Kind::kNotEqual, BinaryOperator::kNotEqual, 3},
    {Kind::kLess, BinaryOperator::kLess, 3},
    {Kind::kLessOrEqual, BinaryOperator::kLessOrEqual, 3},
    {Kind::kGreater, BinaryOperator::kGreater, 3},
    {Kind::kGreaterOrEqual, BinaryOperator::kGreaterOrEqual, 3},
    {Kind::kTrimUpper, BinaryOperator::kTrimUpper, 3},
    {Kind::kTrimLower, BinaryOperator::kTrimLower, 3},
    {Kind::kAdd, BinaryOperator::kAdd, 4},
    {Kind::kSubtract, BinaryOperator::kSubtract, 4},
    {Kind::kMultiply, BinaryOperator::kMultiply, 5},
    {Kind::kDivide, BinaryOperator::kDivide, 5},
    {Kind::kModulo, BinaryOperator::kModulo, 5},
    {Kind::kAtan2, BinaryOperator::kAtan2, 5},
    {Kind::kPower, BinaryOperator::kPower, kPowerPrecedence},
}};

}  // namespace

const OperatorRule* RuleOf(Kind kind) {
  const auto* const found =
      std::find_if(kOperatorRules.begin(), kOperatorRules.end(),
                   [kind](const OperatorRule& rule) { return rule.kind == kind; });
  return found == kOperatorRules.end() ? nullptr : &*found;
}

bool IsMetricName(Kind kind) {
  switch (kind) {
    case Kind::kIdentifier:
    case Kind::kMetricIdentifier:
    case Kind::kAnd:
    case Kind::kOr:
    case Kind::kUnless:
    case Kind::kAggregator:
    case Kind::kOffset:
    case Kind::kSmoothed:
    case Kind::kAnchored:
    case Kind::kBy:
    case Kind::kWithout:
    case Kind::kFill:
    case Kind::kStart:
    case Kind::kEndOfRange:
    case Kind::kStep:
    case Kind::kRange:
    case Kind::kMaxOrMinOf:
      return true;
    default:
      return false;
  }
}

bool IsFunctionName(Kind kind) {
  return kind == Kind::kIdentifier || kind == Kind::kStart || kind == Kind::kEndOfRange ||
         kind == Kind::kStep || kind == Kind::kRange || kind == Kind::kMaxOrMinOf;
}

bool IsLabel(Kind kind) {
  return kind == Kind::kAtan2 || kind == Kind::kOn || kind == Kind::kIgnoring ||
         kind == Kind::kGroupLeft || kind == Kind::kGroupRight || kind == Kind::kBool ||
         (IsMetricName(kind) && kind != Kind::kWithout);
}

bool TakesParameter(std::string_view operation) {
  constexpr std::array<std::string_view, 6> kOperations{"topk",     "bottomk", "count_values",
                                                        "quantile", "limitk",  "limit_ratio"};
  return std::find(kOperations.begin(), kOperations.end(), operation) != kOperations.end();
}

}  // namespace promtally::promql
