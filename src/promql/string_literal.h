// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace promtally::promql {

/// What stands between the quotes at the beginning of a text.
struct StringScan {
  std::string value;     ///< without escapes; any bytes, `"\xff"` is allowed
  std::size_t size = 0;  ///< bytes of the literal with its quotes
  std::string error;     ///< empty, or what is wrong at `error_offset`
  std::size_t error_offset = 0;
};

/// Reads `"…"`, `'…'` (escapes, no raw line feed) or `` `…` `` (no escapes) at the beginning of
/// `text`.
[[nodiscard]] StringScan ScanString(std::string_view text);

}  // namespace promtally::promql
