// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace promtally::metering {

/// What is usual among counts: the middle one, or the mean of the two middle ones; nullopt of none.
[[nodiscard]] std::optional<double> Median(std::vector<std::int64_t> counts);

}  // namespace promtally::metering
