// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace promtally::base {

/// Text for an HTML document, between tags or inside a quoted attribute: & < > " ' become
/// entities.
[[nodiscard]] std::string EscapedHtml(std::string_view text);

}  // namespace promtally::base
