// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promtally::web {

/// Percent-decodes; nullopt: `%` without two hexadecimal digits. `plus_is_blank` for queries.
[[nodiscard]] std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank);
/// Everything but unreserved characters (RFC 3986) becomes `%XX`.
[[nodiscard]] std::string PercentEncode(std::string_view text);

/// `a=1&b=2` in the order of the query, repetitions included, decoded; nullopt: wrongly encoded or
/// not UTF-8.
using QueryParameters = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::optional<QueryParameters> ParseQuery(std::string_view query);

}  // namespace promtally::web
