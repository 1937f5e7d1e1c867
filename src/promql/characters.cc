// SPDX-License-Identifier: Apache-2.0
#include "promql/characters.h"

#include <algorithm>
#include <array>

namespace promtally::promql {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

std::string HexDigits(std::uint32_t value, std::size_t count) {
  std::string digits(count, '0');
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, value >>= 4) {
    *at = kHex[value & 15];
  }
  return digits;
}

std::string Escaped(std::uint32_t value) {
  constexpr std::string_view kLetters = "abtnvfr";  // 0x07 to 0x0D
  if (value >= 0x07 && value <= 0x0D) {
    return {'\\', kLetters[value - 0x07]};
  }
  if (value < 0x20 || value == 0x7F) {
    return "\\x" + HexDigits(value, 2);
  }
  return value < 0x10000 ? "\\u" + HexDigits(value, 4) : "\\U" + HexDigits(value, 8);
}

std::uint32_t ByteAt(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

}  // namespace

bool IsPlainName(std::string_view name) {
  return !name.empty() && IsNameStart(name.front()) &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

bool IsValidLabel(std::string_view name) {
  for (std::size_t at = 0; at < name.size();) {
    const CodePoint point = DecodeCodePoint(name.substr(at));
    if (!point.valid) {
      return false;
    }
    at += point.size;
  }
  return !name.empty();
}

std::string Lower(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(), ToLower);
  return lower;
}

CodePoint DecodeCodePoint(std::string_view text) {
  const std::uint32_t lead = ByteAt(text, 0);
  if (lead < 0x80) {
    return {lead, 1, true};
  }
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) {
    return {lead, 1, false};
  }
  std::uint32_t value = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((ByteAt(text, i) & 0xC0U) != 0x80) {
      return {lead, 1, false};
    }
    value = (value << 6) | (ByteAt(text, i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = value >= 0xD800 && value < 0xE000;
  if (value < kSmallest.at(size) || value > 0x10FFFF || is_surrogate) {
    return {lead, 1, false};
  }
  return {value, size, true};
}

void AppendUtf8(std::uint32_t value, std::string* text) {
  const auto append = [text](std::uint32_t byte) {
    *text += static_cast<char>(static_cast<std::uint8_t>(byte));
  };
  if (value < 0x80) {
    append(value);
    return;
  }
  if (value < 0x800) {
    append(0xC0 | (value >> 6));
  } else if (value < 0x10000) {
    append(0xE0 | (value >> 12));
    append(0x80 | ((value >> 6) & 0x3F));
  } else {
    append(0xF0 | (value >> 18));
    append(0x80 | ((value >> 12) & 0x3F));
    append(0x80 | ((value >> 6) & 0x3F));
  }
  append(0x80 | (value & 0x3F));
}

std::string QuoteCanonical(std::string_view text) {
  // Prometheus refuses U+FFFD as a raw character, though its formatter prints it so.
  constexpr std::uint32_t kReplacement = 0xFFFD;
  std::string quoted = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeCodePoint(text.substr(at));
    if (!point.valid) {
      quoted += "\\x" + HexDigits(point.value, 2);
    } else if (point.value == '"' || point.value == '\\') {
      quoted += {'\\', text[at]};
    } else if (IsPrintable(point.value) && point.value != kReplacement) {
      quoted += text.substr(at, point.size);
    } else {
      quoted += Escaped(point.value);
    }
    at += point.size;
  }
  return quoted + "\"";
}

}  // namespace promtally::promql
