// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace promtally::promql {

enum class TokenKind : std::uint8_t {
  kEnd,
  kError,
  kIdentifier,
  kMetricIdentifier,  ///< an identifier with a colon in it
  kNumber,
  kDuration,
  kString,  ///< with its quotes
  kLeftParenthesis,
  kRightParenthesis,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kAssign,      ///< `=`
  kRegexMatch,  ///< `=~`
  kRegexDiffer,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPower,
  kEqual,  ///< `==`
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kTrimUpper,
  kTrimLower,
  kAt,
  // Keywords, in any case.
  kAnd,
  kOr,
  kUnless,
  kAtan2,
  kAggregator,
  kOffset,
  kSmoothed,
  kAnchored,
  kBy,
  kWithout,
  kOn,
  kIgnoring,
  kGroupLeft,
  kGroupRight,
  kFill,  ///< fill, fill_left or fill_right before a parenthesis
  kBool,
  kStart,
  kEndOfRange,  ///< the word `end`
  kStep,
  kRange,
  kMaxOrMinOf,
};

/// `text` lies in the text that was split.
struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;
  std::size_t offset = 0;
};

/// The words of a text without blanks and comments; the last one is kEnd or kError, and `error`
/// says what was wrong.
struct Tokens {
  std::vector<Token> tokens;
  std::string error;
};

/// Splits as Prometheus does: what a character means depends on the braces or brackets around it.
[[nodiscard]] Tokens SplitIntoTokens(std::string_view text);

/// The kind that a bare word has outside braces: a keyword's, kNumber (`inf`, `nan`), or
/// kIdentifier.
[[nodiscard]] TokenKind KindOfWord(std::string_view word);

}  // namespace promtally::promql
