// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace promtally::exposition {

/// CRC-32C (Castagnoli) of `bytes` behind those that gave `before`; 0 for none. Any thread.
[[nodiscard]] std::uint32_t Crc32c(std::string_view bytes, std::uint32_t before = 0);

}  // namespace promtally::exposition
