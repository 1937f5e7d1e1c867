// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "promql/token_reader.h"

namespace promtally::promql {

/// Reads lengths of time: literals, and the arithmetic on them that the server evaluates
/// (`5m + step()`). Every function is empty when parsing has failed.
class DurationParser {
 public:
  explicit DurationParser(TokenReader* reader) : reader_(reader) {}

  /// Inside brackets: any duration expression; a literal is above zero.
  std::optional<Duration> ParseRange();
  /// Behind `offset`: a literal, a function or parentheses, each with a sign. What follows a plain
  /// literal belongs to the expression around it: `x offset 5m * 2` is `(x offset 5m) * 2`.
  std::optional<Duration> ParseOffset();

 private:
  /// A literal has its seconds; everything has canonical text.
  struct Term {
    std::optional<double> seconds;
    std::chrono::nanoseconds length{0};  ///< of a literal, exact
    bool is_duration = false;
    bool has_parentheses = false;
    bool is_operation = false;  ///< `a + b` without parentheses around it
    std::string text;
    std::size_t begin = 0;
  };

  std::optional<Term> ParseBinary(int lowest);
  std::optional<Term> ContinueBinary(std::optional<Term> left, int lowest);
  std::optional<Term> Combine(Term left, const Token& op, const Term& right);
  std::optional<Term> ParseUnary();
  std::optional<Term> ParsePrimary();
  std::optional<Term> ParseLiteral();
  std::optional<Term> ParseFunction();
  std::optional<Term> ParseParentheses();
  std::optional<Term> Signed(const Token& sign, std::optional<Term> term);
  static void SetText(Term* literal);
  static Duration ToDuration(const Term& term);

  TokenReader* reader_;
};

/// Seconds of a kNumber or kDuration token, which is taken; empty when it is malformed.
[[nodiscard]] std::optional<double> ParseNumberToken(TokenReader* reader);

}  // namespace promtally::promql
