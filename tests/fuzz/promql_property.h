// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "promtally/promql/parser.h"
#include "promtally/promql/scope_proof.h"

namespace promtally::promql {

/// What holds for every text: it is refused with a place inside it, or its canonical text is valid,
/// canonical itself, and of the same type. Empty, or what does not hold.
inline std::string BrokenPropertyOf(std::string_view text) {
  const auto parsed = Parse(text);
  if (!parsed) {
    const bool has_place = parsed.error().offset <= text.size() && parsed.error().column > 0;
    return has_place && !parsed.error().message.empty() ? "" : "an error without place or text";
  }
  static_cast<void>(KeepsScopes(**parsed, "project_id"));
  const std::string canonical = PrintCanonical(**parsed);
  // Escapes make text longer than it was.
  if (canonical.size() > kQueryTextBytes) {
    return "";
  }
  const auto again = Parse(canonical);
  if (!again) {
    return "canonical text is refused: " + canonical + ": " + again.error().message;
  }
  if (PrintCanonical(**again) != canonical) {
    return "canonical text is not canonical: " + canonical;
  }
  return TypeOf(**parsed) == TypeOf(**again) ? "" : "canonical text has another type: " + canonical;
}

}  // namespace promtally::promql
