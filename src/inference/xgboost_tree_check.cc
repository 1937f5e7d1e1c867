// SPDX-License-Identifier: Apache-2.0
#include "inference/xgboost_tree_check.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>

namespace promtally::inference {
namespace {

constexpr std::int32_t kNoParent = std::numeric_limits<std::int32_t>::max();

class TreeCheck {
 public:
  TreeCheck(DocumentCursor& cursor, const RawTree& raw) : cursor_(cursor), raw_(raw) {}

  XgboostTree Run() {
    const std::size_t size = raw_.left_children->size();
    place_.assign(size, -1);
    set_of_node_.assign(raw_.categories_nodes && !raw_.categories_nodes->empty() ? size : 0, -1);
    ReadCategories();
    if (cursor_.ok()) {
      Follow();
    }
    if (cursor_.ok()) {
      CheckUnreachable();
    }
    return cursor_.ok() ? std::move(tree_) : XgboostTree();
  }

 private:
  void Fail(std::string_view array, std::size_t index, std::string_view reason) {
    cursor_.FailAt(raw_.pointer + "/" + std::string(array) + "/" + std::to_string(index), reason);
  }

  [[nodiscard]] bool IsCategorical(std::size_t node) const {
    return raw_.split_type && (*raw_.split_type)[node] == 1;
  }

  void ReadCategories();
  bool ReadCategorySet(std::size_t begin, std::size_t size);
  void Follow();
  void TakeNode(std::size_t node);
  void TakeSplit(std::size_t node, XgboostTree::Node& taken);
  bool TakeChild(std::string_view array, std::size_t parent, std::int32_t child);
  void CheckUnreachable();

  DocumentCursor& cursor_;
  const RawTree& raw_;
  XgboostTree tree_;
  std::vector<std::int32_t> place_;        ///< of a node in the result; -1: not reached
  std::vector<std::int32_t> set_of_node_;  ///< its category set; -1: none
  std::vector<std::size_t> found_;         ///< reached nodes, in the result's order
};

void TreeCheck::ReadCategories() {
  static const std::vector<std::int32_t> kNone;
  const auto& nodes = raw_.categories_nodes ? *raw_.categories_nodes : kNone;
  const auto& segments = raw_.categories_segments ? *raw_.categories_segments : kNone;
  const auto& sizes = raw_.categories_sizes ? *raw_.categories_sizes : kNone;
  const std::size_t total = raw_.categories ? raw_.categories->size() : 0;
  if (segments.size() != nodes.size() || sizes.size() != nodes.size()) {
    cursor_.FailAt(raw_.pointer + "/categories_nodes",
                   "categories_nodes, categories_segments and categories_sizes differ in length");
    return;
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i] < 0 || static_cast<std::size_t>(nodes[i]) >= place_.size()) {
      return Fail("categories_nodes", i, "there is no such node");
    }
    if (set_of_node_[static_cast<std::size_t>(nodes[i])] >= 0) {
      return Fail("categories_nodes", i, "the node is given twice");
    }
    if (segments[i] < 0 || static_cast<std::size_t>(segments[i]) != begin) {
      return Fail("categories_segments", i, "must be " + std::to_string(begin));
    }
    if (sizes[i] < 1 || static_cast<std::size_t>(sizes[i]) > total - begin) {
      return Fail("categories_sizes", i, "does not agree with the length of categories");
    }
    set_of_node_[static_cast<std::size_t>(nodes[i])] = static_cast<std::int32_t>(i);
    if (!ReadCategorySet(begin, static_cast<std::size_t>(sizes[i]))) {
      return;
    }
    begin += static_cast<std::size_t>(sizes[i]);
  }
  if (begin != total) {
    Fail("categories", begin, "belongs to no node");
  }
}

bool TreeCheck::ReadCategorySet(std::size_t begin, std::size_t size) {
  std::vector<std::int32_t> set;
  for (std::size_t at = begin; at < begin + size; ++at) {
    const std::int32_t category = (*raw_.categories)[at];
    if (category < 0 || category >= kXgboostCategoryEnd) {
      Fail("categories", at, "must be from 0 to 2^24 - 1");
      return false;
    }
    if (!set.empty() && category <= set.back()) {
      Fail("categories", at, "must be greater than the one before it");
      return false;
    }
    set.push_back(category);
  }
  tree_.category_sets.push_back(std::move(set));
  return true;
}

void TreeCheck::Follow() {
  const std::int32_t root_parent = (*raw_.parents)[0];
  if (root_parent != kNoParent && root_parent != -1) {
    return Fail("parents", 0, "the root must have none (2147483647)");
  }
  place_[0] = 0;
  found_.push_back(0);
  // Children are put behind: level by level, and no recursion on a deep tree.
  for (std::size_t next = 0; next < found_.size() && cursor_.ok(); ++next) {
    TakeNode(found_[next]);
  }
}

void TreeCheck::TakeNode(std::size_t node) {
  const std::int32_t left = (*raw_.left_children)[node];
  const std::int32_t right = (*raw_.right_children)[node];
  XgboostTree::Node taken{.value = (*raw_.split_conditions)[node],
                          .cover = (*raw_.sum_hessian)[node],
                          .gain = (*raw_.loss_changes)[node],
                          .weight = (*raw_.base_weights)[node],
                          .default_left = (*raw_.default_left)[node] == 1};
  if (!std::isfinite(taken.cover) || taken.cover < 0) {
    return Fail("sum_hessian", node, "must be a finite number that is not negative");
  }
  if (!std::isfinite(taken.gain)) {
    return Fail("loss_changes", node, "must be a finite number");
  }
  if (!std::isfinite(taken.weight)) {
    return Fail("base_weights", node, "must be a finite number");
  }
  if ((left == -1) != (right == -1)) {
    return Fail(left == -1 ? "left_children" : "right_children", node,
                "a node has two children or none");
  }
  if (left != -1) {
    TakeSplit(node, taken);
    if (TakeChild("left_children", node, left) && TakeChild("right_children", node, right)) {
      taken.left = place_[static_cast<std::size_t>(left)];
      taken.right = place_[static_cast<std::size_t>(right)];
    }
  } else if (!std::isfinite(taken.value)) {
    // A pruned node keeps its type and its categories: they mean nothing on a leaf.
    Fail("split_conditions", node, "a leaf must be a finite number");
  }
  tree_.nodes.push_back(taken);
}

void TreeCheck::TakeSplit(std::size_t node, XgboostTree::Node& taken) {
  taken.feature = (*raw_.split_indices)[node];
  if (taken.feature < 0 || static_cast<std::size_t>(taken.feature) >= kMostXgboostFeatures) {
    return Fail("split_indices", node, "there is no such feature");
  }
  const std::int32_t set = set_of_node_.empty() ? -1 : set_of_node_[node];
  if (!IsCategorical(node)) {
    if (!std::isfinite(taken.value)) {
      Fail("split_conditions", node, "must be a finite number");
    } else if (set >= 0) {
      Fail("split_type", node, "a numeric split has categories");
    }
    return;
  }
  if (set < 0) {
    return Fail("split_type", node, "a categorical split has no categories");
  }
  if (std::isinf(taken.value)) {
    return Fail("split_conditions", node, "must be NaN or a finite number");
  }
  taken.categories = set;
  taken.value = std::numeric_limits<float>::quiet_NaN();
}

bool TreeCheck::TakeChild(std::string_view array, std::size_t parent, std::int32_t child) {
  if (child < 0 || static_cast<std::size_t>(child) >= place_.size()) {
    Fail(array, parent, "there is no node " + std::to_string(child));
    return false;
  }
  const auto at = static_cast<std::size_t>(child);
  if (place_[at] >= 0) {
    Fail(array, parent,
         "node " + std::to_string(child) + " has another parent already, or is its own ancestor");
    return false;
  }
  if ((*raw_.parents)[at] != static_cast<std::int32_t>(parent)) {
    Fail("parents", at, "must be " + std::to_string(parent) + ", whose child it is");
    return false;
  }
  place_[at] = static_cast<std::int32_t>(found_.size());
  found_.push_back(at);
  return true;
}

void TreeCheck::CheckUnreachable() {
  const std::size_t deleted = place_.size() - found_.size();
  if (static_cast<std::int64_t>(deleted) != raw_.num_deleted.value_or(0)) {
    cursor_.FailAt(raw_.pointer + "/tree_param/num_deleted",
                   "is " + std::to_string(raw_.num_deleted.value_or(0)) + ", but " +
                       std::to_string(deleted) + " nodes cannot be reached");
    return;
  }
  for (std::size_t node = 0; node < place_.size() && cursor_.ok(); ++node) {
    if (place_[node] >= 0) {
      continue;
    }
    if ((*raw_.left_children)[node] != -1 || (*raw_.right_children)[node] != -1) {
      Fail("left_children", node, "a node that cannot be reached has children");
    } else if (!std::isfinite((*raw_.split_conditions)[node]) && !IsCategorical(node)) {
      Fail("split_conditions", node, "must be a finite number");
    }
  }
}

}  // namespace

XgboostTree CheckTree(DocumentCursor& cursor, const RawTree& raw) {
  return TreeCheck(cursor, raw).Run();
}

}  // namespace promtally::inference
