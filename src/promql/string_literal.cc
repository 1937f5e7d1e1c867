// SPDX-License-Identifier: Apache-2.0
#include "promql/string_literal.h"

#include <cstdint>

#include "promql/characters.h"

namespace promtally::promql {

namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;
constexpr std::uint32_t kLastCodePoint = 0x10FFFF;

/// The value of a digit of any base up to 16, or 16.
std::uint32_t DigitOf(char c) {
  if (IsDigit(c)) {
    return static_cast<std::uint32_t>(c - '0');
  }
  const char lower = ToLower(c);
  return lower >= 'a' && lower <= 'f' ? static_cast<std::uint32_t>(lower - 'a' + 10) : 16;
}

/// Escapes of one letter: the letter and what it stands for.
constexpr std::string_view kLetters = "abfnrtv\\";
constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\";

class StringReader {
 public:
  explicit StringReader(std::string_view text) : text_(text), quote_(text.front()) {}

  StringScan Run() {
    const bool is_raw = quote_ == '`';
    while (scan_.error.empty()) {
      if (at_ >= text_.size() || (text_[at_] == '\n' && !is_raw)) {
        Fail(0, "the string has no end");
      } else if (text_[at_] == quote_) {
        scan_.size = at_ + 1;
        break;
      } else if (text_[at_] == '\\' && !is_raw) {
        ReadEscape();
      } else {
        ReadCharacter();
      }
    }
    return std::move(scan_);
  }

 private:
  void Fail(std::size_t offset, std::string_view message) {
    scan_.error = message;
    scan_.error_offset = offset;
  }

  void ReadCharacter() {
    const CodePoint point = DecodeCodePoint(text_.substr(at_));
    // Prometheus takes a raw U+FFFD for the mark of broken UTF-8.
    if (!point.valid || point.value == kReplacement) {
      Fail(at_, "the string is not valid UTF-8");
      return;
    }
    scan_.value += text_.substr(at_, point.size);
    at_ += point.size;
  }

  void ReadEscape() {
    const std::size_t begin = at_++;
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    if (at_ >= text_.size()) {
      Fail(begin, "the escape sequence has no end");
    } else if (const std::size_t letter = kLetters.find(c); letter != std::string_view::npos) {
      scan_.value += kMeanings[letter];
      ++at_;
    } else if (c == quote_) {
      scan_.value += c;
      ++at_;
    } else if (c >= '0' && c <= '7') {
      ReadDigits(begin, 3, 8);
    } else if (c == 'x' || c == 'u' || c == 'U') {
      ++at_;
      ReadDigits(begin, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16);
    } else {
      const CodePoint point = DecodeCodePoint(text_.substr(at_));
      Fail(begin, "unknown escape sequence \\" + std::string(text_.substr(at_, point.size)));
    }
  }

  void ReadDigits(std::size_t begin, std::size_t count, std::uint32_t base) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i, ++at_) {
      const std::uint32_t digit = at_ < text_.size() ? DigitOf(text_[at_]) : 16;
      if (digit >= base) {
        Fail(begin, "the escape sequence needs " + std::to_string(count) +
                        (base == 8 ? " octal digits" : " hexadecimal digits"));
        return;
      }
      value = value * base + digit;
    }
    const bool is_byte = base == 8 || count == 2;
    const bool is_surrogate = value >= 0xD800 && value < 0xE000;
    if (value > (is_byte ? 0xFF : kLastCodePoint) || is_surrogate) {
      Fail(begin, "the escape sequence is no valid code point");
    } else if (is_byte) {
      scan_.value += static_cast<char>(static_cast<std::uint8_t>(value));
    } else {
      AppendUtf8(static_cast<std::uint32_t>(value), &scan_.value);
    }
  }

  std::string_view text_;
  char quote_;
  std::size_t at_ = 1;
  StringScan scan_;
};

}  // namespace

StringScan ScanString(std::string_view text) { return StringReader(text).Run(); }

}  // namespace promtally::promql
