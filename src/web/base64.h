// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace promtally::web {

/// With padding. Any thread.
[[nodiscard]] std::string EncodeBase64(std::string_view bytes);

/// Strict base64 as in Basic credentials: padded, no blanks, the last bits zero. Any thread.
[[nodiscard]] std::optional<std::string> DecodeBase64(std::string_view text);

/// Strict base64url as in tokens (RFC 7515): no padding, no blanks, the last bits zero, so that one
/// token has one text. Any thread.
[[nodiscard]] std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace promtally::web
