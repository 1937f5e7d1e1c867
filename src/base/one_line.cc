// SPDX-License-Identifier: Apache-2.0
#include "promtally/base/one_line.h"

#include <cstddef>

#include "promtally/base/labels.h"

namespace promtally::base {
namespace {

constexpr std::size_t kLimitBytes = 300;

}  // namespace

std::string OneLine(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  static constexpr std::string_view kMore = "...";
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    std::size_t size = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    const std::string_view character = text.substr(at, size);
    const bool control = byte < 0x20 || byte == 0x7F ||
                         (byte == 0xC2 && static_cast<unsigned char>(character.back()) < 0xA0);
    std::string piece(character);
    if (control || !IsUtf8(character)) {
      size = 1;
      piece = {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
    }
    if (line.size() + piece.size() > kLimitBytes - kMore.size()) {
      return line.append(kMore);
    }
    line += piece;
    at += size;
  }
  return line;
}

}  // namespace promtally::base
