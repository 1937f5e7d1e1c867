// SPDX-License-Identifier: Apache-2.0
#include "web/python_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "promtally/base/labels.h"

namespace promtally::web {
namespace {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
};

/// The first code point of valid UTF-8 that is not empty.
CodePoint First(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) {
    return {byte(0), 1};
  }
  const std::size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  char32_t value = byte(0) & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes && i < text.size(); ++i) {
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  return {value, std::min(bytes, text.size())};
}

void AppendUtf8(std::string& out, char32_t c) {
  const auto add = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | (c >> 6));
    add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | (c >> 12));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | (c >> 18));
    add(0x80 | ((c >> 12) & 0x3F));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  }
}

// Unicode 15, White_Space and Python's four separators of ASCII.
bool IsBlank(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

/// Zeros of the scripts that have ten decimal digits in a row (Unicode 15, category Nd).
constexpr std::array<char32_t, 68> kZeros{
    0x0030,  0x0660,  0x06F0,  0x07C0,  0x0966,  0x09E6,  0x0A66,  0x0AE6,  0x0B66,  0x0BE6,
    0x0C66,  0x0CE6,  0x0D66,  0x0DE6,  0x0E50,  0x0ED0,  0x0F20,  0x1040,  0x1090,  0x17E0,
    0x1810,  0x1946,  0x19D0,  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,
    0xA8D0,  0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066,
    0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0,
    0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8,
    0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950, 0x1FBF0};

/// Digits of all scripts as ASCII, underscores between digits left out; nullopt: a misplaced one.
std::optional<std::string> PlainDigits(std::string_view text) {
  std::string plain;
  bool after_digit = false;
  bool after_underscore = false;
  while (!text.empty()) {
    const CodePoint c = First(text);
    text.remove_prefix(c.bytes);
    const auto zero = std::upper_bound(kZeros.begin(), kZeros.end(), c.value);
    const bool digit = zero != kZeros.begin() && c.value - *(zero - 1) < 10;
    if (after_underscore && !digit) {
      return std::nullopt;
    }
    after_underscore = c.value == '_';
    if (after_underscore) {
      if (!after_digit) {
        return std::nullopt;
      }
    } else if (digit) {
      plain += static_cast<char>('0' + (c.value - *(zero - 1)));
    } else if (c.value < 0x80) {
      plain += static_cast<char>(c.value);
    } else {
      return std::nullopt;
    }
    after_digit = digit;
  }
  return after_underscore ? std::nullopt : std::optional(plain);
}

bool EqualsLower(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::optional<std::string> DecodeWide(std::string_view bytes, std::size_t width, bool little) {
  if (bytes.size() % width != 0) {
    return std::nullopt;
  }
  const auto unit = [&](std::size_t at) {
    char32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const std::size_t place = little ? at + width - 1 - i : at + i;
      value = (value << 8) | static_cast<unsigned char>(bytes[place]);
    }
    return value;
  };
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += width) {
    char32_t c = unit(at);
    const bool high = width == 2 && c >= 0xD800 && c < 0xDC00 && at + width < bytes.size();
    const char32_t low = high ? unit(at + width) : 0;
    if (low >= 0xDC00 && low < 0xE000) {
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      at += width;
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
      return std::nullopt;
    }
    AppendUtf8(text, c);
  }
  return text;
}

}  // namespace

std::string PythonFloatText(double value) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-inf" : "inf";
  }
  std::array<char, 32> buffer{};
  const auto scientific = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                        std::chars_format::scientific);
  const std::string text(buffer.data(), scientific.ptr);
  const int exponent = std::stoi(text.substr(text.find('e') + 1));
  constexpr int kLeast = -4;
  constexpr int kMost = 16;
  if (exponent < kLeast || exponent >= kMost) {
    return text;
  }
  std::array<char, 64> plain{};
  const auto fixed =
      std::to_chars(plain.data(), plain.data() + plain.size(), value, std::chars_format::fixed);
  std::string result(plain.data(), fixed.ptr);
  return result.find('.') == std::string::npos ? result + ".0" : result;
}

std::optional<double> ParsePythonFloat(std::string_view text) {
  const auto plain = PlainDigits(PythonStrip(text));
  if (!plain || plain->empty()) {
    return std::nullopt;
  }
  std::string_view rest = *plain;
  const bool negative = rest.front() == '-';
  if (negative || rest.front() == '+') {
    rest.remove_prefix(1);
  }
  const double sign = negative ? -1.0 : 1.0;
  if (EqualsLower(rest, "inf") || EqualsLower(rest, "infinity")) {
    return sign * std::numeric_limits<double>::infinity();
  }
  if (EqualsLower(rest, "nan")) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  // from_chars would take "inf" and "nan(…)" as well.
  const bool is_signed_twice = rest.starts_with('-') || rest.starts_with('+');
  if (rest.empty() || is_signed_twice ||
      rest.find_first_not_of("0123456789.eE+-") != std::string_view::npos) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (end != rest.data() + rest.size() || error == std::errc::invalid_argument) {
    return std::nullopt;
  }
  if (error == std::errc::result_out_of_range) {
    const std::size_t exponent = rest.find_first_of("eE");
    const bool tiny = (exponent != std::string_view::npos && rest.substr(exponent + 1, 1) == "-") ||
                      (exponent == std::string_view::npos && rest.starts_with("0."));
    return tiny ? sign * 0.0 : sign * std::numeric_limits<double>::infinity();
  }
  return sign * value;
}

std::string_view PythonStrip(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = First(text);
    if (!IsBlank(c.value)) {
      break;
    }
    text.remove_prefix(c.bytes);
  }
  while (!text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80) {
      --begin;
    }
    if (!IsBlank(First(text.substr(begin)).value)) {
      break;
    }
    text = text.substr(0, begin);
  }
  return text;
}

std::string PythonRepr(std::string_view text) {
  const bool single = text.find('\'') == std::string_view::npos;
  const char quote = single || text.find('"') != std::string_view::npos ? '\'' : '"';
  std::string repr(1, quote);
  while (!text.empty()) {
    const CodePoint c = First(text);
    const std::string_view bytes = text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
    constexpr std::string_view kHex = "0123456789abcdef";
    if (c.value == '\\' || c.value == static_cast<char32_t>(quote)) {
      repr.append("\\").append(bytes);
    } else if (c.value == '\n' || c.value == '\r' || c.value == '\t') {
      repr += c.value == '\n' ? "\\n" : c.value == '\r' ? "\\r" : "\\t";
    } else if (c.value < 0x20 || (c.value >= 0x7F && c.value <= 0xA0) || c.value == 0xAD) {
      repr += "\\x";
      repr += kHex[c.value >> 4];
      repr += kHex[c.value & 15];
    } else if (c.value > 0xA0 && IsBlank(c.value)) {
      repr += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) {
        repr += kHex[(c.value >> shift) & 15];
      }
    } else {
      repr.append(bytes);
    }
  }
  return repr + quote;
}

// The rule of Python's json.detect_encoding: JSON begins with an ASCII character.
std::optional<std::string> DecodeJsonBytes(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\0\0\xFE\xFF"sv)) {
    return DecodeWide(bytes.substr(4), 4, false);
  }
  if (bytes.starts_with("\xFF\xFE\0\0"sv)) {
    return DecodeWide(bytes.substr(4), 4, true);
  }
  if (bytes.starts_with("\xFE\xFF"sv)) {
    return DecodeWide(bytes.substr(2), 2, false);
  }
  if (bytes.starts_with("\xFF\xFE"sv)) {
    return DecodeWide(bytes.substr(2), 2, true);
  }
  if (bytes.starts_with("\xEF\xBB\xBF"sv)) {
    bytes.remove_prefix(3);
  } else if (bytes.size() >= 2 && bytes[0] == '\0') {
    return bytes[1] != '\0' ? DecodeWide(bytes, 2, false) : DecodeWide(bytes, 4, false);
  } else if (bytes.size() >= 2 && bytes[1] == '\0') {
    const bool narrow = bytes.size() < 4 || bytes[2] != '\0' || bytes[3] != '\0';
    return narrow ? DecodeWide(bytes, 2, true) : DecodeWide(bytes, 4, true);
  }
  return base::IsUtf8(bytes) ? std::optional(std::string(bytes)) : std::nullopt;
}

}  // namespace promtally::web
