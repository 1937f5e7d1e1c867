// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "promtally/promql/expression.h"

namespace promtally::promql {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";
/// U+FFFD: as it is, Prometheus' lexer takes it for broken UTF-8.
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    // U+0080 to U+009F are the two bytes C2 80 to C2 9F.
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xA0;
    if (byte == '\\' || byte == '"') {
      quoted += '\\';
      quoted += text[i];
    } else if (byte == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += "\\x";
      quoted += kHex[byte >> 4];
      quoted += kHex[byte & 15];
    } else if (c1) {
      const auto low = static_cast<std::uint8_t>(text[++i]);
      quoted += "\\u00";
      quoted += kHex[low >> 4];
      quoted += kHex[low & 15];
    } else if (text.substr(i, kReplacement.size()) == kReplacement) {
      quoted += "\\ufffd";
      i += kReplacement.size() - 1;
    } else {
      quoted += text[i];
    }
  }
  return quoted + "\"";
}

std::string QuoteRegex(std::string_view text) {
  static constexpr std::string_view kSpecial = "\\.+*?()|[]{}^$";
  std::string quoted;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted;
}

}  // namespace promtally::promql
