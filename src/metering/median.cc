// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/median.h"

#include <algorithm>

namespace promtally::metering {

std::optional<double> Median(std::vector<std::int64_t> counts) {
  if (counts.empty()) {
    return std::nullopt;
  }
  std::sort(counts.begin(), counts.end());
  const std::size_t half = counts.size() / 2;
  const auto upper = static_cast<double>(counts[half]);
  const auto lower = static_cast<double>(counts[counts.size() % 2 == 1 ? half : half - 1]);
  return (lower + upper) / 2;
}

}  // namespace promtally::metering
