// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inference/perfect_tree.h"
#include "inference/xgboost_document.h"
#include "inference/xgboost_objective.h"

namespace promtally::inference {

/// Predicts with a checked tree model, bit for bit as XGBoost's own float32 predictor: per row the
/// base score first, then the leaves in the order of the trees, then the objective's
/// transformation. Trees that are not deep are walked by many rows side by side (the blocked walk
/// over perfect trees of van den Bosch, "Treelite", and Asadi et al., "Runtime Optimizations for
/// Tree-Based Machine Learning Models", TKDE 2014). Immutable after construction; any thread.
class TreeEnsemble {
 public:
  explicit TreeEnsemble(const XgboostDocument& document);

  [[nodiscard]] std::size_t columns() const { return columns_; }
  /// Values a row.
  [[nodiscard]] std::size_t outputs() const { return OutputsOf(link_, groups_); }
  [[nodiscard]] std::size_t groups() const { return groups_; }
  /// The base score of each group as a sum of leaves.
  [[nodiscard]] std::span<const float> margins() const { return margins_; }

  /// `rows` are row-major with columns() values each, NaN is missing; `out` takes outputs() a row.
  /// `threads` of them work, the caller's included.
  void Predict(std::span<const float> rows, int threads, std::span<float> out) const;

 private:
  /// A tree as it is walked: a perfect one, or (`perfect` < 0) the nodes from `node` on.
  struct Step {
    std::int32_t perfect = -1;
    std::size_t node = 0;
    std::size_t group = 0;
  };
  struct Perfect {
    int depth = kLeastPerfectDepth;
    std::size_t node = 0;  ///< where its conditions and columns begin
    std::size_t leaf = 0;
  };
  struct WalkNode {
    float value = 0;
    std::int32_t feature = 0;
    std::int32_t left = -1;  ///< from the tree's begin; -1: a leaf
    std::int32_t right = -1;
    std::int32_t categories = -1;
    bool default_left = false;
  };
  struct Buffers {
    std::vector<float> values;  ///< by column, then row; a second half for missing values
    std::vector<float> sums;    ///< by group, then row
    std::vector<float> row;     ///< sums of one row
  };

  void AddTree(const XgboostTree& tree, float weight);
  void AddPerfectTree(const XgboostTree& tree, int depth, float weight);
  void AddWalkedTree(const XgboostTree& tree, float weight);
  [[nodiscard]] std::int32_t SlotOf(std::int32_t feature);
  void PredictBlock(std::span<const float> rows, std::span<float> out, Buffers& buffers) const;
  [[nodiscard]] bool Transpose(std::span<const float> rows, Buffers& buffers) const;
  [[nodiscard]] float Walk(std::size_t begin, std::span<const float> row) const;

  std::size_t columns_;
  std::size_t groups_;
  XgboostLink link_;
  std::vector<float> margins_;
  std::vector<Step> steps_;
  std::vector<Perfect> perfect_;
  std::vector<float> conditions_;
  std::vector<std::int32_t> plain_columns_;    ///< of blocks in which nothing is missing
  std::vector<std::int32_t> missing_columns_;  ///< of others: a missing value is ±infinity
  std::vector<float> leaves_;
  std::vector<std::int32_t> slots_;          ///< of a feature among those used; -1: not used
  std::vector<std::int32_t> used_features_;  ///< by slot
  std::vector<WalkNode> nodes_;
  std::vector<std::vector<std::int32_t>> category_sets_;
  WalkPerfectTree walk_ = FastestWalk();
};

}  // namespace promtally::inference
