// SPDX-License-Identifier: Apache-2.0
#include "inference/xgboost_learner_check.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "inference/xgboost_objective.h"

namespace promtally::inference {
namespace {

constexpr std::string_view kModel = "/learner/gradient_booster";
constexpr std::int64_t kMostGroups = 100'000;

class LearnerCheck {
 public:
  LearnerCheck(DocumentCursor& cursor, RawLearner& raw) : cursor_(cursor), raw_(raw) {}

  void Run() {
    CheckVersion();
    CheckParameters();
    CheckFeatures();
    CheckBaseScore();
    CheckBooster();
    CheckTrees();
  }

 private:
  void CheckVersion();
  void CheckParameters();
  void CheckFeatures();
  void CheckBaseScore();
  void CheckBooster();
  void CheckTrees();
  void CheckIterations();

  DocumentCursor& cursor_;
  RawLearner& raw_;
};

void LearnerCheck::CheckVersion() {
  if (raw_.version.size() != 3 || *std::min_element(raw_.version.begin(), raw_.version.end()) < 0) {
    return cursor_.FailAt("/version", "must be three whole numbers");
  }
  const bool is_known = raw_.version[0] == 2 || raw_.version[0] == 3 ||
                        (raw_.version[0] == 1 && raw_.version[1] >= 7);
  if (!is_known) {
    cursor_.FailAt("/version", "saved by XGBoost " + std::to_string(raw_.version[0]) + "." +
                                   std::to_string(raw_.version[1]) +
                                   "; models of 1.7 to 3.x are read");
  }
  std::copy(raw_.version.begin(), raw_.version.end(), raw_.document.saved_by.begin());
}

void LearnerCheck::CheckParameters() {
  constexpr std::string_view kAt = "/learner/learner_model_param/";
  const XgboostObjective* objective = FindXgboostObjective(raw_.document.objective);
  if (objective == nullptr) {
    return cursor_.FailAt("/learner/objective/name", "an objective that is not known");
  }
  if (!raw_.num_feature || *raw_.num_feature < 1 ||
      *raw_.num_feature > static_cast<std::int64_t>(kMostXgboostFeatures)) {
    return cursor_.FailAt(std::string(kAt) + "num_feature", "must be from 1 to 1000000");
  }
  const std::int64_t classes = raw_.num_class.value_or(0);
  const std::int64_t targets = raw_.num_target.value_or(1);
  if (classes < 0 || classes > kMostGroups) {
    return cursor_.FailAt(std::string(kAt) + "num_class", "must be from 0 to 100000");
  }
  if (targets < 1 || targets > kMostGroups || (targets > 1 && classes > 1)) {
    return cursor_.FailAt(std::string(kAt) + "num_target",
                          "must be from 1 to 100000, and 1 where there are classes");
  }
  const bool is_multiclass =
      objective->link == XgboostLink::kSoftprob || objective->link == XgboostLink::kSoftmax;
  if (is_multiclass != (classes > 1)) {
    return cursor_.FailAt(std::string(kAt) + "num_class", "does not agree with the objective");
  }
  const auto softmax = raw_.document.objective_parameters.find("softmax_multiclass_param");
  if (softmax != raw_.document.objective_parameters.end()) {
    const auto stated = softmax->second.find("num_class");
    if (is_multiclass &&
        (stated == softmax->second.end() || stated->second != std::to_string(classes))) {
      return cursor_.FailAt("/learner/objective/softmax_multiclass_param/num_class",
                            "does not agree with the learner's");
    }
  }
  raw_.document.num_feature = static_cast<std::size_t>(*raw_.num_feature);
  raw_.document.num_class = static_cast<std::int32_t>(classes);
  raw_.document.num_target = static_cast<std::int32_t>(targets);
}

void LearnerCheck::CheckFeatures() {
  const auto& names = raw_.document.feature_names;
  const auto& types = raw_.document.feature_types;
  if (!names.empty() && names.size() != raw_.document.num_feature) {
    return cursor_.FailAt("/learner/feature_names", "num_feature is another number");
  }
  if (!types.empty() && types.size() != raw_.document.num_feature) {
    return cursor_.FailAt("/learner/feature_types", "num_feature is another number");
  }
  if (std::set<std::string_view>(names.begin(), names.end()).size() != names.size()) {
    return cursor_.FailAt("/learner/feature_names", "a name is given twice");
  }
  const std::set<std::string_view> known{"float", "int", "i", "q", "c"};
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (!known.contains(types[i])) {
      return cursor_.FailAt("/learner/feature_types/" + std::to_string(i),
                            "must be float, int, i, q or c");
    }
  }
}

void LearnerCheck::CheckBaseScore() {
  if (!cursor_.ok()) {
    return;
  }
  constexpr std::string_view kAt = "/learner/learner_model_param/base_score";
  const std::size_t count = raw_.document.base_score.size();
  if (count != 1 && count != raw_.document.groups()) {
    return cursor_.FailAt(kAt, count == 0 ? "is missing" : "must be one number, or one a class");
  }
  const XgboostLink link = FindXgboostObjective(raw_.document.objective)->link;
  for (const float score : raw_.document.base_score) {
    if (!IsBaseScore(link, score)) {
      return cursor_.FailAt(kAt, "is no prediction of the objective " + raw_.document.objective);
    }
  }
}

void LearnerCheck::CheckBooster() {
  const std::string at(kModel);
  if (raw_.outer_booster == "gblinear") {
    return cursor_.FailAt(at + "/name", "linear models are not supported, only trees");
  }
  const bool is_dart = raw_.outer_booster == "dart";
  if (!is_dart && raw_.outer_booster != "gbtree") {
    return cursor_.FailAt(at + "/name", "must be gbtree or dart");
  }
  if (is_dart ? raw_.inner_booster != "gbtree" : !raw_.inner_booster.empty()) {
    return cursor_.FailAt(at + "/gbtree", "dart has a gbtree below it, gbtree has none");
  }
  if (is_dart != raw_.weights.has_value()) {
    return cursor_.FailAt(at + "/weight_drop", "dart has weights, gbtree has none");
  }
  if (!raw_.has_model) {
    return cursor_.FailAt(at + "/model", "is missing");
  }
  raw_.document.booster = raw_.outer_booster;
  if (!is_dart) {
    return;
  }
  if (raw_.weights->size() != raw_.trees.size()) {
    return cursor_.FailAt(at + "/weight_drop", "must have one number a tree");
  }
  for (std::size_t i = 0; i < raw_.weights->size(); ++i) {
    if (!std::isfinite((*raw_.weights)[i])) {
      return cursor_.FailAt(at + "/weight_drop/" + std::to_string(i), "must be a finite number");
    }
  }
  raw_.document.tree_weights = *raw_.weights;
}

void LearnerCheck::CheckTrees() {
  if (!cursor_.ok()) {
    return;
  }
  const std::string model = std::string(kModel) + (raw_.weights ? "/gbtree/model" : "/model");
  const std::size_t count = raw_.trees.size();
  if (!raw_.num_trees || *raw_.num_trees != static_cast<std::int64_t>(count)) {
    return cursor_.FailAt(model + "/gbtree_model_param/num_trees",
                          "there are " + std::to_string(count) + " trees");
  }
  if (raw_.num_parallel_tree.value_or(1) < 1 ||
      raw_.num_parallel_tree.value_or(1) > static_cast<std::int64_t>(kMostXgboostNodes)) {
    return cursor_.FailAt(model + "/gbtree_model_param/num_parallel_tree", "must be at least 1");
  }
  if (!raw_.tree_info || raw_.tree_info->size() != count) {
    return cursor_.FailAt(model + "/tree_info", "must have one number a tree");
  }
  raw_.document.num_parallel_tree = static_cast<std::int32_t>(raw_.num_parallel_tree.value_or(1));
  const auto groups = static_cast<std::int32_t>(raw_.document.groups());
  for (std::size_t i = 0; i < count; ++i) {
    const std::string tree = model + "/trees/" + std::to_string(i);
    const std::int32_t group = (*raw_.tree_info)[i];
    if (group < 0 || group >= groups) {
      return cursor_.FailAt(model + "/tree_info/" + std::to_string(i),
                            "there is no group " + std::to_string(group));
    }
    if (raw_.trees[i].num_feature != *raw_.num_feature) {
      return cursor_.FailAt(tree + "/tree_param/num_feature", "the learner's is another number");
    }
    if (raw_.trees[i].feature_end > *raw_.num_feature) {
      return cursor_.FailAt(tree + "/split_indices",
                            "there is no feature " + std::to_string(raw_.trees[i].feature_end - 1));
    }
    raw_.trees[i].tree.group = group;
    raw_.document.trees.push_back(std::move(raw_.trees[i].tree));
  }
  const auto greatest = std::max_element(raw_.tree_info->begin(), raw_.tree_info->end());
  if (count > 0 && *greatest + 1 != groups) {
    return cursor_.FailAt(std::string("/learner/learner_model_param/") +
                              (raw_.document.num_class > 1 ? "num_class" : "num_target"),
                          "is " + std::to_string(groups) + ", but the trees have " +
                              std::to_string(*greatest + 1) + " groups");
  }
  CheckIterations();
}

void LearnerCheck::CheckIterations() {
  if (!raw_.iterations) {
    return;
  }
  const bool is_whole =
      !raw_.iterations->empty() && raw_.iterations->front() == 0 &&
      static_cast<std::size_t>(raw_.iterations->back()) == raw_.document.trees.size() &&
      std::is_sorted(raw_.iterations->begin(), raw_.iterations->end());
  if (!is_whole) {
    cursor_.FailAt(
        std::string(kModel) + (raw_.weights ? "/gbtree" : "") + "/model/iteration_indptr",
        "must ascend from 0 to the number of trees");
  }
}

}  // namespace

std::size_t XgboostDocument::groups() const {
  return static_cast<std::size_t>(std::max({num_class, num_target, 1}));
}

void CheckLearner(DocumentCursor& cursor, RawLearner& raw) { LearnerCheck(cursor, raw).Run(); }

}  // namespace promtally::inference
