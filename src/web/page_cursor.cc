// SPDX-License-Identifier: Apache-2.0
#include "web/page_cursor.h"

#include "web/base64.h"
#include "web/body_value.h"

namespace promtally::web {
namespace {

std::string EncodeBase64Url(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned pending = 0;
  int bits = 0;
  for (const char c : bytes) {
    pending = (pending << 8U) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) {
      text += kDigits[(pending >> (bits - 6)) & 63U];
    }
  }
  if (bits > 0) {
    text += kDigits[(pending << (6 - bits)) & 63U];
  }
  return text;
}

}  // namespace

std::string ToCursor(const std::vector<std::string>& parts) {
  std::string json;
  for (const std::string& part : parts) {
    json += json.empty() ? "[" : ",";
    AppendJsonText(json, part);
  }
  return EncodeBase64Url(json + "]");
}

std::optional<std::vector<std::string>> FromCursor(std::string_view cursor, std::size_t parts) {
  const auto json = DecodeBase64Url(cursor);
  const auto list = json ? ParseJson(*json, 1) : tl::unexpected(JsonError{});
  if (!list || !list->IsArray() || list->items.size() != parts) {
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const BodyValue& item : list->items) {
    if (!item.IsText()) {
      return std::nullopt;
    }
    texts.push_back(item.text);
  }
  return texts;
}

}  // namespace promtally::web
