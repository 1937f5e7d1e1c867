// SPDX-License-Identifier: Apache-2.0
#include "promql/duration_parser.h"

#include <cstdint>
#include <utility>

#include "promql/characters.h"
#include "promql/number_literal.h"

namespace promtally::promql {

namespace {

using Kind = TokenKind;
using std::chrono::nanoseconds;

constexpr std::string_view kExpected = "a duration such as 5m";
constexpr int kLowest = 1;
constexpr int kPower = 3;

/// Zero for what is no operator between durations.
int PrecedenceOf(Kind kind) {
  switch (kind) {
    case Kind::kAdd:
    case Kind::kSubtract:
      return kLowest;
    case Kind::kMultiply:
    case Kind::kDivide:
    case Kind::kModulo:
      return 2;
    case Kind::kPower:
      return kPower;
    default:
      return 0;
  }
}

bool IsSign(Kind kind) { return kind == Kind::kAdd || kind == Kind::kSubtract; }
bool IsLiteral(Kind kind) { return kind == Kind::kNumber || kind == Kind::kDuration; }
bool IsFunction(Kind kind) {
  return kind == Kind::kStep || kind == Kind::kRange || kind == Kind::kMaxOrMinOf;
}

std::optional<nanoseconds> ReadDurationToken(TokenReader* reader, const Token& token) {
  const auto duration = ReadDuration(token.text);
  if (!duration) {
    reader->Fail(token.offset, "bad duration " + QuoteCanonical(token.text) +
                                   ", expected units y w d h m s ms, each once and in this order, "
                                   "at most 292 years");
  }
  return duration;
}

}  // namespace

std::optional<double> ParseNumberToken(TokenReader* reader) {
  const Token token = reader->Take();
  if (token.kind == Kind::kNumber) {
    const auto number = ReadNumber(token.text);
    if (!number) {
      reader->Fail(token.offset, "bad number " + QuoteCanonical(token.text));
    }
    return number;
  }
  const auto duration = ReadDurationToken(reader, token);
  if (!duration) {
    return std::nullopt;
  }
  // Whole seconds and the rest apart, as a server adds them.
  constexpr auto kSecond = nanoseconds(std::chrono::seconds(1)).count();
  const std::int64_t seconds = duration->count() / kSecond;
  return static_cast<double>(seconds) +
         static_cast<double>(duration->count() % kSecond) / static_cast<double>(kSecond);
}

void DurationParser::SetText(Term* literal) {
  literal->text =
      literal->is_duration ? PrintDuration(literal->length) : PrintNumber(*literal->seconds);
}

Duration DurationParser::ToDuration(const Term& term) {
  Duration duration;
  if (term.seconds) {
    duration.length = term.length;
  } else {
    duration.expression = term.text;
  }
  return duration;
}

std::optional<Duration> DurationParser::ParseRange() {
  const auto term = ParseBinary(kLowest);
  if (!term) {
    return std::nullopt;
  }
  if (term->seconds && *term->seconds <= 0) {
    reader_->Fail(term->begin, "the duration must be greater than 0");
    return std::nullopt;
  }
  Duration range = ToDuration(*term);
  if (!range.IsSet()) {
    range.length = nanoseconds(1);  // above zero, and rounded to it
  }
  return range;
}

std::optional<Duration> DurationParser::ParseOffset() {
  const Kind after_sign = IsSign(reader_->kind()) ? reader_->KindAfter() : reader_->kind();
  std::optional<Term> term;
  if (IsLiteral(after_sign) || IsFunction(after_sign) ||
      (IsSign(reader_->kind()) && after_sign == Kind::kLeftParenthesis)) {
    const std::optional<Token> sign =
        IsSign(reader_->kind()) ? std::optional<Token>(reader_->Take()) : std::nullopt;
    term = ParsePrimary();
    if (sign) {
      term = Signed(*sign, std::move(term));
    }
  } else {
    term = ParseBinary(kLowest);
  }
  if (term && term->is_operation && term->text.front() != '(') {
    // Two signs (`offset - -5m + 1m`) begin an operation that its text would not.
    term->text = "(" + term->text + ")";
  }
  return term ? std::optional<Duration>(ToDuration(*term)) : std::nullopt;
}

std::optional<DurationParser::Term> DurationParser::ParseBinary(int lowest) {
  if (!reader_->Enter()) {
    return std::nullopt;
  }
  auto term = ContinueBinary(ParseUnary(), lowest);
  reader_->Leave();
  return term;
}

std::optional<DurationParser::Term> DurationParser::ContinueBinary(std::optional<Term> left,
                                                                   int lowest) {
  while (left) {
    const int precedence = PrecedenceOf(reader_->kind());
    if (precedence == 0 || precedence < lowest) {
      break;
    }
    const Token op = reader_->Take();
    const auto right = ParseBinary(precedence == kPower ? precedence : precedence + 1);
    left = right ? Combine(*std::move(left), op, *right) : std::nullopt;
  }
  return left;
}

std::optional<DurationParser::Term> DurationParser::Combine(Term left, const Token& op,
                                                            const Term& right) {
  const bool divides = op.kind == Kind::kDivide || op.kind == Kind::kModulo;
  if (divides && right.seconds && *right.seconds == 0) {
    reader_->Fail(op.offset, "division by zero");
    return std::nullopt;
  }
  // Appended to, so that a long chain is read in linear time.
  left.text += " " + std::string(op.text) + " ";
  left.text += right.text;
  left.seconds.reset();
  left.has_parentheses = false;
  left.is_operation = true;
  return left;
}

std::optional<DurationParser::Term> DurationParser::ParseUnary() {
  if (!IsSign(reader_->kind())) {
    return ParsePrimary();
  }
  const Token sign = reader_->Take();
  // A power binds closer than a sign, everything else does not.
  return Signed(sign, ParseBinary(kPower));
}

std::optional<DurationParser::Term> DurationParser::Signed(const Token& sign,
                                                           std::optional<Term> term) {
  if (!term) {
    return term;
  }
  const bool is_negative = sign.kind == Kind::kSubtract;
  term->begin = sign.offset;
  if (term->seconds) {
    term->seconds = is_negative ? -*term->seconds : *term->seconds;
    term->length = is_negative ? -term->length : term->length;
    SetText(&*term);
  } else if (is_negative) {
    term->text.insert(0, 1, '-');
    term->has_parentheses = false;
  }
  return term;
}

std::optional<DurationParser::Term> DurationParser::ParsePrimary() {
  if (IsLiteral(reader_->kind())) {
    return ParseLiteral();
  }
  if (IsFunction(reader_->kind())) {
    return ParseFunction();
  }
  if (reader_->kind() == Kind::kLeftParenthesis) {
    return ParseParentheses();
  }
  reader_->Unexpected(kExpected);
  return std::nullopt;
}

std::optional<DurationParser::Term> DurationParser::ParseLiteral() {
  Term term;
  term.begin = reader_->Peek().offset;
  term.is_duration = reader_->kind() == Kind::kDuration;
  if (term.is_duration) {
    // Read once more: the seconds as a double are not exact.
    const auto length = ReadDurationToken(reader_, reader_->Peek());
    if (!length) {
      return std::nullopt;
    }
    term.length = *length;
  }
  term.seconds = ParseNumberToken(reader_);
  if (!term.seconds) {
    return std::nullopt;
  }
  if (!IsDurationInRange(*term.seconds)) {
    reader_->Fail(term.begin, "the duration is out of range, at most 292 years are allowed");
    return std::nullopt;
  }
  if (!term.is_duration) {
    term.length = FromSeconds(*term.seconds);
  }
  SetText(&term);
  return term;
}

std::optional<DurationParser::Term> DurationParser::ParseFunction() {
  const Token name = reader_->Take();
  Term term;
  term.begin = name.offset;
  term.text = Lower(name.text) + "(";
  if (!reader_->Expect(Kind::kLeftParenthesis, "\"(\"")) {
    return std::nullopt;
  }
  if (name.kind == Kind::kMaxOrMinOf) {
    const auto first = ParseBinary(kLowest);
    if (!first || !reader_->Expect(Kind::kComma, "\",\"")) {
      return std::nullopt;
    }
    const auto second = ParseBinary(kLowest);
    if (!second) {
      return std::nullopt;
    }
    term.text += first->text + ", " + second->text;
  }
  if (!reader_->Expect(Kind::kRightParenthesis, "\")\"")) {
    return std::nullopt;
  }
  term.text += ")";
  return term;
}

std::optional<DurationParser::Term> DurationParser::ParseParentheses() {
  const Token open = reader_->Take();
  auto term = ParseBinary(kLowest);
  if (!term || !reader_->Expect(Kind::kRightParenthesis, "\")\"")) {
    return std::nullopt;
  }
  // Even around a literal parentheses make an expression, and several are one.
  if (!term->has_parentheses) {
    term->text = "(" + term->text + ")";
  }
  term->seconds.reset();
  term->has_parentheses = true;
  term->is_operation = false;
  term->begin = open.offset;
  return term;
}

}  // namespace promtally::promql
