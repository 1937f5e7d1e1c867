// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::web {

/// A JSON value of a document that was read strictly.
struct JsonValue {
  enum class Kind { kNull, kBool, kNumber, kText, kList, kObject };
  Kind kind = Kind::kNull;
  bool boolean = false;
  double number = 0;
  std::string text;
  std::vector<std::string> names;  ///< of an object's members, as many as items
  std::vector<JsonValue> items;    ///< of a list, or values of an object's members

  /// The member of an object, or nullptr (also for what is no object).
  [[nodiscard]] const JsonValue* Find(std::string_view name) const;
  /// The text of such a member, or nullptr.
  [[nodiscard]] const std::string* FindText(std::string_view name) const;
};

/// One JSON text (RFC 8259) and nothing else: no byte order mark, no member twice, no number beyond
/// a double, no NaN, valid UTF-8, lists and objects at most `depth` deep. kParse otherwise. Any
/// thread.
[[nodiscard]] base::Result<JsonValue> ParseStrictJson(std::string_view text, std::size_t depth);

}  // namespace promtally::web
