// SPDX-License-Identifier: Apache-2.0
#include "promql/token_reader.h"

#include <utility>

#include "promql/characters.h"
#include "promql/string_literal.h"
#include "promtally/promql/parser.h"

namespace promtally::promql {

namespace {

/// The token as a message shows it; long ones are cut.
std::string Describe(const Token& token) {
  if (token.kind == TokenKind::kEnd) {
    return "end of input";
  }
  const bool is_string = token.kind == TokenKind::kString;
  const std::string text = is_string ? ScanString(token.text).value : std::string(token.text);
  constexpr std::size_t kLongest = 32;
  std::size_t size = 0;
  while (size < text.size() && size < kLongest) {
    size += DecodeCodePoint(std::string_view(text).substr(size)).size;
  }
  return (is_string ? "string " : "") + QuoteCanonical(text.substr(0, size)) +
         (size < text.size() ? "…" : "");
}

}  // namespace

TokenKind TokenReader::KindAfter() const {
  return next_ + 1 < words_.tokens.size() ? words_.tokens[next_ + 1].kind : TokenKind::kEnd;
}

Token TokenReader::Take() {
  const Token token = Peek();
  if (next_ + 1 < words_.tokens.size()) {
    ++next_;
  }
  return token;
}

bool TokenReader::Accept(TokenKind kind) {
  if (Peek().kind != kind) {
    return false;
  }
  Take();
  return true;
}

bool TokenReader::Expect(TokenKind kind, std::string_view expected) {
  return Accept(kind) || Unexpected(expected);
}

bool TokenReader::Unexpected(std::string_view expected) {
  const Token& token = Peek();
  if (token.kind == TokenKind::kError) {
    return Fail(token.offset, words_.error);
  }
  return Fail(token.offset,
              "unexpected " + Describe(token) + ", expected " + std::string(expected));
}

bool TokenReader::Fail(std::size_t offset, std::string message) {
  if (!syntax_problem_) {
    syntax_problem_ = Problem{offset, std::move(message)};
  }
  return false;
}

void TokenReader::NoteType(std::optional<Problem> problem) {
  if (problem && !type_problem_) {
    type_problem_ = std::move(problem);
  }
}

bool TokenReader::Enter() {
  return ++depth_ <= kNestingLevels ||
         Fail(Peek().offset, "nested deeper than " + std::to_string(kNestingLevels) + " levels");
}

bool TokenReader::CountOperator() {
  return ++operators_ <= kOperators ||
         Fail(Peek().offset, "more than " + std::to_string(kOperators) + " operators");
}

}  // namespace promtally::promql
