// SPDX-License-Identifier: Apache-2.0
#include "inference/shortest_number.h"

#include <array>
#include <charconv>
#include <cmath>

namespace promtally::inference {
namespace {

template <typename Number>
std::string Shortest(Number value) {
  if (!std::isfinite(value)) {
    return "null";
  }
  std::array<char, 64> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

}  // namespace

std::string ShortestText(float value) { return Shortest(value); }
std::string ShortestText(double value) { return Shortest(value); }

}  // namespace promtally::inference
