// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <span>

#include "promql/characters.h"
#include "promql/grammar.h"
#include "promql/number_literal.h"
#include "promtally/promql/expression.h"

namespace promtally::promql {

namespace {

using std::chrono::nanoseconds;

enum class Style { kCloudKitty, kCanonical };

std::string_view TextOf(MatchOperator op) {
  switch (op) {
    case MatchOperator::kEqual:
      return "=";
    case MatchOperator::kNotEqual:
      return "!=";
    case MatchOperator::kRegex:
      return "=~";
    case MatchOperator::kNotRegex:
      return "!~";
  }
  return "=";
}

std::string Join(std::span<const std::string> parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    text += i == 0 ? "" : separator;
    text += parts[i];
  }
  return text;
}

/// A label in a list. Some words are no labels without quotes, though they look like names.
std::string PrintLabel(const std::string& label) {
  return IsPlainName(label) && IsLabel(KindOfWord(label)) ? label : QuoteCanonical(label);
}

std::string PrintLabels(std::span<const std::string> labels) {
  std::vector<std::string> texts;
  texts.reserve(labels.size());
  std::transform(labels.begin(), labels.end(), std::back_inserter(texts), PrintLabel);
  return "(" + Join(texts, ", ") + ")";
}

std::string PrintLength(const Duration& duration) {
  if (!duration.expression.empty()) {
    return duration.expression;
  }
  // Milliseconds would make nothing of it.
  if (std::abs(duration.length.count()) < nanoseconds(std::chrono::milliseconds(1)).count()) {
    return PrintNumber(static_cast<double>(duration.length.count()) / 1e9);
  }
  return PrintDuration(duration.length);
}

std::string PrintAt(const At& at) {
  switch (at.kind) {
    case At::Kind::kNone:
      return "";
    case At::Kind::kInstant:
      return " @ " + PrintSeconds(at.unix_milliseconds);
    case At::Kind::kStart:
      return " @ start()";
    case At::Kind::kEnd:
      return " @ end()";
  }
  return "";
}

std::string PrintOffset(const Duration& offset) {
  return offset.IsSet() ? " offset " + PrintLength(offset) : "";
}

std::string_view PrintEdges(RangeEdges edges) {
  switch (edges) {
    case RangeEdges::kPlain:
      return "";
    case RangeEdges::kAnchored:
      return " anchored";
    case RangeEdges::kSmoothed:
      return " smoothed";
  }
  return "";
}

std::string PrintMatching(const VectorMatching& matching) {
  std::string text;
  const bool is_grouped = matching.group != VectorMatching::Group::kNone;
  if (matching.on || is_grouped || !matching.labels.empty()) {
    text += matching.on ? " on " : " ignoring ";
    text += PrintLabels(matching.labels);
  }
  if (is_grouped) {
    text += matching.group == VectorMatching::Group::kLeft ? " group_left " : " group_right ";
    text += PrintLabels(matching.include);
  }
  return text;
}

/// The offset that stands last in the text of an expression, if it is an operation of durations.
const std::string* LastOffset(const Expression& expression) {
  if (const auto* const binary = std::get_if<Binary>(&expression.node)) {
    return LastOffset(*binary->right);
  }
  if (const auto* const unary = std::get_if<Unary>(&expression.node)) {
    return LastOffset(*unary->argument);
  }
  if (const auto* const selector = std::get_if<Selector>(&expression.node)) {
    return &selector->shift.offset.expression;
  }
  const auto* const subquery = std::get_if<Subquery>(&expression.node);
  return subquery == nullptr ? nullptr : &subquery->shift.offset.expression;
}

/// An operator behind `offset (5m)` or `offset --(5m)` would be one of durations; behind
/// `offset +(5m)` it is not.
bool WouldGoOn(std::string_view offset) {
  return offset.substr(0, 1) == "(" || offset.substr(0, 2) == "--";
}

bool IsOneParenthesis(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (depth == 0) {
      return i + 1 == text.size();
    }
  }
  return false;
}

class Printer {
 public:
  explicit Printer(Style style) : style_(style) {}

  [[nodiscard]] std::string Print(const Expression& expression) const {
    return std::visit(*this, expression.node);
  }

  std::string operator()(const NumberLiteral& number) const {
    // Durations are whole milliseconds, which their seconds as a double no longer are.
    using std::chrono::milliseconds;
    return number.is_duration
               ? PrintDuration(std::chrono::round<milliseconds>(FromSeconds(number.value)))
               : PrintNumber(number.value);
  }
  std::string operator()(const StringLiteral& text) const { return QuoteCanonical(text.value); }
  std::string operator()(const Selector& selector) const {
    return style_ == Style::kCanonical ? PrintSelector(selector) : PrintCloudKitty(selector);
  }
  std::string operator()(const Subquery& subquery) const {
    const std::string step = subquery.step.IsSet() ? PrintLength(subquery.step) : "";
    return Print(*subquery.argument) + "[" + PrintLength(subquery.range) + ":" + step + "]" +
           PrintAt(subquery.shift.at) + PrintOffset(subquery.shift.offset);
  }
  std::string operator()(const Call& call) const {
    std::vector<std::string> arguments;
    for (const ExpressionPtr& argument : call.arguments) {
      arguments.push_back(Print(*argument));
    }
    return call.function + "(" + Join(arguments, ", ") + ")";
  }
  std::string operator()(const Aggregation& aggregation) const;
  std::string operator()(const Binary& binary) const {
    return PrintLeft(binary) + " " + std::string(promql::TextOf(binary.op)) +
           (binary.return_bool ? " bool" : "") + PrintMatching(binary.matching) + " " +
           Print(*binary.right);
  }
  std::string operator()(const Unary& unary) const {
    return (unary.negative ? "-" : "+") + Print(*unary.argument);
  }
  std::string operator()(const Parenthesis& parenthesis) const {
    return "(" + Print(*parenthesis.argument) + ")";
  }

 private:
  [[nodiscard]] std::string PrintLeft(const Binary& binary) const;
  static std::string PrintSelector(const Selector& selector);
  static std::string PrintCloudKitty(const Selector& selector);

  Style style_;
};

std::string Printer::PrintLeft(const Binary& binary) const {
  const auto* const number = std::get_if<NumberLiteral>(&binary.left->node);
  if (binary.op == BinaryOperator::kPower && number != nullptr && std::isinf(number->value) &&
      number->value > 0) {
    return "Inf";  // a sign would be that of the whole power
  }
  std::string text = Print(*binary.left);
  const std::string* const offset = LastOffset(*binary.left);
  if (offset != nullptr && binary.op <= BinaryOperator::kPower && WouldGoOn(*offset)) {
    text.resize(text.size() - offset->size());
    text += IsOneParenthesis(*offset) ? "+" + *offset : "+(" + *offset + ")";
  }
  return text;
}

std::string Printer::PrintSelector(const Selector& selector) {
  std::vector<std::string> matchers;
  for (const Matcher& matcher : selector.matchers) {
    const std::string name =
        IsPlainName(matcher.name) ? matcher.name : QuoteCanonical(matcher.name);
    matchers.push_back(name + std::string(TextOf(matcher.op)) + QuoteCanonical(matcher.value));
  }
  std::sort(matchers.begin(), matchers.end());
  std::string text = selector.metric;
  if (!matchers.empty()) {
    text += "{" + Join(matchers, ",") + "}";
  }
  const std::string edges(PrintEdges(selector.edges));
  const std::string at = PrintAt(selector.shift.at);
  if (selector.range.IsSet()) {
    text += "[" + PrintLength(selector.range) + "]" + edges + at;
  } else {
    text += at + edges;
  }
  return text + PrintOffset(selector.shift.offset);
}

std::string Printer::PrintCloudKitty(const Selector& selector) {
  std::vector<std::string> matchers;
  for (const Matcher& matcher : selector.matchers) {
    matchers.push_back(matcher.name + std::string(TextOf(matcher.op)) + Quote(matcher.value));
  }
  std::string text = selector.metric + "{" + Join(matchers, ", ") + "}";
  const auto seconds = std::chrono::floor<base::Seconds>(selector.range.length);
  if (seconds.count() > 0) {
    text += "[" + std::to_string(seconds.count()) + "s]";
  }
  return text;
}

std::string Printer::operator()(const Aggregation& aggregation) const {
  const std::string parameter = aggregation.parameter ? Print(*aggregation.parameter) + ", " : "";
  const std::string argument = "(" + parameter + Print(*aggregation.argument) + ")";
  if (style_ == Style::kCloudKitty) {
    return aggregation.operation + argument + " by (" + Join(aggregation.labels, ", ") + ")";
  }
  std::string clause;
  if (aggregation.without || !aggregation.labels.empty()) {
    clause = (aggregation.without ? " without " : " by ") + PrintLabels(aggregation.labels) + " ";
  }
  return aggregation.operation + clause + argument;
}

}  // namespace

std::string Print(const Expression& expression) {
  return Printer(Style::kCloudKitty).Print(expression);
}

std::string PrintCanonical(const Expression& expression) {
  return Printer(Style::kCanonical).Print(expression);
}

}  // namespace promtally::promql
