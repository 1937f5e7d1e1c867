// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/expression.h"

#include <cstdint>
#include <utility>

namespace promtally::promql {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";
/// U+FFFD: as it is, Prometheus' lexer takes it for broken UTF-8.
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

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

std::string Join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    text += text.empty() ? "" : ", ";
    text += part;
  }
  return text;
}

struct Printer {
  std::string operator()(const Selector& selector) const {
    std::string text = selector.metric + "{";
    for (std::size_t i = 0; i < selector.matchers.size(); ++i) {
      const Matcher& matcher = selector.matchers[i];
      text += i == 0 ? "" : ", ";
      text += matcher.name;
      text += TextOf(matcher.op);
      text += Quote(matcher.value);
    }
    text += "}";
    if (selector.range.count() > 0) {
      text += "[" + std::to_string(selector.range.count()) + "s]";
    }
    return text;
  }
  std::string operator()(const Call& call) const {
    return call.function + "(" + Print(*call.argument) + ")";
  }
  std::string operator()(const Aggregation& aggregation) const {
    return aggregation.operation + "(" + Print(*aggregation.argument) + ") by (" +
           Join(aggregation.by) + ")";
  }
};

}  // namespace

ExpressionPtr MakeSelector(Selector selector) {
  return std::make_unique<const Expression>(Expression{std::move(selector)});
}

ExpressionPtr MakeCall(std::string function, ExpressionPtr argument) {
  return std::make_unique<const Expression>(
      Expression{Call{std::move(function), std::move(argument)}});
}

ExpressionPtr MakeAggregation(std::string operation, ExpressionPtr argument,
                              std::vector<std::string> by) {
  return std::make_unique<const Expression>(
      Expression{Aggregation{std::move(operation), std::move(argument), std::move(by)}});
}

std::string Print(const Expression& expression) { return std::visit(Printer{}, expression.node); }

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    // U+0080 to U+009F are the two bytes C2 80 to C2 9F.
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xA0;
    if (byte == '\\' || byte == '"') {
      quoted += '\\';
      quoted += text[i];
    } else if (byte == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += "\\x";
      quoted += kHex[byte >> 4];
      quoted += kHex[byte & 15];
    } else if (c1) {
      const auto low = static_cast<std::uint8_t>(text[++i]);
      quoted += "\\u00";
      quoted += kHex[low >> 4];
      quoted += kHex[low & 15];
    } else if (text.substr(i, kReplacement.size()) == kReplacement) {
      quoted += "\\ufffd";
      i += kReplacement.size() - 1;
    } else {
      quoted += text[i];
    }
  }
  return quoted + "\"";
}

std::string QuoteRegex(std::string_view text) {
  static constexpr std::string_view kSpecial = "\\.+*?()|[]{}^$";
  std::string quoted;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted;
}

}  // namespace promtally::promql
