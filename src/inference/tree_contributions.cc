// SPDX-License-Identifier: Apache-2.0
#include "inference/tree_contributions.h"

#include <algorithm>

#include "inference/booster.h"

namespace promtally::inference {
namespace {

/// The same trees without objective, base score and weights: libxgboost of Debian 12 knows no base
/// score a class, and reads those of newer files wrongly.
XgboostDocument PlainTrees(const XgboostDocument& document) {
  XgboostDocument plain = document;
  plain.saved_by = {1, 7, 4};
  plain.booster = "gbtree";
  plain.objective = "reg:squarederror";
  plain.objective_parameters = {{"reg_loss_param", {{"scale_pos_weight", "1"}}}};
  plain.attributes.clear();
  plain.feature_names.clear();
  plain.feature_types.clear();
  plain.num_class = 0;
  plain.num_target = static_cast<std::int32_t>(document.groups());
  plain.base_score = {0};
  for (std::size_t i = 0; i < plain.tree_weights.size(); ++i) {
    for (XgboostTree::Node& node : plain.trees[i].nodes) {
      node.weight *= plain.tree_weights[i];
      node.value = node.IsLeaf() ? node.value * plain.tree_weights[i] : node.value;
    }
  }
  plain.tree_weights.clear();
  return plain;
}

/// Whether a tree has more than kMostDepth levels: TreeSHAP recurses, and its memory grows with
/// their square.
bool IsTooDeep(const XgboostTree& tree) {
  constexpr int kMostDepth = 500;
  std::vector<int> depth(tree.nodes.size(), 0);
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    if (const XgboostTree::Node& node = tree.nodes[i]; !node.IsLeaf()) {
      depth[static_cast<std::size_t>(node.left)] = depth[i] + 1;
      depth[static_cast<std::size_t>(node.right)] = depth[i] + 1;
    }
  }
  return *std::max_element(depth.begin(), depth.end()) > kMostDepth;
}

}  // namespace

base::Result<std::vector<float>> TreeContributions(const XgboostDocument& document,
                                                   std::span<const float> margins,
                                                   std::span<const float> rows) {
  if (rows.empty()) {
    return std::vector<float>();
  }
  if (std::any_of(document.trees.begin(), document.trees.end(), IsTooDeep)) {
    return base::Fail(base::ErrorCode::kTooLarge,
                      "contributions are computed of trees of at most 500 levels");
  }
  auto contributions =
      BoosterContributions(WriteXgboostUbj(PlainTrees(document)), {document.num_feature, rows, {}});
  if (!contributions) {
    return contributions;
  }
  const std::size_t width = document.num_feature + 1;
  for (std::size_t at = width - 1, group = 0; at < contributions->size(); at += width) {
    (*contributions)[at] += margins[group];
    group = (group + 1) % margins.size();
  }
  return contributions;
}

}  // namespace promtally::inference
