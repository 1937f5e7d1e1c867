// SPDX-License-Identifier: Apache-2.0
#include "inference/xgboost_tree_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include "inference/xgboost_tree_check.h"

namespace promtally::inference {
namespace {

std::vector<std::uint8_t> ReadFlags(DocumentCursor& cursor) {
  std::vector<std::uint8_t> flags;
  cursor.EnterArray();
  while (cursor.NextElement()) {
    if (flags.size() == kMostXgboostNodes) {
      cursor.FailHere("more than 10000000 elements");
    } else if (cursor.Peek() == DocumentCursor::Kind::kBool) {
      flags.push_back(cursor.ReadBool() ? 1 : 0);
    } else {
      const std::int64_t value = cursor.ReadInteger();
      if (value != 0 && value != 1) {
        cursor.FailHere("must be 0 or 1");
      }
      flags.push_back(static_cast<std::uint8_t>(value));
    }
  }
  return flags;
}

/// `tree_param`: counts as texts.
void ReadTreeParameters(DocumentCursor& cursor, RawTree& raw) {
  std::string key;
  cursor.EnterObject();
  while (cursor.NextKey(&key)) {
    if (key == "num_nodes") {
      raw.num_nodes = ReadNumberText(cursor);
    } else if (key == "num_deleted") {
      raw.num_deleted = ReadNumberText(cursor);
    } else if (key == "num_feature") {
      raw.num_feature = ReadNumberText(cursor);
    } else if (key == "size_leaf_vector") {
      const std::int64_t size = ReadNumberText(cursor);
      if (size != 0 && size != 1) {
        cursor.FailHere("trees whose leaves are vectors are not supported");
      }
    } else {
      cursor.Skip();
    }
  }
}

/// Where the value of a key goes.
struct IntegerArray {
  std::string_view key;
  std::optional<std::vector<std::int32_t>> RawTree::*array;
};
struct FloatArray {
  std::string_view key;
  std::optional<std::vector<float>> RawTree::*array;
};
struct FlagArray {
  std::string_view key;
  std::optional<std::vector<std::uint8_t>> RawTree::*array;
};

constexpr std::array<IntegerArray, 8> kIntegerArrays{{
    {"left_children", &RawTree::left_children},
    {"right_children", &RawTree::right_children},
    {"parents", &RawTree::parents},
    {"split_indices", &RawTree::split_indices},
    {"categories", &RawTree::categories},
    {"categories_nodes", &RawTree::categories_nodes},
    {"categories_segments", &RawTree::categories_segments},
    {"categories_sizes", &RawTree::categories_sizes},
}};
constexpr std::array<FloatArray, 4> kFloatArrays{{
    {"split_conditions", &RawTree::split_conditions},
    {"base_weights", &RawTree::base_weights},
    {"loss_changes", &RawTree::loss_changes},
    {"sum_hessian", &RawTree::sum_hessian},
}};
constexpr std::array<FlagArray, 2> kFlagArrays{{
    {"default_left", &RawTree::default_left},
    {"split_type", &RawTree::split_type},
}};

template <typename Table, typename Read>
bool ReadArrayOf(const Table& table, std::string_view key, RawTree& raw, const Read& read) {
  for (const auto& entry : table) {
    if (entry.key == key) {
      raw.*entry.array = read();
      return true;
    }
  }
  return false;
}

/// The arrays that every tree must have, and all of one length.
void CheckLengths(DocumentCursor& cursor, const RawTree& raw) {
  const auto check = [&](const auto& table, std::string_view optional_key) {
    for (const auto& entry : table) {
      const auto& array = raw.*entry.array;
      const std::string pointer = raw.pointer + "/" + std::string(entry.key);
      if (entry.key.starts_with("categories") || (!array && entry.key == optional_key)) {
        continue;
      }
      if (!array) {
        cursor.FailAt(pointer, "the array is missing");
      } else if (static_cast<std::int64_t>(array->size()) != raw.num_nodes) {
        cursor.FailAt(pointer, "has " + std::to_string(array->size()) + " elements, num_nodes is " +
                                   std::to_string(raw.num_nodes.value_or(0)));
      }
    }
  };
  if (!raw.num_nodes || *raw.num_nodes < 1) {
    cursor.FailAt(raw.pointer + "/tree_param/num_nodes", "must be at least 1");
  }
  if (!raw.num_feature) {
    cursor.FailAt(raw.pointer + "/tree_param/num_feature", "is missing");
  }
  check(kIntegerArrays, "");
  check(kFloatArrays, "");
  check(kFlagArrays, "split_type");
}

}  // namespace

std::int64_t ReadNumberText(DocumentCursor& cursor) {
  const std::string text = cursor.ReadText();
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (cursor.ok() && (error != std::errc() || stop != text.data() + text.size())) {
    cursor.FailHere("must be a whole number in quotes");
    return 0;
  }
  return value;
}

std::vector<std::int32_t> ReadIntegers(DocumentCursor& cursor) {
  std::vector<std::int32_t> values;
  cursor.EnterArray();
  while (cursor.NextElement()) {
    const std::int64_t value = cursor.ReadInteger();
    if (values.size() == kMostXgboostNodes) {
      cursor.FailHere("more than 10000000 elements");
    } else if (value < std::numeric_limits<std::int32_t>::min() ||
               value > std::numeric_limits<std::int32_t>::max()) {
      cursor.FailHere(std::to_string(value) + " does not fit 32 bits");
    } else {
      values.push_back(static_cast<std::int32_t>(value));
    }
  }
  return values;
}

std::vector<float> ReadFloats(DocumentCursor& cursor) {
  std::vector<float> values;
  cursor.EnterArray();
  while (cursor.NextElement()) {
    const float value = cursor.ReadFloat();
    if (values.size() == kMostXgboostNodes) {
      cursor.FailHere("more than 10000000 elements");
    } else {
      values.push_back(value);
    }
  }
  return values;
}

TreeRead ReadTree(DocumentCursor& cursor) {
  RawTree raw;
  raw.pointer = cursor.Pointer();
  std::string key;
  cursor.EnterObject();
  while (cursor.NextKey(&key)) {
    const bool is_array =
        ReadArrayOf(kIntegerArrays, key, raw, [&] { return ReadIntegers(cursor); }) ||
        ReadArrayOf(kFloatArrays, key, raw, [&] { return ReadFloats(cursor); }) ||
        ReadArrayOf(kFlagArrays, key, raw, [&] { return ReadFlags(cursor); });
    if (is_array) {
      continue;
    }
    if (key == "tree_param") {
      ReadTreeParameters(cursor, raw);
    } else if (key == "id") {
      static_cast<void>(cursor.ReadInteger());
    } else {
      cursor.Skip();
    }
  }
  if (cursor.ok()) {
    CheckLengths(cursor, raw);
  }
  TreeRead read;
  if (cursor.ok()) {
    read.tree = CheckTree(cursor, raw);
    read.nodes = raw.left_children->size();
    read.num_feature = *raw.num_feature;
    for (const XgboostTree::Node& node : read.tree.nodes) {
      read.feature_end = std::max(read.feature_end, node.IsLeaf() ? 0 : node.feature + 1);
    }
    for (const std::vector<std::int32_t>& set : read.tree.category_sets) {
      read.category_words += static_cast<std::size_t>(set.back()) / 32 + 1;
    }
  }
  return read;
}

}  // namespace promtally::inference
