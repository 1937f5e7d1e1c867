// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace promtally::base {

/// What a stranger says, fit for a message: one line of at most 300 bytes of valid UTF-8; controls
/// and broken bytes as `\xHH`.
[[nodiscard]] std::string OneLine(std::string_view text);

}  // namespace promtally::base
