// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/model_block.h"

#include <algorithm>

namespace promtally::metering {

std::vector<ModelOutput> OutputsOf(const ModelBlock& block) {
  std::vector<ModelOutput> outputs{{OutputPart::kValue, block.name}};
  if (block.interval) {
    outputs.push_back({OutputPart::kLower, block.name + "_lower"});
    outputs.push_back({OutputPart::kUpper, block.name + "_upper"});
  }
  return outputs;
}

std::optional<std::size_t> StateOf(const ModelBlock& block, const base::Decimal& prediction) {
  if (!block.thresholds.empty()) {
    const auto above =
        std::upper_bound(block.thresholds.begin(), block.thresholds.end(), prediction);
    return static_cast<std::size_t>(above - block.thresholds.begin());
  }
  const auto number = prediction.ToInt64();
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) >= block.states.size()) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(*number);
}

}  // namespace promtally::metering
