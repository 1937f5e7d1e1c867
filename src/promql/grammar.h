// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "promql/lexer.h"
#include "promtally/promql/expression.h"

namespace promtally::promql {

/// A binary operator and how close it binds; all are left-associative but the power.
struct OperatorRule {
  TokenKind kind;
  BinaryOperator op;
  int precedence;
};

inline constexpr int kLowestPrecedence = 1;
inline constexpr int kPowerPrecedence = 6;

/// Null for a token that is no binary operator.
[[nodiscard]] const OperatorRule* RuleOf(TokenKind kind);

/// Words that may stand for a metric where an operand is expected, keywords among them.
[[nodiscard]] bool IsMetricName(TokenKind kind);
/// Words that may be called like a function.
[[nodiscard]] bool IsFunctionName(TokenKind kind);
/// Words that may be a label in a list without quotes.
[[nodiscard]] bool IsLabel(TokenKind kind);

/// Aggregations of two arguments, the first of which is a parameter.
[[nodiscard]] bool TakesParameter(std::string_view operation);

}  // namespace promtally::promql
