// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::web {

/// What a request's body says, kept close to how it was written: an integer stays one of any size,
/// `1` and `1.0` are told apart, members keep their order. Of a repeated member the last counts.
struct BodyValue {
  enum class Kind { kNull, kBool, kInteger, kNumber, kText, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  double number = 0;  ///< of kInteger (nearest) and kNumber
  std::string text;   ///< of kText; the digits of kInteger and kNumber
  std::vector<BodyValue> items;
  std::vector<std::pair<std::string, BodyValue>> members;

  [[nodiscard]] bool IsNull() const { return kind == Kind::kNull; }
  [[nodiscard]] bool IsText() const { return kind == Kind::kText; }
  [[nodiscard]] bool IsObject() const { return kind == Kind::kObject; }
  [[nodiscard]] bool IsArray() const { return kind == Kind::kArray; }
  /// kInteger or kNumber.
  [[nodiscard]] bool IsNumber() const { return kind == Kind::kInteger || kind == Kind::kNumber; }
  /// The member of that name; nullptr: none.
  [[nodiscard]] const BodyValue* Find(std::string_view name) const;
};

struct JsonError {
  enum class Kind { kSyntax, kNumberOutOfRange, kTooDeep, kNotUtf8 };
  Kind kind = Kind::kSyntax;
  std::size_t offset = 0;  ///< byte
  std::string message;
};

/// Reads RFC 8259 JSON: no NaN, no comments, no text behind the value, no half of a surrogate pair.
/// A byte order mark is skipped. Any thread.
[[nodiscard]] tl::expected<BodyValue, JsonError> ParseJson(std::string_view text,
                                                           std::size_t max_depth);

/// Appends the value as it was written, without blanks.
void AppendJson(std::string& out, const BodyValue& value);
/// `"…"`, with control characters, quotes and U+2028/9 escaped; bytes that are no UTF-8 become
/// U+FFFD.
void AppendJsonText(std::string& out, std::string_view text);

}  // namespace promtally::web
