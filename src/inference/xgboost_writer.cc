// SPDX-License-Identifier: Apache-2.0
// One walk over the model, written by two kinds of output: JSON text, and UBJ as XGBoost has it.
#include <string_view>

#include "inference/document_output.h"
#include "inference/xgboost_document.h"

namespace promtally::inference {
namespace {

// In the place of a parent, in XGBoost's files.
constexpr std::int32_t kNoParent = 2147483647;

template <typename Output>
class Writer {
 public:
  explicit Writer(const XgboostDocument& document) : document_(document) {}

  std::string Run() {
    out_.BeginObject();
    out_.Key("learner");
    out_.BeginObject();
    out_.Key("attributes");
    WriteTexts(document_.attributes);
    WriteNames("feature_names", document_.feature_names);
    WriteNames("feature_types", document_.feature_types);
    out_.Key("gradient_booster");
    WriteBooster();
    WriteLearnerParameters();
    WriteObjective();
    out_.EndObject();
    out_.Key("version");
    out_.List(std::vector<std::int32_t>(document_.saved_by.begin(), document_.saved_by.end()));
    out_.EndObject();
    return out_.Take();
  }

 private:
  void WritePair(std::string_view key, std::string_view text) {
    out_.Key(key);
    out_.Text(text);
  }

  void WriteTexts(const std::map<std::string, std::string>& texts) {
    out_.BeginObject();
    for (const auto& [key, text] : texts) {
      WritePair(key, text);
    }
    out_.EndObject();
  }

  void WriteNames(std::string_view key, const std::vector<std::string>& names) {
    out_.Key(key);
    out_.BeginArray(names.size());
    for (const std::string& name : names) {
      out_.Text(name);
    }
    out_.EndArray();
  }

  void WriteLearnerParameters() {
    // XGBoost before 3.1 reads one number without brackets; since then both forms are read.
    std::string score;
    for (const float value : document_.base_score) {
      score += (score.empty() ? "" : ",") + FloatText(value);
    }
    out_.Key("learner_model_param");
    out_.BeginObject();
    WritePair("base_score", document_.base_score.size() > 1 ? "[" + score + "]" : score);
    WritePair("boost_from_average", "1");
    WritePair("num_class", std::to_string(document_.num_class));
    WritePair("num_feature", std::to_string(document_.num_feature));
    WritePair("num_target", std::to_string(document_.num_target));
    out_.EndObject();
  }

  void WriteObjective() {
    out_.Key("objective");
    out_.BeginObject();
    WritePair("name", document_.objective);
    for (const auto& [key, texts] : document_.objective_parameters) {
      out_.Key(key);
      WriteTexts(texts);
    }
    out_.EndObject();
  }

  void WriteBooster() {
    const bool is_dart = document_.booster == "dart";
    out_.BeginObject();
    if (is_dart) {
      out_.Key("gbtree");
      out_.BeginObject();
    }
    out_.Key("model");
    WriteModel();
    WritePair("name", "gbtree");
    if (is_dart) {
      out_.EndObject();
      WritePair("name", "dart");
      out_.Key("weight_drop");
      out_.List(document_.tree_weights);
    }
    out_.EndObject();
  }

  void WriteModel() {
    out_.BeginObject();
    out_.Key("gbtree_model_param");
    out_.BeginObject();
    WritePair("num_parallel_tree", std::to_string(document_.num_parallel_tree));
    WritePair("num_trees", std::to_string(document_.trees.size()));
    WritePair("size_leaf_vector", "0");
    out_.EndObject();
    WriteIterations();
    std::vector<std::int32_t> groups;
    for (const XgboostTree& tree : document_.trees) {
      groups.push_back(tree.group);
    }
    out_.Key("tree_info");
    out_.List(groups);
    out_.Key("trees");
    out_.BeginArray(document_.trees.size());
    for (std::size_t i = 0; i < document_.trees.size(); ++i) {
      WriteTree(document_.trees[i], i);
    }
    out_.EndArray();
    out_.EndObject();
  }

  /// Where each round of boosting begins: needed since 2.0, not looked at before.
  void WriteIterations() {
    const std::size_t step =
        document_.groups() * static_cast<std::size_t>(document_.num_parallel_tree);
    if (document_.trees.size() % step != 0) {
      return;
    }
    std::vector<std::int32_t> starts;
    for (std::size_t at = 0; at <= document_.trees.size(); at += step) {
      starts.push_back(static_cast<std::int32_t>(at));
    }
    out_.Key("iteration_indptr");
    out_.List(starts);
  }

  void WriteTree(const XgboostTree& tree, std::size_t id);
  void WriteCategories(const XgboostTree& tree);

  const XgboostDocument& document_;
  Output out_;
};

template <typename Output>
void Writer<Output>::WriteTree(const XgboostTree& tree, std::size_t id) {
  const std::size_t size = tree.nodes.size();
  const auto column = [&tree, size](auto of) {
    std::vector<decltype(of(tree.nodes[0]))> values;
    values.reserve(size);
    for (const XgboostTree::Node& node : tree.nodes) {
      values.push_back(of(node));
    }
    return values;
  };
  std::vector<std::int32_t> parents(size, kNoParent);
  for (std::size_t i = 0; i < size; ++i) {
    if (!tree.nodes[i].IsLeaf()) {
      parents[static_cast<std::size_t>(tree.nodes[i].left)] = static_cast<std::int32_t>(i);
      parents[static_cast<std::size_t>(tree.nodes[i].right)] = static_cast<std::int32_t>(i);
    }
  }
  using Node = XgboostTree::Node;
  out_.BeginObject();
  out_.Key("base_weights");
  out_.Numbers(column([](const Node& node) { return node.weight; }));
  WriteCategories(tree);
  out_.Key("default_left");
  out_.Numbers(column([](const Node& node) { return std::uint8_t{node.default_left}; }));
  out_.Key("id");
  out_.Integer(static_cast<std::int64_t>(id));
  out_.Key("left_children");
  out_.Numbers(column([](const Node& node) { return node.left; }));
  out_.Key("loss_changes");
  out_.Numbers(column([](const Node& node) { return node.gain; }));
  out_.Key("parents");
  out_.Numbers(parents);
  out_.Key("right_children");
  out_.Numbers(column([](const Node& node) { return node.right; }));
  out_.Key("split_conditions");
  out_.Numbers(column([](const Node& node) { return node.value; }));
  out_.Key("split_indices");
  out_.Numbers(column([](const Node& node) { return node.feature; }));
  out_.Key("split_type");
  out_.Numbers(column([](const Node& node) { return std::uint8_t{node.categories >= 0}; }));
  out_.Key("sum_hessian");
  out_.Numbers(column([](const Node& node) { return node.cover; }));
  out_.Key("tree_param");
  out_.BeginObject();
  WritePair("num_deleted", "0");
  WritePair("num_feature", std::to_string(document_.num_feature));
  WritePair("num_nodes", std::to_string(size));
  WritePair("size_leaf_vector", "1");
  out_.EndObject();
  out_.EndObject();
}

template <typename Output>
void Writer<Output>::WriteCategories(const XgboostTree& tree) {
  std::vector<std::int32_t> categories;
  std::vector<std::int32_t> nodes;
  std::vector<std::int64_t> segments;
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    if (tree.nodes[i].categories < 0) {
      continue;
    }
    const auto& set = tree.category_sets[static_cast<std::size_t>(tree.nodes[i].categories)];
    nodes.push_back(static_cast<std::int32_t>(i));
    segments.push_back(static_cast<std::int64_t>(categories.size()));
    sizes.push_back(static_cast<std::int64_t>(set.size()));
    categories.insert(categories.end(), set.begin(), set.end());
  }
  out_.Key("categories");
  out_.Numbers(categories);
  out_.Key("categories_nodes");
  out_.Numbers(nodes);
  out_.Key("categories_segments");
  out_.Numbers(segments);
  out_.Key("categories_sizes");
  out_.Numbers(sizes);
}

}  // namespace

std::string WriteXgboostJson(const XgboostDocument& document) {
  return Writer<JsonOutput>(document).Run();
}

std::string WriteXgboostUbj(const XgboostDocument& document) {
  return Writer<UbjOutput>(document).Run();
}

}  // namespace promtally::inference
