// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/parser.h"

#include <algorithm>
#include <utility>

#include "promql/characters.h"
#include "promql/grammar.h"
#include "promql/selector_parser.h"
#include "promql/string_literal.h"
#include "promql/type_check.h"
#include "promtally/base/diagnostic.h"

namespace promtally::promql {

namespace {

using Kind = TokenKind;
using Labels = std::vector<std::string>;

constexpr std::string_view kOperand = "a metric, a number, a function or \"(\"";

/// What a function that does not exist may be meant for.
std::string SuggestionFor(std::string_view function) {
  if (function == "holt_winters") {
    return ", which Prometheus 3 calls double_exponential_smoothing";
  }
  std::vector<std::string_view> names;
  for (const FunctionSignature& signature : Signatures()) {
    names.push_back(signature.name);
  }
  const std::string_view near = base::Nearest(Lower(function), names);
  return near.empty() ? "" : ", did you mean " + std::string(near) + "?";
}

class Parser {
 public:
  Parser(std::string_view text, const RegexCheck* check_regex, Experimental experimental)
      : reader_(text), selectors_(&reader_, check_regex), experimental_(experimental) {}

  Node Run() {
    if (reader_.kind() == Kind::kEnd) {
      reader_.Fail(0, "no expression found");
      return nullptr;
    }
    Node node = ParseBinary(kLowestPrecedence);
    if (node && reader_.kind() != Kind::kEnd) {
      reader_.Unexpected("an operator or the end");
    }
    return reader_.problem() ? nullptr : std::move(node);
  }

  [[nodiscard]] const std::optional<Problem>& problem() const { return reader_.problem(); }

 private:
  template <typename Content>
  static Node MakeNode(std::size_t begin, Content content) {
    auto node = std::make_unique<Expression>();
    node->node = std::move(content);
    node->begin = begin;
    return node;
  }
  Node Fail(std::size_t offset, std::string message) {
    reader_.Fail(offset, std::move(message));
    return nullptr;
  }

  Node ParseBinary(int lowest);
  Node ParseOperation(Node left, const OperatorRule& rule);
  bool ParseMatching(Binary* binary);
  Node ParseUnary();
  Node ParsePrimary();
  Node ParseWord();
  Node ParseNumber();
  Node ParseParenthesis();
  Node ParseCall();
  Node ParseAggregation();
  Node MakeAggregation(std::size_t begin, Aggregation aggregation,
                       std::vector<ExpressionPtr> arguments);
  bool ParseGrouping(Aggregation* aggregation);
  std::optional<std::vector<ExpressionPtr>> ParseArguments();
  std::optional<Labels> ParseLabels();
  bool ParseLabel(Labels* labels);

  TokenReader reader_;
  SelectorParser selectors_;
  Experimental experimental_;
};

Node Parser::ParseBinary(int lowest) {
  if (!reader_.Enter()) {
    return nullptr;
  }
  Node left = ParseUnary();
  while (left) {
    const OperatorRule* const rule = RuleOf(reader_.kind());
    if (rule == nullptr || rule->precedence < lowest) {
      break;
    }
    left = reader_.CountOperator() ? ParseOperation(std::move(left), *rule) : nullptr;
  }
  reader_.Leave();
  return left;
}

Node Parser::ParseOperation(Node left, const OperatorRule& rule) {
  const std::size_t operator_begin = reader_.Take().offset;
  const std::size_t begin = left->begin;
  Binary binary;
  binary.op = rule.op;
  binary.left = std::move(left);
  if (!ParseMatching(&binary)) {
    return nullptr;
  }
  binary.right =
      ParseBinary(rule.op == BinaryOperator::kPower ? kPowerPrecedence : rule.precedence + 1);
  if (!binary.right) {
    return nullptr;
  }
  reader_.NoteType(CheckBinary(binary, begin, operator_begin));
  const ValueType left_type = TypeOf(*binary.left);
  const ValueType right_type = TypeOf(*binary.right);
  if (left_type == ValueType::kScalar && right_type == ValueType::kScalar) {
    binary.type = ValueType::kScalar;
  }
  if (left_type != ValueType::kVector || right_type != ValueType::kVector) {
    // What is left of `on()` beside a scalar means nothing.
    binary.matching = {};
  }
  return MakeNode(begin, std::move(binary));
}

bool Parser::ParseMatching(Binary* binary) {
  binary->return_bool = reader_.Accept(Kind::kBool);
  VectorMatching& matching = binary->matching;
  if (reader_.kind() == Kind::kOn || reader_.kind() == Kind::kIgnoring) {
    matching.on = reader_.Take().kind == Kind::kOn;
    auto labels = ParseLabels();
    if (!labels) {
      return false;
    }
    matching.labels = *std::move(labels);
    if (reader_.kind() == Kind::kGroupLeft || reader_.kind() == Kind::kGroupRight) {
      matching.group = reader_.Take().kind == Kind::kGroupLeft ? VectorMatching::Group::kLeft
                                                               : VectorMatching::Group::kRight;
      if (reader_.kind() == Kind::kLeftParenthesis) {
        labels = ParseLabels();
        if (!labels) {
          return false;
        }
        matching.include = *std::move(labels);
      }
    }
  }
  return reader_.kind() != Kind::kFill ||
         reader_.Fail(reader_.Peek().offset, "fill modifiers are experimental and not enabled");
}

Node Parser::ParseUnary() {
  if (reader_.kind() != Kind::kAdd && reader_.kind() != Kind::kSubtract) {
    return selectors_.ParseModifiers(ParsePrimary());
  }
  const Token sign = reader_.Take();
  const bool is_negative = sign.kind == Kind::kSubtract;
  // A power binds closer than a sign: -2 ^ 2 is -(2 ^ 2).
  Node operand = ParseBinary(kPowerPrecedence);
  if (!operand) {
    return nullptr;
  }
  if (auto* const number = std::get_if<NumberLiteral>(&operand->node)) {
    number->value = is_negative ? -number->value : number->value;
    operand->begin = sign.offset;
    return operand;
  }
  Unary unary{is_negative, std::move(operand)};
  reader_.NoteType(CheckUnary(unary, sign.offset));
  return MakeNode(sign.offset, std::move(unary));
}

Node Parser::ParsePrimary() {
  switch (reader_.kind()) {
    case Kind::kNumber:
    case Kind::kDuration:
      return ParseNumber();
    case Kind::kString: {
      const Token token = reader_.Take();
      return MakeNode(token.offset, StringLiteral{ScanString(token.text).value});
    }
    case Kind::kLeftParenthesis:
      return ParseParenthesis();
    case Kind::kLeftBrace:
      return selectors_.ParseSelector();
    default:
      break;
  }
  if (IsMetricName(reader_.kind())) {
    return ParseWord();
  }
  reader_.Unexpected(kOperand);
  return nullptr;
}

Node Parser::ParseWord() {
  const Kind next = reader_.KindAfter();
  const bool is_called = next == Kind::kLeftParenthesis;
  if (reader_.kind() == Kind::kAggregator &&
      (is_called || next == Kind::kBy || next == Kind::kWithout)) {
    return ParseAggregation();
  }
  if (is_called && IsFunctionName(reader_.kind())) {
    return ParseCall();
  }
  return selectors_.ParseSelector();
}

Node Parser::ParseNumber() {
  const Token token = reader_.Peek();
  const auto value = ParseNumberToken(&reader_);
  return value ? MakeNode(token.offset, NumberLiteral{*value, token.kind == Kind::kDuration})
               : nullptr;
}

Node Parser::ParseParenthesis() {
  const std::size_t begin = reader_.Take().offset;
  Node inner = ParseBinary(kLowestPrecedence);
  if (!inner || !reader_.Expect(Kind::kRightParenthesis, "an operator or \")\"")) {
    return nullptr;
  }
  return MakeNode(begin, Parenthesis{std::move(inner)});
}

Node Parser::ParseCall() {
  const Token name = reader_.Take();
  auto arguments = ParseArguments();
  if (!arguments) {
    return nullptr;
  }
  const FunctionSignature* const signature = FindSignature(name.text);
  if (signature == nullptr) {
    return Fail(name.offset, "unknown function with name " + QuoteCanonical(name.text) +
                                 SuggestionFor(name.text));
  }
  if (signature->experimental && experimental_ == Experimental::kRefused) {
    return Fail(name.offset,
                "function " + QuoteCanonical(name.text) + " is experimental and not enabled");
  }
  Call call{std::string(name.text), *std::move(arguments)};
  reader_.NoteType(CheckCall(call, *signature, name.offset));
  return MakeNode(name.offset, std::move(call));
}

Node Parser::ParseAggregation() {
  const Token name = reader_.Take();
  Aggregation aggregation;
  aggregation.operation = Lower(name.text);
  const bool is_grouped = reader_.kind() != Kind::kLeftParenthesis;
  if (is_grouped && !ParseGrouping(&aggregation)) {
    return nullptr;
  }
  auto arguments = ParseArguments();
  if (!arguments) {
    return nullptr;
  }
  const bool is_grouped_behind =
      !is_grouped && (reader_.kind() == Kind::kBy || reader_.kind() == Kind::kWithout);
  if (is_grouped_behind && !ParseGrouping(&aggregation)) {
    return nullptr;
  }
  return MakeAggregation(name.offset, std::move(aggregation), *std::move(arguments));
}

Node Parser::MakeAggregation(std::size_t begin, Aggregation aggregation,
                             std::vector<ExpressionPtr> arguments) {
  const std::string& operation = aggregation.operation;
  if (experimental_ == Experimental::kRefused &&
      (operation == "limitk" || operation == "limit_ratio")) {
    return Fail(begin, operation + "() is experimental and not enabled");
  }
  const std::size_t expected = TakesParameter(operation) ? 2 : 1;
  if (arguments.size() != expected) {
    return Fail(begin, "expected " + std::to_string(expected) + " argument(s) in " +
                           QuoteCanonical(operation) + ", got " + std::to_string(arguments.size()));
  }
  aggregation.argument = std::move(arguments.back());
  if (expected == 2) {
    aggregation.parameter = std::move(arguments.front());
  }
  reader_.NoteType(CheckAggregation(aggregation));
  return MakeNode(begin, std::move(aggregation));
}

bool Parser::ParseGrouping(Aggregation* aggregation) {
  aggregation->without = reader_.Take().kind == Kind::kWithout;
  auto labels = ParseLabels();
  if (!labels) {
    return false;
  }
  aggregation->labels = *std::move(labels);
  return true;
}

std::optional<std::vector<ExpressionPtr>> Parser::ParseArguments() {
  std::vector<ExpressionPtr> arguments;
  if (!reader_.Expect(Kind::kLeftParenthesis, "\"(\"")) {
    return std::nullopt;
  }
  if (reader_.Accept(Kind::kRightParenthesis)) {
    return arguments;
  }
  do {
    Node argument = ParseBinary(kLowestPrecedence);
    if (!argument) {
      return std::nullopt;
    }
    arguments.push_back(std::move(argument));
  } while (reader_.Accept(Kind::kComma));
  if (!reader_.Expect(Kind::kRightParenthesis, "an operator, \",\" or \")\"")) {
    return std::nullopt;
  }
  return arguments;
}

std::optional<Labels> Parser::ParseLabels() {
  Labels labels;
  if (!reader_.Expect(Kind::kLeftParenthesis, "\"(\"")) {
    return std::nullopt;
  }
  while (!reader_.Accept(Kind::kRightParenthesis)) {
    if (!ParseLabel(&labels)) {
      return std::nullopt;
    }
    if (reader_.Accept(Kind::kComma)) {
      continue;
    }
    if (reader_.Expect(Kind::kRightParenthesis, "\",\" or \")\"")) {
      break;
    }
    return std::nullopt;
  }
  return labels;
}

bool Parser::ParseLabel(Labels* labels) {
  if (reader_.kind() != Kind::kString && !IsLabel(reader_.kind())) {
    return reader_.Unexpected("a label or \")\"");
  }
  const Token token = reader_.Take();
  std::string label =
      token.kind == Kind::kString ? ScanString(token.text).value : std::string(token.text);
  if (!IsValidLabel(label)) {
    return reader_.Fail(token.offset, "invalid label name " + QuoteCanonical(label));
  }
  labels->push_back(std::move(label));
  return true;
}

ParseError ToError(std::string_view text, const Problem& problem) {
  ParseError error;
  error.offset = problem.offset;
  error.message = problem.message;
  const std::string_view before = text.substr(0, problem.offset);
  error.line += static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t line_feed = before.rfind('\n');
  error.column = problem.offset - (line_feed == std::string_view::npos ? 0 : line_feed + 1) + 1;
  return error;
}

}  // namespace

tl::expected<ExpressionPtr, ParseError> Parse(std::string_view text, const RegexCheck& check_regex,
                                              Experimental experimental) {
  if (text.size() > kQueryTextBytes) {
    return tl::unexpected(ToError(
        text, {kQueryTextBytes, "longer than " + std::to_string(kQueryTextBytes) + " bytes"}));
  }
  Parser parser(text, &check_regex, experimental);
  Node node = parser.Run();
  if (!node) {
    return tl::unexpected(ToError(text, *parser.problem()));
  }
  return node;
}

}  // namespace promtally::promql
