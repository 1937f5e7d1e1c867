// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace promtally::exposition {

/// How names that the classic grammar does not allow are written, as Prometheus' content
/// negotiation names the schemes.
enum class Escaping {
  kUnderscores,  ///< every other character becomes `_`
  kDots,         ///< `.` becomes `_dot_`, `_` becomes `__`, every other character `__`
  kValues,       ///< `U__` in front, other characters as `_<hex>_`, `_` as `__`
  kAllowUtf8,    ///< as they are, in quotes
};

/// `underscores`, `dots`, `values`, `allow-utf-8`.
[[nodiscard]] std::string_view ToText(Escaping escaping);
/// The same, and `allow-utf8`, a documented misspelling; nullopt for anything else.
[[nodiscard]] std::optional<Escaping> EscapingFromText(std::string_view text);

/// A metric's or a label's name as the scheme writes it, without quotes. `name` is UTF-8 and not
/// empty. Classic names stay as they are except under kDots. In a label's name a colon is not
/// classic.
[[nodiscard]] std::string EscapedMetricName(std::string_view name, Escaping escaping);
[[nodiscard]] std::string EscapedLabelName(std::string_view name, Escaping escaping);

}  // namespace promtally::exposition
