// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "config/value_reader.h"

namespace promtally::config {

/// A YAML value as JSON text: what a request template holds. Texts stay texts, numbers must be JSON
/// numbers. nullopt after a problem was reported.
[[nodiscard]] std::optional<std::string> JsonTemplate(ValueReader& reader, const Node& value);

/// How often a text of the template is exactly `"$word"`.
[[nodiscard]] std::size_t CountPlaces(std::string_view json, std::string_view word);

}  // namespace promtally::config
