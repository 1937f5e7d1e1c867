// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inference/document_cursor.h"
#include "inference/xgboost_document.h"

namespace promtally::inference {

/// A tree's arrays as they stand in the file.
struct RawTree {
  std::string pointer;  ///< of the tree
  std::optional<std::int64_t> num_nodes;
  std::optional<std::int64_t> num_deleted;
  std::optional<std::int64_t> num_feature;
  std::optional<std::vector<std::int32_t>> left_children;
  std::optional<std::vector<std::int32_t>> right_children;
  std::optional<std::vector<std::int32_t>> parents;
  std::optional<std::vector<std::int32_t>> split_indices;
  std::optional<std::vector<float>> split_conditions;
  std::optional<std::vector<float>> base_weights;
  std::optional<std::vector<float>> loss_changes;
  std::optional<std::vector<float>> sum_hessian;
  std::optional<std::vector<std::uint8_t>> default_left;
  std::optional<std::vector<std::uint8_t>> split_type;  ///< 1: categorical
  std::optional<std::vector<std::int32_t>> categories;
  std::optional<std::vector<std::int32_t>> categories_nodes;
  std::optional<std::vector<std::int32_t>> categories_segments;
  std::optional<std::vector<std::int32_t>> categories_sizes;
};

/// Follows the arrays from the root: children in range, one parent a node and the one that is
/// stated, no loop, finite numbers, categories in order. Nodes that a pruning deleted are
/// unreachable, counted and left out. The arrays of nodes have one length (ReadTree checks it). A
/// mistake is left in the cursor.
[[nodiscard]] XgboostTree CheckTree(DocumentCursor& cursor, const RawTree& raw);

}  // namespace promtally::inference
