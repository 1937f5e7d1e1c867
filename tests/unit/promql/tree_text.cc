// SPDX-License-Identifier: Apache-2.0
#include "unit/promql/tree_text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace promtally::promql {

namespace {

std::string TextOfLength(const Duration& duration) {
  return duration.expression.empty() ? std::to_string(duration.length.count())
                                     : "<" + duration.expression + ">";
}

std::string TextOfShift(const TimeShift& shift) {
  std::string text;
  if (shift.offset.IsSet()) {
    text += " offset " + TextOfLength(shift.offset);
  }
  if (shift.at.kind != At::Kind::kNone) {
    text += fmt::format(" @{}:{}", static_cast<int>(shift.at.kind), shift.at.unix_milliseconds);
  }
  return text;
}

struct TreeWriter {
  std::string operator()(const NumberLiteral& number) const {
    return fmt::format("{}{}", number.value, number.is_duration ? "s" : "");
  }
  std::string operator()(const StringLiteral& text) const { return Quote(text.value); }
  std::string operator()(const Selector& selector) const {
    // Canonical text sorts the matchers; their order means nothing.
    std::vector<std::string> matchers;
    for (const Matcher& matcher : selector.matchers) {
      matchers.push_back(fmt::format("{:?<3}{}", static_cast<int>(matcher.op),
                                     matcher.name + "\t" + matcher.value));
    }
    std::sort(matchers.begin(), matchers.end());
    std::string text = fmt::format("{}{{{}}}", selector.metric, fmt::join(matchers, ","));
    if (selector.range.IsSet()) {
      text += "[" + TextOfLength(selector.range) + "]";
    }
    text += std::string(static_cast<std::size_t>(selector.edges), '!');
    return text + TextOfShift(selector.shift);
  }
  std::string operator()(const Subquery& subquery) const {
    return fmt::format("(subquery {} {} {}{})", TreeText(*subquery.argument),
                       TextOfLength(subquery.range), TextOfLength(subquery.step),
                       TextOfShift(subquery.shift));
  }
  std::string operator()(const Call& call) const {
    std::string text = "(" + call.function;
    for (const ExpressionPtr& argument : call.arguments) {
      text += " " + TreeText(*argument);
    }
    return text + ")";
  }
  std::string operator()(const Aggregation& aggregation) const {
    return fmt::format("({} {}{} {} {})", aggregation.operation,
                       aggregation.without ? "without" : "by", aggregation.labels,
                       aggregation.parameter ? TreeText(*aggregation.parameter) : "none",
                       TreeText(*aggregation.argument));
  }
  std::string operator()(const Binary& binary) const {
    std::string matching;
    const VectorMatching& rule = binary.matching;
    if (rule.on || !rule.labels.empty()) {
      matching = fmt::format(" {}{} {}{}", rule.on, rule.labels, static_cast<int>(rule.group),
                             rule.include);
    }
    return fmt::format("({}{}{} {} {})", TextOf(binary.op), binary.return_bool ? " bool" : "",
                       matching, TreeText(*binary.left), TreeText(*binary.right));
  }
  std::string operator()(const Unary& unary) const {
    return fmt::format("({} {})", unary.negative ? "negative" : "positive",
                       TreeText(*unary.argument));
  }
  std::string operator()(const Parenthesis& parenthesis) const {
    return fmt::format("(paren {})", TreeText(*parenthesis.argument));
  }
};

}  // namespace

std::string TreeText(const Expression& expression) {
  return std::visit(TreeWriter{}, expression.node);
}

}  // namespace promtally::promql
