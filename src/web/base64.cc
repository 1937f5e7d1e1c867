// SPDX-License-Identifier: Apache-2.0
#include "web/base64.h"

#include <cstdint>

namespace promtally::web {
namespace {

/// -1 for a character that is none of the alphabet.
int ValueOf(char c, char sixty_two, char sixty_three) {
  if (c >= 'A' && c <= 'Z') {
    return c - 'A';
  }
  if (c >= 'a' && c <= 'z') {
    return c - 'a' + 26;
  }
  if (c >= '0' && c <= '9') {
    return c - '0' + 52;
  }
  return c == sixty_two ? 62 : c == sixty_three ? 63 : -1;
}

std::optional<std::string> Decode(std::string_view text, char sixty_two, char sixty_three) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const int value = ValueOf(c, sixty_two, sixty_three);
    if (value < 0) {
      return std::nullopt;
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>((bits >> count) & 0xFFU);
    }
  }
  // What is left is less than a byte and zero; a whole character would mean nothing.
  const bool is_canonical = count < 6 && (bits & ((1U << count) - 1U)) == 0;
  return is_canonical ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace

std::string EncodeBase64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<std::uint8_t>(c);
    for (count += 8; count >= 6; count -= 6) {
      text += kAlphabet[(bits >> (count - 6)) & 63U];
    }
  }
  if (count > 0) {
    text += kAlphabet[(bits << (6 - count)) & 63U];
  }
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
    text.remove_suffix(1);
  }
  return Decode(text, '+', '/');
}

std::optional<std::string> DecodeBase64Url(std::string_view text) { return Decode(text, '-', '_'); }

}  // namespace promtally::web
