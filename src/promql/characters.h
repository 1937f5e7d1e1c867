// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace promtally::promql {

[[nodiscard]] constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool IsNameStart(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr bool IsNameCharacter(char c) { return IsNameStart(c) || IsDigit(c); }
[[nodiscard]] constexpr bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
[[nodiscard]] constexpr char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// A name that needs no quotes: `[a-zA-Z_][a-zA-Z0-9_]*`.
[[nodiscard]] bool IsPlainName(std::string_view name);

/// A label name that Prometheus 3 takes in quotes: any text of UTF-8 but the empty one.
[[nodiscard]] bool IsValidLabel(std::string_view name);

[[nodiscard]] std::string Lower(std::string_view word);

/// The character at the beginning of `text`: a code point and its bytes. What is not UTF-8
/// (overlong and surrogates too) has `valid` false and one byte.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 1;
  bool valid = false;
};
[[nodiscard]] CodePoint DecodeCodePoint(std::string_view text);

/// `value` is at most U+10FFFF.
void AppendUtf8(std::uint32_t value, std::string* text);

/// True for what a reader can see, and the blank: Unicode's letters, marks, numbers, punctuation
/// and symbols.
[[nodiscard]] bool IsPrintable(std::uint32_t code_point);

/// A double-quoted string as Prometheus' formatter writes it: what cannot be seen is escaped.
[[nodiscard]] std::string QuoteCanonical(std::string_view text);

}  // namespace promtally::promql
