// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/expression.h"

#include <array>
#include <utility>

#include "promtally/promql/signatures.h"

namespace promtally::promql {

namespace {

/// By BinaryOperator.
constexpr std::array<std::string_view, 18> kOperatorTexts{"+",   "-",     "*",     "/",  "%",
                                                          "^",   "atan2", "==",    "!=", "<",
                                                          "<=",  ">",     ">=",    "</", ">/",
                                                          "and", "or",    "unless"};
constexpr std::array<std::string_view, 4> kTypeTexts{"scalar", "vector", "matrix", "string"};

struct TypeFinder {
  ValueType operator()(const NumberLiteral& /*number*/) const { return ValueType::kScalar; }
  ValueType operator()(const StringLiteral& /*text*/) const { return ValueType::kString; }
  ValueType operator()(const Selector& selector) const {
    return selector.range.IsSet() ? ValueType::kMatrix : ValueType::kVector;
  }
  ValueType operator()(const Subquery& /*subquery*/) const { return ValueType::kMatrix; }
  ValueType operator()(const Call& call) const {
    const FunctionSignature* const signature = FindSignature(call.function);
    return signature == nullptr ? ValueType::kVector : signature->result;
  }
  ValueType operator()(const Aggregation& /*aggregation*/) const { return ValueType::kVector; }
  ValueType operator()(const Binary& binary) const { return binary.type; }
  ValueType operator()(const Unary& unary) const { return TypeOf(*unary.argument); }
  ValueType operator()(const Parenthesis& parenthesis) const {
    return TypeOf(*parenthesis.argument);
  }
};

}  // namespace

bool IsComparison(BinaryOperator op) {
  return op >= BinaryOperator::kEqual && op <= BinaryOperator::kGreaterOrEqual;
}

bool IsSetOperator(BinaryOperator op) { return op >= BinaryOperator::kAnd; }

std::string_view TextOf(BinaryOperator op) {
  return kOperatorTexts.at(static_cast<std::size_t>(op));
}

std::string_view TextOf(ValueType type) { return kTypeTexts.at(static_cast<std::size_t>(type)); }

ValueType TypeOf(const Expression& expression) { return std::visit(TypeFinder{}, expression.node); }

ExpressionPtr MakeSelector(Selector selector) {
  return std::make_unique<const Expression>(Expression{std::move(selector)});
}

ExpressionPtr MakeCall(std::string function, ExpressionPtr argument) {
  Call call;
  call.function = std::move(function);
  call.arguments.push_back(std::move(argument));
  return std::make_unique<const Expression>(Expression{std::move(call)});
}

ExpressionPtr MakeAggregation(std::string operation, ExpressionPtr argument,
                              std::vector<std::string> by) {
  Aggregation aggregation;
  aggregation.operation = std::move(operation);
  aggregation.argument = std::move(argument);
  aggregation.labels = std::move(by);
  return std::make_unique<const Expression>(Expression{std::move(aggregation)});
}

}  // namespace promtally::promql
