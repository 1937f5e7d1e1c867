// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inference/document_cursor.h"
#include "inference/xgboost_document.h"
#include "inference/xgboost_tree_reader.h"

namespace promtally::inference {

/// What stands around the trees, as it stands in the file.
struct RawLearner {
  XgboostDocument document;  ///< what needs no comparison is there already
  std::vector<std::int32_t> version;
  std::optional<std::int64_t> num_class;
  std::optional<std::int64_t> num_target;
  std::optional<std::int64_t> num_feature;
  std::optional<std::int64_t> num_trees;
  std::optional<std::int64_t> num_parallel_tree;
  std::string outer_booster;
  std::string inner_booster;  ///< of dart's gbtree
  bool has_model = false;
  std::optional<std::vector<std::int32_t>> tree_info;
  std::optional<std::vector<std::int32_t>> iterations;
  std::optional<std::vector<float>> weights;
  std::vector<TreeRead> trees;
};

/// Compares every count with what is there and completes `raw.document`. A mistake is left in the
/// cursor.
void CheckLearner(DocumentCursor& cursor, RawLearner& raw);

}  // namespace promtally::inference
