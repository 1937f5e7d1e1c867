// SPDX-License-Identifier: Apache-2.0
#include "inference/tree_ensemble.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <system_error>
#include <thread>

namespace promtally::inference {
namespace {

/// Rows of a block: their columns and the tree that is walked stay in the processor's first cache.
constexpr std::size_t kBlockRows = 64;
/// Deeper trees, and those that filling up would blow up, are walked node by node.
constexpr int kMostPerfectDepth = 10;
constexpr int kAlwaysPerfectDepth = 6;
constexpr std::size_t kMostGrowth = 4;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

int DepthOf(const XgboostTree& tree) {
  std::vector<int> depth(tree.nodes.size(), 0);
  int deepest = 0;
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    // Children stand behind their parent (ReadXgboostDocument puts them there).
    if (const XgboostTree::Node& node = tree.nodes[i]; !node.IsLeaf()) {
      depth[static_cast<std::size_t>(node.left)] = depth[i] + 1;
      depth[static_cast<std::size_t>(node.right)] = depth[i] + 1;
      deepest = std::max(deepest, depth[i] + 1);
    }
  }
  return deepest;
}

/// As XGBoost: what is no category goes left, and so does one that is not in the set.
bool IsInSet(const std::vector<std::int32_t>& set, float value) {
  const bool is_category = value >= 0 && value < static_cast<float>(kXgboostCategoryEnd);
  return is_category &&
         std::binary_search(set.begin(), set.end(), static_cast<std::int32_t>(value));
}

}  // namespace

TreeEnsemble::TreeEnsemble(const XgboostDocument& document)
    : columns_(document.num_feature),
      groups_(document.groups()),
      link_(FindXgboostObjective(document.objective)->link),
      margins_(groups_),
      slots_(document.num_feature, -1) {
  for (std::size_t group = 0; group < groups_; ++group) {
    const bool is_one = document.base_score.size() == 1;
    margins_[group] = MarginOf(link_, document.base_score[is_one ? 0 : group]);
  }
  for (std::size_t i = 0; i < document.trees.size(); ++i) {
    AddTree(document.trees[i], document.tree_weights.empty() ? 1.0F : document.tree_weights[i]);
  }
  // The second half of the columns is known once all features are.
  const std::size_t half = used_features_.size() * kBlockRows;
  for (std::size_t i = 0; i < missing_columns_.size(); ++i) {
    missing_columns_[i] =
        plain_columns_[i] + (missing_columns_[i] != 0 ? static_cast<std::int32_t>(half) : 0);
  }
}

std::int32_t TreeEnsemble::SlotOf(std::int32_t feature) {
  std::int32_t& slot = slots_[static_cast<std::size_t>(feature)];
  if (slot < 0) {
    slot = static_cast<std::int32_t>(used_features_.size());
    used_features_.push_back(feature);
  }
  return slot;
}

void TreeEnsemble::AddTree(const XgboostTree& tree, float weight) {
  const int depth = std::max(DepthOf(tree), kLeastPerfectDepth);
  const bool is_small =
      depth <= kAlwaysPerfectDepth ||
      (depth <= kMostPerfectDepth &&
       (std::size_t{1} << static_cast<unsigned>(depth)) <= kMostGrowth * tree.nodes.size());
  // Places of columns are 32 bits wide.
  constexpr std::size_t kMostSlots = std::numeric_limits<std::int32_t>::max() / kBlockRows / 4;
  Step step{.group = static_cast<std::size_t>(tree.group)};
  if (is_small && tree.category_sets.empty() && columns_ < kMostSlots) {
    step.perfect = static_cast<std::int32_t>(perfect_.size());
    AddPerfectTree(tree, depth, weight);
  } else {
    step.node = nodes_.size();
    AddWalkedTree(tree, weight);
  }
  steps_.push_back(step);
}

void TreeEnsemble::AddPerfectTree(const XgboostTree& tree, int depth, float weight) {
  const Perfect perfect{depth, conditions_.size(), leaves_.size()};
  perfect_.push_back(perfect);
  std::vector<std::int32_t> level{0};  // the node at each place; a leaf stays in both places below
  for (int i = 0; i < depth; ++i) {
    std::vector<std::int32_t> below;
    below.reserve(2 * level.size());
    for (const std::int32_t at : level) {
      const XgboostTree::Node& node = tree.nodes[static_cast<std::size_t>(at)];
      conditions_.push_back(node.IsLeaf() ? kInfinity : node.value);
      const std::int32_t slot = node.IsLeaf() ? 0 : SlotOf(node.feature);
      plain_columns_.push_back(slot * static_cast<std::int32_t>(kBlockRows));
      missing_columns_.push_back(!node.IsLeaf() && !node.default_left ? 1 : 0);
      below.push_back(node.IsLeaf() ? at : node.left);
      below.push_back(node.IsLeaf() ? at : node.right);
    }
    level = std::move(below);
  }
  for (const std::int32_t at : level) {
    leaves_.push_back(weight * tree.nodes[static_cast<std::size_t>(at)].value);
  }
}

void TreeEnsemble::AddWalkedTree(const XgboostTree& tree, float weight) {
  const auto sets = static_cast<std::int32_t>(category_sets_.size());
  category_sets_.insert(category_sets_.end(), tree.category_sets.begin(), tree.category_sets.end());
  for (const XgboostTree::Node& node : tree.nodes) {
    nodes_.push_back({.value = node.IsLeaf() ? weight * node.value : node.value,
                      .feature = node.feature,
                      .left = node.left,
                      .right = node.right,
                      .categories = node.categories < 0 ? -1 : sets + node.categories,
                      .default_left = node.default_left});
  }
}

float TreeEnsemble::Walk(std::size_t begin, std::span<const float> row) const {
  const WalkNode* node = &nodes_[begin];
  while (node->left >= 0) {
    const float value = row[static_cast<std::size_t>(node->feature)];
    bool is_left = node->default_left;
    if (!std::isnan(value)) {
      is_left = node->categories < 0
                    ? value < node->value
                    : !IsInSet(category_sets_[static_cast<std::size_t>(node->categories)], value);
    }
    node = &nodes_[begin + static_cast<std::size_t>(is_left ? node->left : node->right)];
  }
  return node->value;
}

/// Copies the used columns of a block. Returns whether a value is missing: it is then -infinity in
/// the first half, which goes left everywhere, and +infinity in the second, which goes right.
bool TreeEnsemble::Transpose(std::span<const float> rows, Buffers& buffers) const {
  const std::size_t count = rows.size() / columns_;
  const std::size_t half = used_features_.size() * kBlockRows;
  bool is_missing = false;
  for (std::size_t slot = 0; slot < used_features_.size(); ++slot) {
    const float* from = rows.data() + used_features_[slot];
    float* to = buffers.values.data() + slot * kBlockRows;
    for (std::size_t row = 0; row < count; ++row) {
      to[row] = from[row * columns_];
      is_missing = is_missing || std::isnan(to[row]);
    }
  }
  if (!is_missing) {
    return false;
  }
  for (std::size_t i = 0; i < half; ++i) {
    const float value = buffers.values[i];
    buffers.values[i] = std::isnan(value) ? -kInfinity : value;
    buffers.values[half + i] = std::isnan(value) ? kInfinity : value;
  }
  return true;
}

void TreeEnsemble::PredictBlock(std::span<const float> rows, std::span<float> out,
                                Buffers& buffers) const {
  const std::size_t count = rows.size() / columns_;
  const std::size_t padded = (count + kLanes - 1) / kLanes * kLanes;
  const bool is_missing = !perfect_.empty() && Transpose(rows, buffers);
  const auto& columns = is_missing ? missing_columns_ : plain_columns_;
  for (std::size_t group = 0; group < groups_; ++group) {
    std::fill_n(buffers.sums.begin() + static_cast<std::ptrdiff_t>(group * kBlockRows), kBlockRows,
                margins_[group]);
  }
  for (const Step& step : steps_) {
    float* const sums = buffers.sums.data() + step.group * kBlockRows;
    if (step.perfect >= 0) {
      const Perfect& perfect = perfect_[static_cast<std::size_t>(step.perfect)];
      walk_({perfect.depth, conditions_.data() + perfect.node, columns.data() + perfect.node,
             leaves_.data() + perfect.leaf},
            buffers.values.data(), padded, sums);
      continue;
    }
    for (std::size_t row = 0; row < count; ++row) {
      sums[row] += Walk(step.node, rows.subspan(row * columns_, columns_));
    }
  }
  const std::size_t outputs = this->outputs();
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t group = 0; group < groups_; ++group) {
      buffers.row[group] = buffers.sums[group * kBlockRows + row];
    }
    Transform(link_, buffers.row);
    std::copy_n(buffers.row.begin(), outputs,
                out.begin() + static_cast<std::ptrdiff_t>(row * outputs));
  }
}

void TreeEnsemble::Predict(std::span<const float> rows, int threads, std::span<float> out) const {
  const std::size_t count = rows.size() / columns_;
  const std::size_t blocks = (count + kBlockRows - 1) / kBlockRows;
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    // One column at least: places below leaves compare with it.
    const std::size_t slots = std::max<std::size_t>(used_features_.size(), 1);
    Buffers buffers{std::vector<float>(2 * slots * kBlockRows),
                    std::vector<float>(groups_ * kBlockRows), std::vector<float>(groups_)};
    for (std::size_t block = next++; block < blocks; block = next++) {
      const std::size_t begin = block * kBlockRows;
      const std::size_t size = std::min(kBlockRows, count - begin);
      PredictBlock(rows.subspan(begin * columns_, size * columns_),
                   out.subspan(begin * outputs(), size * outputs()), buffers);
    }
  };
  std::vector<std::jthread> helpers;
  const auto most = static_cast<int>(std::min<std::size_t>(blocks, 1024));
  try {
    for (int i = 1; i < std::min(threads, most); ++i) {
      helpers.emplace_back(work);
    }
  } catch (const std::system_error&) {
    // The system has no further thread: those that are there do the work.
  }
  work();
}

}  // namespace promtally::inference
