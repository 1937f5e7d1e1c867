// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace promtally::web {

/// Where a page of a list ended, as text that a client hands back: `after`. The parts are those
/// that the list is ordered by.
[[nodiscard]] std::string ToCursor(const std::vector<std::string>& parts);
/// nullopt: not a cursor of so many parts.
[[nodiscard]] std::optional<std::vector<std::string>> FromCursor(std::string_view cursor,
                                                                 std::size_t parts);

}  // namespace promtally::web
