// SPDX-License-Identifier: Apache-2.0
#include "promql/selector_parser.h"

#include <cmath>
#include <limits>
#include <utility>

#include "promql/characters.h"
#include "promql/string_literal.h"

namespace promtally::promql {

namespace {

using Kind = TokenKind;

constexpr std::string_view kNameLabel = "__name__";

std::optional<MatchOperator> MatchOperatorOf(Kind kind) {
  switch (kind) {
    case Kind::kAssign:
      return MatchOperator::kEqual;
    case Kind::kNotEqual:
      return MatchOperator::kNotEqual;
    case Kind::kRegexMatch:
      return MatchOperator::kRegex;
    case Kind::kRegexDiffer:
      return MatchOperator::kNotRegex;
    default:
      return std::nullopt;
  }
}

/// Where the time of a selector or subquery is set; nullptr for every other node.
TimeShift* ShiftOf(Expression* expression) {
  if (auto* selector = std::get_if<Selector>(&expression->node)) {
    return &selector->shift;
  }
  auto* subquery = std::get_if<Subquery>(&expression->node);
  return subquery == nullptr ? nullptr : &subquery->shift;
}

std::int64_t ToMilliseconds(double seconds) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const double milliseconds = std::round(seconds * 1000);
  if (std::abs(milliseconds) < static_cast<double>(kMost)) {
    return static_cast<std::int64_t>(milliseconds);
  }
  return seconds < 0 ? -kMost : kMost;
}

}  // namespace

Node SelectorParser::ParseSelector() {
  auto node = std::make_unique<Expression>();
  node->begin = reader_->Peek().offset;
  Selector selector;
  bool selects_something = false;
  if (reader_->kind() != Kind::kLeftBrace) {
    selector.metric = reader_->Take().text;
    selects_something = true;
  }
  if (reader_->Accept(Kind::kLeftBrace) &&
      !ParseMatchers(node->begin, &selector, &selects_something)) {
    return nullptr;
  }
  if (!selects_something) {
    reader_->NoteType(
        Problem{node->begin, "vector selector must contain at least one non-empty matcher"});
  }
  node->node = std::move(selector);
  return node;
}

bool SelectorParser::ParseMatchers(std::size_t begin, Selector* selector, bool* selects_something) {
  while (!reader_->Accept(Kind::kRightBrace)) {
    auto read = ParseMatcher();
    if (!read) {
      return false;
    }
    if (!selector->metric.empty() && read->matcher.name == kNameLabel) {
      reader_->NoteType(
          Problem{begin, "metric name must not be set twice: " + QuoteCanonical(selector->metric) +
                             " and " + QuoteCanonical(read->matcher.value)});
    }
    *selects_something = *selects_something || !read->matches_empty;
    selector->matchers.push_back(std::move(read->matcher));
    if (!reader_->Accept(Kind::kComma)) {
      return reader_->Expect(Kind::kRightBrace, "\",\" or \"}\"");
    }
  }
  return true;
}

std::optional<SelectorParser::ReadMatcher> SelectorParser::ParseMatcher() {
  const bool is_quoted = reader_->kind() == Kind::kString;
  if (!is_quoted && reader_->kind() != Kind::kIdentifier) {
    reader_->Unexpected("a label name or \"}\"");
    return std::nullopt;
  }
  const Token name = reader_->Take();
  ReadMatcher read;
  read.matcher.name = is_quoted ? ScanString(name.text).value : std::string(name.text);
  const auto op = MatchOperatorOf(reader_->kind());
  if (!op && is_quoted && reader_->kind() != Kind::kError) {
    // A name without an operator is the metric's.
    read.matcher.value = std::exchange(read.matcher.name, std::string(kNameLabel));
    read.matches_empty = read.matcher.value.empty();
    return read;
  }
  if (!op) {
    reader_->Unexpected("one of = != =~ !~");
    return std::nullopt;
  }
  reader_->Take();
  if (reader_->kind() != Kind::kString) {
    reader_->Unexpected("a string");
    return std::nullopt;
  }
  read.matcher.op = *op;
  read.matcher.value = ScanString(reader_->Take().text).value;
  const bool is_regex = *op == MatchOperator::kRegex || *op == MatchOperator::kNotRegex;
  if (is_regex) {
    return JudgeRegex(name.offset, std::move(read.matcher));
  }
  read.matches_empty = read.matcher.value.empty() == (*op == MatchOperator::kEqual);
  return read;
}

std::optional<SelectorParser::ReadMatcher> SelectorParser::JudgeRegex(std::size_t begin,
                                                                      Matcher matcher) {
  RegexVerdict verdict;
  verdict.matches_empty = matcher.value.empty();
  if (*check_regex_) {
    verdict = (*check_regex_)(matcher.value);
  }
  if (!verdict.error.empty()) {
    reader_->Fail(begin,
                  "bad regular expression " + QuoteCanonical(matcher.value) + ": " + verdict.error);
    return std::nullopt;
  }
  const bool negates = matcher.op == MatchOperator::kNotRegex;
  return ReadMatcher{std::move(matcher), verdict.matches_empty != negates};
}

Node SelectorParser::ParseModifiers(Node node) {
  while (node) {
    switch (reader_->kind()) {
      case Kind::kLeftBracket:
        node = ParseBrackets(std::move(node));
        break;
      case Kind::kOffset:
        node = ParseOffset(std::move(node));
        break;
      case Kind::kAt:
        node = ParseAt(std::move(node));
        break;
      case Kind::kAnchored:
      case Kind::kSmoothed:
        node = ParseEdges(std::move(node));
        break;
      default:
        return node;
    }
  }
  return node;
}

Node SelectorParser::ParseBrackets(Node node) {
  const std::size_t bracket = reader_->Take().offset;
  auto range = durations_.ParseRange();
  if (!range) {
    return nullptr;
  }
  if (reader_->Accept(Kind::kRightBracket)) {
    if (!CheckRange(*node, bracket)) {
      return nullptr;
    }
    std::get<Selector>(node->node).range = *std::move(range);
    return node;
  }
  if (!reader_->Expect(Kind::kColon, "\":\" or \"]\"") || !reader_->CountOperator()) {
    return nullptr;
  }
  Subquery subquery;
  if (reader_->kind() != Kind::kRightBracket) {
    auto step = durations_.ParseRange();
    if (!step) {
      return nullptr;
    }
    subquery.step = *std::move(step);
  }
  if (!reader_->Expect(Kind::kRightBracket, "\"]\"")) {
    return nullptr;
  }
  const ValueType type = TypeOf(*node);
  if (type != ValueType::kVector) {
    reader_->NoteType(Problem{node->begin, "a subquery is only allowed on an instant vector, got " +
                                               std::string(TextOf(type))});
  }
  auto outer = std::make_unique<Expression>();
  outer->begin = node->begin;
  subquery.range = *std::move(range);
  subquery.argument = std::move(node);
  outer->node = std::move(subquery);
  return outer;
}

bool SelectorParser::CheckRange(const Expression& node, std::size_t bracket) {
  const auto* const selector = std::get_if<Selector>(&node.node);
  if (selector == nullptr || selector->range.IsSet()) {
    return reader_->Fail(bracket, "ranges are only allowed behind a vector selector");
  }
  if (selector->shift.offset.IsSet()) {
    return reader_->Fail(bracket, "the offset stands behind the range");
  }
  if (selector->shift.at.kind != At::Kind::kNone) {
    return reader_->Fail(bracket, "the @ modifier stands behind the range");
  }
  return true;
}

Node SelectorParser::ParseOffset(Node node) {
  reader_->Take();
  auto offset = durations_.ParseOffset();
  if (!offset) {
    return nullptr;
  }
  TimeShift* const shift = ShiftOf(node.get());
  if (shift == nullptr) {
    reader_->Fail(node->begin, "offset is only allowed behind a selector or a subquery");
    return nullptr;
  }
  if (shift->offset.IsSet()) {
    reader_->Fail(node->begin, "offset may not be set multiple times");
    return nullptr;
  }
  shift->offset = *std::move(offset);
  return node;
}

Node SelectorParser::ParseAt(Node node) {
  reader_->Take();
  At at;
  if (!ParseInstant(&at)) {
    return nullptr;
  }
  TimeShift* const shift = ShiftOf(node.get());
  if (shift == nullptr) {
    reader_->Fail(node->begin, "@ is only allowed behind a selector or a subquery");
    return nullptr;
  }
  if (shift->at.kind != At::Kind::kNone) {
    reader_->Fail(node->begin, "@ may not be set multiple times");
    return nullptr;
  }
  shift->at = at;
  return node;
}

bool SelectorParser::ParseInstant(At* at) {
  if (reader_->kind() == Kind::kStart || reader_->kind() == Kind::kEndOfRange) {
    at->kind = reader_->Take().kind == Kind::kStart ? At::Kind::kStart : At::Kind::kEnd;
    return reader_->Expect(Kind::kLeftParenthesis, "\"(\"") &&
           reader_->Expect(Kind::kRightParenthesis, "\")\"");
  }
  const std::size_t begin = reader_->Peek().offset;
  const bool is_negative = reader_->kind() == Kind::kSubtract;
  if (is_negative || reader_->kind() == Kind::kAdd) {
    reader_->Take();
  }
  if (reader_->kind() != Kind::kNumber && reader_->kind() != Kind::kDuration) {
    return reader_->Unexpected("a timestamp, start() or end()");
  }
  const auto seconds = ParseNumberToken(reader_);
  if (!seconds) {
    return false;
  }
  if (!(std::abs(*seconds) < static_cast<double>(std::numeric_limits<std::int64_t>::max()))) {
    return reader_->Fail(begin, "the timestamp is out of bounds");
  }
  at->kind = At::Kind::kInstant;
  at->unix_milliseconds = ToMilliseconds(is_negative ? -*seconds : *seconds);
  return true;
}

Node SelectorParser::ParseEdges(Node node) {
  const Token word = reader_->Take();
  const RangeEdges edges =
      word.kind == Kind::kAnchored ? RangeEdges::kAnchored : RangeEdges::kSmoothed;
  auto* const selector = std::get_if<Selector>(&node->node);
  if (selector == nullptr) {
    reader_->Fail(node->begin, Lower(word.text) + " is only allowed behind a selector");
    return nullptr;
  }
  if (selector->edges != RangeEdges::kPlain && selector->edges != edges) {
    reader_->Fail(node->begin, "anchored and smoothed cannot be used together");
    return nullptr;
  }
  selector->edges = edges;
  return node;
}

}  // namespace promtally::promql
