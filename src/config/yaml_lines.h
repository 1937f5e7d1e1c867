// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "config/yaml_scalar.h"
#include "promtally/base/time.h"
#include "promtally/config/http_client_settings.h"

namespace promtally::config {

/// What stands in the place of a secret.
inline constexpr std::string_view kSecret = "<secret>";

/// `user:password@` of a URL is left out of what people see.
[[nodiscard]] std::string WithoutPassword(const std::string& url);

/// Lines of one map.
class Lines {
 public:
  explicit Lines(std::string indent, std::string first = {})
      : indent_(std::move(indent)), next_(first.empty() ? indent_ : std::move(first)) {}

  void Raw(std::string_view key, std::string_view value) {
    text_ += next_;
    text_ += key;
    text_ += ": ";
    text_ += value;
    text_ += '\n';
    next_ = indent_;
  }
  void Text(std::string_view key, std::string_view value) { Raw(key, DoubleQuoted(value)); }
  void IfText(std::string_view key, std::string_view value) {
    if (!value.empty()) {
      Text(key, value);
    }
  }
  void Number(std::string_view key, std::uint64_t value) { Raw(key, std::to_string(value)); }
  void Bool(std::string_view key, bool value) { Raw(key, value ? "true" : "false"); }
  void Duration(std::string_view key, base::Milliseconds value) { Raw(key, base::ToText(value)); }
  void Hide(std::string_view key, const Secret& secret) {
    if (!secret.value.empty()) {
      Raw(key, kSecret);
    } else if (!secret.file.empty()) {
      Text(std::string(key) + "_file", secret.file);
    }
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string indent_;
  std::string next_;
  std::string text_;
};

/// `key:` and the lines below it; nothing where there are none.
[[nodiscard]] std::string Nested(std::string_view key, const Lines& lines, std::string_view indent);

/// The HTTP client keys, each line behind `indent`.
[[nodiscard]] std::string HttpText(const HttpClientSettings& http, std::string_view indent);

}  // namespace promtally::config
