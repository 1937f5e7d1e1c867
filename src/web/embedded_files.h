// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace promtally::web {

/// Files of the sources that the binary carries (cmake/Embed.cmake). Any thread.
[[nodiscard]] std::string_view OpenApiFile();  ///< openapi.json
[[nodiscard]] std::string_view DocsFile();     ///< docs.html

}  // namespace promtally::web
