// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/scope_proof.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "promql/characters.h"
#include "promtally/promql/signatures.h"

namespace promtally::promql {

namespace {

/// What a part of the expression says of scopes, if it mixes none.
enum class Content {
  kScopes,        ///< series, each of one scope
  kConstant,      ///< a number or text that depends on no series
  kNoScopeLabel,  ///< series that are made of nothing, such as `hour()`
};

struct Finding {
  Content content = Content::kScopes;
  std::string problem;  ///< not empty: scopes are mixed or lost
};

bool Contains(const std::vector<std::string>& labels, std::string_view label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

/// The text of a string argument, within any parentheses.
std::optional<std::string_view> TextIn(const Expression& expression) {
  if (const auto* const parenthesis = std::get_if<Parenthesis>(&expression.node)) {
    return TextIn(*parenthesis->argument);
  }
  const auto* const text = std::get_if<StringLiteral>(&expression.node);
  return text == nullptr ? std::nullopt : std::optional<std::string_view>(text->value);
}

class Prover {
 public:
  explicit Prover(std::string_view label) : label_(label), quoted_(QuoteCanonical(label)) {}

  [[nodiscard]] Finding Judge(const Expression& expression) const {
    return std::visit(*this, expression.node);
  }

  Finding operator()(const NumberLiteral& /*number*/) const { return {Content::kConstant, {}}; }
  Finding operator()(const StringLiteral& /*text*/) const { return {Content::kConstant, {}}; }
  Finding operator()(const Selector& /*selector*/) const { return {}; }
  Finding operator()(const Subquery& subquery) const { return Judge(*subquery.argument); }
  Finding operator()(const Unary& unary) const { return Judge(*unary.argument); }
  Finding operator()(const Parenthesis& parenthesis) const { return Judge(*parenthesis.argument); }
  Finding operator()(const Call& call) const;
  Finding operator()(const Aggregation& aggregation) const;
  Finding operator()(const Binary& binary) const;

 private:
  static Finding Refuse(std::string problem) { return {Content::kScopes, std::move(problem)}; }
  [[nodiscard]] Finding JudgeMatching(const Binary& binary) const;

  std::string_view label_;
  std::string quoted_;
};

Finding Prover::operator()(const Call& call) const {
  const FunctionSignature* const signature = FindSignature(call.function);
  if (signature == nullptr || signature->labels == LabelEffect::kLoses) {
    return Refuse(call.function + "() loses the label " + quoted_);
  }
  if (signature->labels == LabelEffect::kJoinsBuckets && label_ == "le") {
    return Refuse(call.function + "() joins series of different " + quoted_);
  }
  if (signature->labels == LabelEffect::kWritesSecond &&
      (call.arguments.size() < 2 || TextIn(*call.arguments[1]).value_or(label_) == label_)) {
    return Refuse(call.function + "() writes the label " + quoted_);
  }
  const bool has_series = signature->result != ValueType::kScalar;
  Finding result{has_series ? Content::kNoScopeLabel : Content::kConstant, {}};
  for (const ExpressionPtr& argument : call.arguments) {
    Finding finding = Judge(*argument);
    if (!finding.problem.empty()) {
      return finding;
    }
    if (finding.content != Content::kConstant) {
      result = std::move(finding);
    }
  }
  return result;
}

Finding Prover::operator()(const Aggregation& aggregation) const {
  if (aggregation.parameter) {
    Finding parameter = Judge(*aggregation.parameter);
    if (!parameter.problem.empty()) {
      return parameter;
    }
  }
  Finding argument = Judge(*aggregation.argument);
  if (!argument.problem.empty()) {
    return argument;
  }
  const bool keeps = Contains(aggregation.labels, label_) != aggregation.without;
  if (!keeps) {
    constexpr std::array<std::string_view, 3> kRanking{"topk", "bottomk", "limitk"};
    const bool ranks =
        std::find(kRanking.begin(), kRanking.end(), aggregation.operation) != kRanking.end();
    return Refuse(ranks ? aggregation.operation + " ranks across values of " + quoted_
                        : aggregation.operation + " drops the label " + quoted_);
  }
  if (aggregation.operation == "count_values" &&
      TextIn(*aggregation.parameter).value_or(label_) == label_) {
    return Refuse("count_values writes the label " + quoted_);
  }
  return argument;
}

Finding Prover::operator()(const Binary& binary) const {
  Finding left = Judge(*binary.left);
  if (!left.problem.empty()) {
    return left;
  }
  Finding right = Judge(*binary.right);
  if (!right.problem.empty() || left.content == Content::kConstant) {
    return right;
  }
  if (right.content == Content::kConstant) {
    return left;
  }
  if (left.content != right.content) {
    return Refuse(std::string(TextOf(binary.op)) +
                  " joins series of scopes with a series without " + quoted_);
  }
  return left.content == Content::kScopes ? JudgeMatching(binary) : left;
}

Finding Prover::JudgeMatching(const Binary& binary) const {
  const VectorMatching& matching = binary.matching;
  // By default, and with `ignoring`, series meet on all other labels.
  if (Contains(matching.labels, label_) != matching.on) {
    return Refuse(std::string(TextOf(binary.op)) + " matches series of different " + quoted_);
  }
  if (Contains(matching.include, label_)) {
    return Refuse(std::string(TextOf(binary.op)) + " takes the label " + quoted_ +
                  " from the other side");
  }
  return {};
}

}  // namespace

ScopeProof KeepsScopes(const Expression& expression, std::string_view label) {
  if (label == "__name__") {
    // Functions and operators drop the metric's name.
    return {false, "the metric's name is no label that is kept"};
  }
  if (TypeOf(expression) != ValueType::kVector) {
    return {false, "the result is no instant vector but of type " +
                       std::string(TextOf(TypeOf(expression)))};
  }
  Finding finding = Prover(label).Judge(expression);
  if (finding.problem.empty() && finding.content != Content::kScopes) {
    finding.problem = "the result has no series with the label " + QuoteCanonical(label);
  }
  return {finding.problem.empty(), std::move(finding.problem)};
}

}  // namespace promtally::promql
