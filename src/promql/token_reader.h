// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "promql/lexer.h"
#include "promtally/promql/expression.h"

namespace promtally::promql {

/// A node that its parser may still change; null: parsing has failed.
using Node = std::unique_ptr<Expression>;

struct Problem {
  std::size_t offset = 0;
  std::string message;
};

/// The tokens of a text, read one after the other, and what went wrong. The first problem of the
/// syntax ends parsing. A problem of types is kept until the syntax is known to be right, as
/// Prometheus does.
class TokenReader {
 public:
  explicit TokenReader(std::string_view text) : words_(SplitIntoTokens(text)) {}

  [[nodiscard]] const Token& Peek() const { return words_.tokens[next_]; }
  [[nodiscard]] TokenKind kind() const { return Peek().kind; }
  /// The kind of the token after the next one; kEnd behind the last.
  [[nodiscard]] TokenKind KindAfter() const;
  /// The last token is never passed.
  Token Take();
  /// Takes the next token if it is of this kind.
  bool Accept(TokenKind kind);

  /// All of these return false, so that a failure is one statement.
  bool Expect(TokenKind kind, std::string_view expected);
  bool Unexpected(std::string_view expected);
  bool Fail(std::size_t offset, std::string message);
  void NoteType(std::optional<Problem> problem);

  /// One more level of nesting, or one more operator; false when there are too many.
  bool Enter();
  void Leave() { --depth_; }
  bool CountOperator();

  [[nodiscard]] const std::optional<Problem>& problem() const {
    return syntax_problem_ ? syntax_problem_ : type_problem_;
  }

 private:
  Tokens words_;
  std::size_t next_ = 0;
  std::size_t depth_ = 0;
  std::size_t operators_ = 0;
  std::optional<Problem> syntax_problem_;
  std::optional<Problem> type_problem_;
};

}  // namespace promtally::promql
