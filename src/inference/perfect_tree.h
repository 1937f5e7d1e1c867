// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace promtally::inference {

/// A tree filled up so that every leaf is `depth` splits deep, level by level: the children of
/// place i of a level are the places 2i and 2i + 1 of the next. A row needs no look whether it has
/// arrived, so that many rows go down side by side.
struct PerfectTree {
  int depth = 3;                          ///< >= 3
  const float* conditions = nullptr;      ///< 2^depth - 1: right when the value is not less
  const std::int32_t* columns = nullptr;  ///< likewise: where the values to compare begin
  const float* leaves = nullptr;          ///< 2^depth
};

inline constexpr int kLeastPerfectDepth = 3;
/// Rows that go down together; counts of rows are multiples of it.
inline constexpr std::size_t kLanes = 8;

/// Adds the tree's output for `rows` rows to `sums`. The value of row r for a node is
/// `values[columns[node] + r]`; there is no NaN among the values.
using WalkPerfectTree = void (*)(const PerfectTree& tree, const float* values, std::size_t rows,
                                 float* sums);

/// The fastest one that this processor has; all give equal sums.
[[nodiscard]] WalkPerfectTree FastestWalk();
/// In plain C++.
void WalkPlainly(const PerfectTree& tree, const float* values, std::size_t rows, float* sums);

}  // namespace promtally::inference
