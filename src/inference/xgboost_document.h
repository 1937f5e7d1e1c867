// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::inference {

/// One tree of a checked model. Node 0 is the root; every node is reachable, by one way.
struct XgboostTree {
  struct Node {
    std::int32_t left = -1;  ///< -1: a leaf; else both children are there
    std::int32_t right = -1;
    std::int32_t feature = 0;
    std::int32_t categories = -1;  ///< of a categorical split: index into `category_sets`
    float value = 0;               ///< of a leaf its output, else the condition: left when less
    float cover = 0;               ///< sum of hessians
    float gain = 0;
    float weight = 0;
    bool default_left = false;  ///< where a missing value goes

    [[nodiscard]] bool IsLeaf() const { return left < 0; }
  };
  std::vector<Node> nodes;
  std::vector<std::vector<std::int32_t>> category_sets;  ///< ascending; a member goes right
  std::int32_t group = 0;                                ///< the output to which it adds
};

/// A tree model of XGBoost (boosters gbtree and dart) in which everything is checked: whoever
/// walks through it needs no check of its own.
struct XgboostDocument {
  std::array<int, 3> saved_by{};
  std::string booster = "gbtree";  ///< or dart
  std::string objective;
  std::map<std::string, std::map<std::string, std::string>> objective_parameters;
  std::map<std::string, std::string> attributes;
  std::int32_t num_class = 0;  ///< as saved; 0 without classes
  std::int32_t num_target = 1;
  std::int32_t num_parallel_tree = 1;
  std::size_t num_feature = 0;
  std::vector<std::string> feature_names;  ///< none, or num_feature
  std::vector<std::string> feature_types;  ///< likewise
  std::vector<float> base_score;           ///< in the space of the prediction; one, or one a group
  std::vector<XgboostTree> trees;
  std::vector<float> tree_weights;  ///< dart: one a tree

  [[nodiscard]] std::size_t groups() const;  ///< outputs before the transformation, >= 1
};

inline constexpr std::size_t kMostXgboostBytes = 64ULL << 20;
inline constexpr std::size_t kMostXgboostNodes = 10'000'000;
inline constexpr std::size_t kMostXgboostFeatures = 1'000'000;
/// Categories are whole numbers that a float32 holds.
inline constexpr std::int32_t kXgboostCategoryEnd = 1 << 24;

/// Reads a model saved by XGBoost 1.7 to 3.x as JSON or UBJ. Nothing of the input is trusted:
/// sizes, nesting, every array, every index of a reachable node and every count that is stated are
/// checked, so that a crafted file is refused and never followed. kParse with
/// `<JSON Pointer or byte offset>: reason`; kTooLarge above `limit_bytes`.
[[nodiscard]] base::Result<XgboostDocument> ReadXgboostDocument(
    std::string_view bytes, std::size_t limit_bytes = kMostXgboostBytes);

/// The model as JSON that XGBoost 1.7 to 3.x and ReadXgboostDocument read, floats as shortest text
/// that gives them back. Several base scores need XGBoost 3.1.
[[nodiscard]] std::string WriteXgboostJson(const XgboostDocument& document);
/// The same as UBJ.
[[nodiscard]] std::string WriteXgboostUbj(const XgboostDocument& document);

}  // namespace promtally::inference
