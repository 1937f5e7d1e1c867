// SPDX-License-Identifier: Apache-2.0
// Crafted files: each is a good model with one thing changed. libxgboost takes many of them
// silently and ends the process on others; here each is refused, with its place.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inference/tree_ensemble.h"
#include "inference/xgboost_document.h"
#include "unit/inference/model_files.h"

namespace promtally::inference {
namespace {

using Json = nlohmann::json;

constexpr const char* kTree = "/learner/gradient_booster/model/trees/3";
constexpr const char* kModel = "/learner/gradient_booster/model";
constexpr const char* kLearner = "/learner/learner_model_param";

/// A change: the value at a pointer is replaced, `REMOVE` takes it away. Texts `@NaN@` and the like
/// become bare words of the file.
struct Change {
  const char* name;
  std::string pointer;
  std::string value;
  const char* expected;  ///< part of the refusal; nullptr: the file is good
};

std::string Bare(std::string text) {
  for (const char* word : {"NaN", "Infinity", "-Infinity", "1e999", "nan"}) {
    const std::string quoted = "\"@" + std::string(word) + "@\"";
    for (std::size_t at = text.find(quoted); at != std::string::npos; at = text.find(quoted)) {
      text.replace(at, quoted.size(), word);
    }
  }
  return text;
}

std::string Changed(const Json& model, const Change& change) {
  Json changed = model;
  const Json::json_pointer pointer(change.pointer);
  if (change.value == "REMOVE") {
    changed = changed.patch(Json::array({{{"op", "remove"}, {"path", change.pointer}}}));
  } else {
    changed[pointer] = Json::parse(change.value);
  }
  return Bare(changed.dump());
}

std::string At(const char* where, const char* rest) { return std::string(where) + rest; }

/// A model of one categorical split, as the writer makes it.
Json CategoricalModel() {
  XgboostDocument document;
  document.saved_by = {2, 1, 4};
  document.objective = "reg:squarederror";
  document.num_feature = 2;
  document.base_score = {0.5F};
  document.trees.resize(1);
  document.trees[0].nodes = {{.left = 1, .right = 2, .categories = 0, .value = 1},
                             {.value = -1},
                             {.left = 3, .right = 4, .categories = 1, .value = 2},
                             {.value = 1},
                             {.value = 2}};
  document.trees[0].category_sets = {{1, 3}, {0, 40, 41}};
  return Json::parse(WriteXgboostJson(document));
}

/// Three classes, one tree each.
Json MulticlassModel() {
  XgboostDocument document;
  document.saved_by = {3, 2, 0};
  document.objective = "multi:softprob";
  document.objective_parameters = {{"softmax_multiclass_param", {{"num_class", "3"}}}};
  document.num_class = 3;
  document.num_feature = 2;
  document.base_score = {0.5F, 0.25F, 0};
  document.trees.resize(3);
  for (std::int32_t i = 0; i < 3; ++i) {
    document.trees[static_cast<std::size_t>(i)].nodes = {{.value = 1}};
    document.trees[static_cast<std::size_t>(i)].group = i;
  }
  return Json::parse(WriteXgboostJson(document));
}

Json DartModel() {
  XgboostDocument document;
  document.saved_by = {3, 2, 0};
  document.booster = "dart";
  document.objective = "binary:logistic";
  document.num_feature = 2;
  document.base_score = {0.5F};
  document.trees.resize(2);
  document.trees[0].nodes = {{.value = 1}};
  document.trees[1].nodes = {{.value = 2}};
  document.tree_weights = {0.5F, 1};
  return Json::parse(WriteXgboostJson(document));
}

void ExpectEach(const Json& model, const std::vector<Change>& changes) {
  ASSERT_TRUE(ReadXgboostDocument(model.dump())) << "the model that is changed is good";
  for (const Change& change : changes) {
    const std::string bytes = Changed(model, change);
    const auto document = ReadXgboostDocument(bytes);
    if (change.expected == nullptr) {
      EXPECT_TRUE(document) << change.name << ": " << document.error().message;
      continue;
    }
    ASSERT_FALSE(document) << change.name;
    EXPECT_EQ(document.error().code, base::ErrorCode::kParse) << change.name;
    EXPECT_THAT(document.error().message, testing::HasSubstr(change.expected)) << change.name;
  }
}

TEST(HostileXgboost, RefusesBrokenTrees) {
  const std::vector<Change> changes{
      {"child below range", At(kTree, "/left_children/0"), "-5",
       "/3/left_children/0: there is no node -5"},
      {"child far out", At(kTree, "/left_children/0"), "99999", "there is no node 99999"},
      {"child one past the end", At(kTree, "/right_children/0"), "17", "there is no node 17"},
      {"child beyond 32 bits", At(kTree, "/left_children/0"), "4294967297", "does not fit 32 bits"},
      {"child beyond 64 bits", At(kTree, "/left_children/0"), "99999999999999999999",
       "/3/left_children/0"},
      {"child with a fraction", At(kTree, "/left_children/0"), "1.5", "must be a whole number"},
      {"child as text", At(kTree, "/left_children/0"), "\"1\"", "must be a whole number"},
      {"child null", At(kTree, "/left_children/0"), "null", "must be a whole number"},
      {"child as object", At(kTree, "/left_children/0"), "{}", "must be a whole number"},
      {"loop to the root", At(kTree, "/left_children/1"), "0", "another parent"},
      {"loop to itself", At(kTree, "/left_children/1"), "1", "another parent"},
      {"shared child", At(kTree, "/right_children/0"), "1", "another parent"},
      {"one child", At(kTree, "/left_children/0"), "-1", "two children or none"},
      {"other one child", At(kTree, "/right_children/0"), "-1", "two children or none"},
      {"wrong parent", At(kTree, "/parents/1"), "2", "/parents/1: must be 0"},
      {"root with a parent", At(kTree, "/parents/0"), "3", "/parents/0: the root"},
      {"parents swapped", At(kTree, "/parents/3"), "2147483647", "/parents/3"},
      {"split index minus one", At(kTree, "/split_indices/0"), "-1", "/split_indices/0"},
      {"split index 2^32 - 1", At(kTree, "/split_indices/0"), "4294967295", "/split_indices/0"},
      {"split index num_feature", At(kTree, "/split_indices/0"), "12", "there is no feature 12"},
      {"split index a million", At(kTree, "/split_indices/0"), "1000000", "/split_indices/0"},
      {"split index of deleted", At(kTree, "/split_indices/0"), "2147483647", "/split_indices/0"},
      {"condition NaN", At(kTree, "/split_conditions/0"), "\"@NaN@\"", "/split_conditions/0"},
      {"condition infinite", At(kTree, "/split_conditions/0"), "\"@Infinity@\"",
       "/split_conditions/0"},
      {"condition too large", At(kTree, "/split_conditions/0"), "\"@1e999@\"", "out of the range"},
      {"condition 1e39", At(kTree, "/split_conditions/0"), "1e39", "out of the range"},
      {"condition as text", At(kTree, "/split_conditions/0"), "\"1\"", "must be a number"},
      {"leaf NaN", At(kTree, "/split_conditions/8"), "\"@NaN@\"", "/split_conditions/8"},
      {"base weight NaN", At(kTree, "/base_weights/0"), "\"@NaN@\"", "/base_weights/0"},
      {"gain NaN", At(kTree, "/loss_changes/0"), "\"@NaN@\"", "/loss_changes/0"},
      {"cover NaN", At(kTree, "/sum_hessian/0"), "\"@NaN@\"", "/sum_hessian/0"},
      {"cover negative", At(kTree, "/sum_hessian/0"), "-1", "/sum_hessian/0"},
      {"default direction 2", At(kTree, "/default_left/0"), "2", "must be 0 or 1"},
      {"default direction as bool", At(kTree, "/default_left/0"), "true", nullptr},
      {"split type 7", At(kTree, "/split_type/0"), "7", "must be 0 or 1"},
      {"categorical without categories", At(kTree, "/split_type/0"), "1", "has no categories"},
      {"categories of a numeric split", At(kTree, "/categories_nodes"), "[0]", "categories_nodes"},
      {"categories of no node", At(kTree, "/categories"), "[1]", "belongs to no node"},
  };
  ExpectEach(Json::parse(FileBytes(XgboostFile("sqerr-v1_7_6.json"))), changes);
}

TEST(HostileXgboost, RefusesCountsThatDoNotAgree) {
  std::vector<Change> changes{
      {"num_nodes less", At(kTree, "/tree_param/num_nodes"), "\"16\"", "num_nodes is 16"},
      {"num_nodes more", At(kTree, "/tree_param/num_nodes"), "\"18\"", "num_nodes is 18"},
      {"num_nodes negative", At(kTree, "/tree_param/num_nodes"), "\"-17\"", "num_nodes"},
      {"num_nodes 0", At(kTree, "/tree_param/num_nodes"), "\"0\"", "at least 1"},
      {"num_nodes no number", At(kTree, "/tree_param/num_nodes"), "\"17x\"",
       "whole number in quotes"},
      {"num_nodes missing", At(kTree, "/tree_param/num_nodes"), "REMOVE", "num_nodes"},
      {"num_deleted", At(kTree, "/tree_param/num_deleted"), "\"1\"", "num_deleted"},
      {"tree num_feature", At(kTree, "/tree_param/num_feature"), "\"13\"",
       "tree_param/num_feature"},
      {"tree num_feature missing", At(kTree, "/tree_param/num_feature"), "REMOVE",
       "num_feature: is missing"},
      {"leaf vectors", At(kTree, "/tree_param/size_leaf_vector"), "\"3\"", "leaves are vectors"},
      {"tree_param missing", At(kTree, "/tree_param"), "REMOVE", "num_nodes"},
      {"tree as number", kTree, "5", "must be an object"},
      {"more trees announced", At(kModel, "/gbtree_model_param/num_trees"), "\"13\"",
       "there are 12 trees"},
      {"fewer trees announced", At(kModel, "/gbtree_model_param/num_trees"), "\"11\"",
       "there are 12 trees"},
      {"num_trees missing", At(kModel, "/gbtree_model_param/num_trees"), "REMOVE", "num_trees"},
      {"a tree less", At(kModel, "/trees/11"), "REMOVE", "there are 11 trees"},
      {"trees missing", At(kModel, "/trees"), "REMOVE", "there are 0 trees"},
      {"parallel trees 0", At(kModel, "/gbtree_model_param/num_parallel_tree"), "\"0\"",
       "num_parallel_tree"},
      {"model leaf vectors", At(kModel, "/gbtree_model_param/size_leaf_vector"), "\"2\"",
       "leaves are vectors"},
      {"tree_info short", At(kModel, "/tree_info/11"), "REMOVE", "tree_info"},
      {"tree_info missing", At(kModel, "/tree_info"), "REMOVE", "tree_info"},
      {"tree_info negative", At(kModel, "/tree_info/0"), "-1", "no group -1"},
      {"tree_info beyond", At(kModel, "/tree_info/0"), "1", "no group 1"},
      {"iterations that stop early", At(kModel, "/iteration_indptr"), "[0,1]", "iteration_indptr"},
      {"iterations that fall", At(kModel, "/iteration_indptr"), "[0,5,4,12]", "iteration_indptr"},
      {"iterations that agree", At(kModel, "/iteration_indptr"), "[0,12]", nullptr},
      {"num_feature 0", At(kLearner, "/num_feature"), "\"0\"", "num_feature"},
      {"num_feature less", At(kLearner, "/num_feature"), "\"11\"", "num_feature"},
      {"num_feature a billion", At(kLearner, "/num_feature"), "\"1000000000\"", "num_feature"},
      {"num_feature as number", At(kLearner, "/num_feature"), "12", "must be a text"},
      {"num_class of a regression", At(kLearner, "/num_class"), "\"3\"", "num_class"},
      {"num_class negative", At(kLearner, "/num_class"), "\"-1\"", "num_class"},
      {"num_target of one target", At(kLearner, "/num_target"), "\"2\"", "num_target: is 2"},
      {"num_target 0", At(kLearner, "/num_target"), "\"0\"", "num_target"},
      {"num_target huge", At(kLearner, "/num_target"), "\"999999999\"", "num_target"},
      {"names of fewer features", "/learner/feature_names", "[\"a\"]", "feature_names"},
      {"a name that is no text", "/learner/feature_names", "[1]", "must be a text"},
      {"types of fewer features", "/learner/feature_types", "[\"float\"]", "feature_types"},
  };
  for (const char* array :
       {"left_children", "right_children", "parents", "split_indices", "split_conditions",
        "default_left", "base_weights", "loss_changes", "sum_hessian"}) {
    changes.push_back({array, At(kTree, "/") + array, "REMOVE", "the array is missing"});
    changes.push_back({array, At(kTree, "/") + array + "/16", "REMOVE", "has 16 elements"});
  }
  ExpectEach(Json::parse(FileBytes(XgboostFile("sqerr-v1_7_6.json"))), changes);
}

TEST(HostileXgboost, RefusesWhatIsNotKnown) {
  ExpectEach(
      Json::parse(FileBytes(XgboostFile("logistic-v3_2_0.json"))),
      {
          {"objective", "/learner/objective/name", "\"reg:evil\"", "/learner/objective/name"},
          {"no objective", "/learner/objective", "REMOVE", "/learner/objective/name"},
          {"objective number", "/learner/objective/name", "1", "must be a text"},
          {"linear booster", "/learner/gradient_booster/name", "\"gblinear\"", "linear models"},
          {"unknown booster", "/learner/gradient_booster/name", "\"gbx\"", "gradient_booster/name"},
          {"dart without a gbtree", "/learner/gradient_booster/name", "\"dart\"", "gbtree"},
          {"weights of a gbtree", "/learner/gradient_booster/weight_drop", "[1]", "weight_drop"},
          {"no model", "/learner/gradient_booster/model", "REMOVE", "model: is missing"},
          {"no booster", "/learner/gradient_booster", "REMOVE", "gradient_booster"},
          {"no learner", "/learner", "REMOVE", "objective"},
          {"learner a list", "/learner", "[]", "/learner: must be an object"},
          {"base score nan", At(kLearner, "/base_score"), "\"nan\"", "base_score"},
          {"base score infinite", At(kLearner, "/base_score"), "\"inf\"", "base_score"},
          {"base score too large", At(kLearner, "/base_score"), "\"1e99\"", "base_score"},
          {"base score empty", At(kLearner, "/base_score"), "\"\"", "base_score"},
          {"base score list empty", At(kLearner, "/base_score"), "\"[]\"", "base_score"},
          {"base score open", At(kLearner, "/base_score"), "\"[3.9E-1\"", "base_score"},
          {"base score two", At(kLearner, "/base_score"), "\"[3.9E-1,3E-1]\"", "base_score"},
          {"base score no probability", At(kLearner, "/base_score"), "\"[1.5E0]\"", "base_score"},
          {"base score behind", At(kLearner, "/base_score"), "\"5E-1 \"", "base_score"},
          {"base score number", At(kLearner, "/base_score"), "0.5", "must be a text"},
          {"base score missing", At(kLearner, "/base_score"), "REMOVE", "base_score: is missing"},
          {"base score plain", At(kLearner, "/base_score"), "\"5E-1\"", nullptr},
          {"old version", "/version", "[1,6,2]", "/version"},
          {"future version", "/version", "[4,0,0]", "/version"},
          {"version short", "/version", "[3,2]", "/version"},
          {"version negative", "/version", "[3,-2,0]", "/version"},
          {"no version", "/version", "REMOVE", "/version"},
          {"names twice", "/learner/feature_names",
           R"(["a","a","c","d","e","f","g","h","i","j","k","l"])", "given twice"},
          {"names", "/learner/feature_names",
           R"(["a","b","c","d","e","f","g","h","i","j","k","l"])", nullptr},
          {"types", "/learner/feature_types",
           R"(["float","int","i","q","c","q","q","q","q","q","q","q"])", nullptr},
          {"type unknown", "/learner/feature_types",
           R"(["x","int","i","q","c","q","q","q","q","q","q","q"])", "feature_types/0"},
          {"attribute no text", "/learner/attributes", R"({"a":1})", "must be a text"},
          {"an unknown key", "/learner/anything", R"({"a":[1,"x",{"b":null}]})", nullptr},
      });
}

TEST(HostileXgboost, RefusesBrokenCategories) {
  const std::string tree = "/learner/gradient_booster/model/trees/0";
  ExpectEach(
      CategoricalModel(),
      {
          {"segment out of range", tree + "/categories_segments/1", "99", "categories_segments/1"},
          {"segment negative", tree + "/categories_segments/1", "-2", "categories_segments/1"},
          {"segments overlap", tree + "/categories_segments/1", "1", "categories_segments/1"},
          {"size out of range", tree + "/categories_sizes/1", "4", "categories_sizes/1"},
          {"size 0", tree + "/categories_sizes/1", "0", "categories_sizes/1"},
          {"size negative", tree + "/categories_sizes/0", "-1", "categories_sizes/0"},
          {"node out of range", tree + "/categories_nodes/1", "5", "categories_nodes/1"},
          {"node negative", tree + "/categories_nodes/0", "-1", "categories_nodes/0"},
          {"node twice", tree + "/categories_nodes/1", "0", "given twice"},
          {"category negative", tree + "/categories/0", "-1", "categories/0"},
          {"category 2^24", tree + "/categories/4", "16777216", "categories/4"},
          {"category far but possible", tree + "/categories/4", "16777215", nullptr},
          {"categories fall", tree + "/categories/1", "1", "categories/1"},
          {"category left over", tree + "/categories/5", "50", "belongs to no node"},
          {"a numeric split", tree + "/split_type/0", "0", "numeric split"},
          {"no types", tree + "/split_type", "REMOVE", "numeric split"},
          {"condition a number", tree + "/split_conditions/0", "7", nullptr},
          {"condition NaN", tree + "/split_conditions/0", "\"@NaN@\"", nullptr},
          {"condition infinite", tree + "/split_conditions/0", "\"@Infinity@\"",
           "split_conditions/0"},
      });
}

TEST(HostileXgboost, RefusesCategoriesThatWouldFillTheMemory) {
  Json model = CategoricalModel();
  Json tree = model["/learner/gradient_booster/model/trees/0"_json_pointer];
  tree["categories"] = {1, 16777215, 0, 40, 41};
  Json& trees = model["/learner/gradient_booster/model/trees"_json_pointer];
  Json& groups = model["/learner/gradient_booster/model/tree_info"_json_pointer];
  for (int i = 0; i < 30; ++i) {
    trees.push_back(tree);
    groups.push_back(0);
  }
  const auto document = ReadXgboostDocument(model.dump());
  ASSERT_FALSE(document);
  EXPECT_THAT(document.error().message, testing::HasSubstr("more than 40 MB"));
}

TEST(HostileXgboost, RefusesBrokenClassesAndWeights) {
  ExpectEach(MulticlassModel(),
             {
                 {"classes differ", "/learner/objective/softmax_multiclass_param/num_class",
                  "\"4\"", "softmax_multiclass_param"},
                 {"one class", At(kLearner, "/num_class"), "\"1\"", "num_class"},
                 {"no class", At(kLearner, "/num_class"), "\"0\"", "num_class"},
                 {"classes and targets", At(kLearner, "/num_target"), "\"2\"", "num_target"},
                 {"two base scores", At(kLearner, "/base_score"), "\"[5E-1,1E-1]\"", "base_score"},
                 {"one base score", At(kLearner, "/base_score"), "\"5E-1\"", nullptr},
                 {"several without brackets", At(kLearner, "/base_score"), "\"1,2,3\"", "brackets"},
                 {"a class without trees", At(kModel, "/tree_info/2"), "1", "num_class: is 3"},
                 {"group 3", At(kModel, "/tree_info/2"), "3", "no group 3"},
             });
  ExpectEach(
      DartModel(),
      {
          {"weight NaN", "/learner/gradient_booster/weight_drop/0", "\"@NaN@\"", "weight_drop/0"},
          {"weight less", "/learner/gradient_booster/weight_drop/1", "REMOVE", "weight_drop"},
          {"no weights", "/learner/gradient_booster/weight_drop", "REMOVE", "weight_drop"},
          {"inner booster", "/learner/gradient_booster/gbtree/name", "\"dart\"", "gbtree"},
          {"two models", "/learner/gradient_booster/model", "{}", "model"},
      });
}

std::string Refusal(const std::string& bytes) {
  const auto document = ReadXgboostDocument(bytes);
  return document ? "" : document.error().message;
}

TEST(HostileXgboost, RefusesWhatIsNoDocument) {
  const std::string good = FileBytes(XgboostFile("logistic-v2_1_4.json"));
  const std::string ubj = FileBytes(XgboostFile("logistic-v2_1_4.ubj"));
  const std::string deep(100'000, '[');
  for (const std::string& bytes :
       std::vector<std::string>{"",
                                " ",
                                "{",
                                "{}",
                                "[]",
                                "null",
                                "5",
                                "\"x\"",
                                "{\"learner\"}",
                                "{\"learner\":}",
                                "{\"learner\":{},}",
                                "{,}",
                                "{\"a\":1 \"b\":2}",
                                "{\"a\":[1,]}",
                                "{\"a\":[1 2]}",
                                "{'a':1}",
                                "{\"a\":01}",
                                "{\"a\":+1}",
                                "{\"a\":.5}",
                                "{\"a\":1.}",
                                "{\"a\":1e}",
                                "{\"a\":-}",
                                "{\"a\":nan}",
                                "{\"a\":tru}",
                                "{\"a\":\"\\x\"}",
                                "{\"a\":\"\\ud800\"}",
                                "{\"a\":\"\n\"}",
                                "{\"a\":\"",
                                "binf",
                                "{\"a\":1,\"a\":2}",
                                "{\"a\":{\"b\":1,\"b\":1}}",
                                "{\"a\":" + deep + "}",
                                deep,
                                "{\"learner\":" + deep,
                                good + " x",
                                good + "{}",
                                good + std::string(1, '\0'),
                                ubj + "}",
                                ubj + "N",
                                ubj + " ",
                                std::string("{i\x01") + "a[#L\x7f\xff\xff\xff\xff\xff\xff\xff",
                                std::string("{L\xff\xff\xff\xff\xff\xff\xff\xff", 10),
                                "{$i#i\x01",
                                "{#i\x01",
                                "{i\x01"
                                "aS",
                                "{i\x01"
                                "a[$[#i\x01",
                                "{i\x01"
                                "aHi\x01"
                                "1",
                                "{i\x01"
                                "a?",
                                "{i\x01"
                                "aTi\x01"
                                "aT}",
                                std::string(kMostXgboostBytes + 1, ' ')}) {
    EXPECT_NE(Refusal(bytes), "") << bytes.substr(0, 60);
  }
  EXPECT_THAT(Refusal(good + " x"), testing::HasSubstr("byte " + std::to_string(good.size() + 1)));
  EXPECT_THAT(Refusal("{\"learner\":{\"x\":" + deep), testing::HasSubstr("64 deep"));
  EXPECT_THAT(Refusal("{\"a\":1,\"a\":2}"), testing::StartsWith("/a: the key is given twice"));
  EXPECT_EQ(Refusal(good + " \n"), "");
}

TEST(HostileXgboost, RefusesAFileCutAnywhere) {
  for (const char* name : {"logistic-v3_2_0.ubj", "logistic-v3_2_0.json"}) {
    const std::string whole = FileBytes(XgboostFile(name));
    const std::size_t end = whole.find_last_of('}');
    for (std::size_t size = 0; size <= end; size += size < 400 || size + 400 > end ? 1 : 97) {
      ASSERT_NE(Refusal(whole.substr(0, size)), "") << name << " " << size;
    }
  }
}

TEST(HostileXgboost, NeitherCrashesNorPredictsNonsenseWhenBytesChange) {
  std::mt19937 random(20261130);
  int read = 0;
  for (const char* name : {"logistic-v3_2_0.ubj", "pruned-v1_7_6.ubj", "logistic-v1_7_6.json"}) {
    const std::string whole = FileBytes(XgboostFile(name));
    for (int i = 0; i < 400; ++i) {
      std::string changed = whole;
      for (auto n = 1 + random() % 3; n > 0; --n) {
        changed[random() % changed.size()] = static_cast<char>(random());
      }
      const auto document = ReadXgboostDocument(changed);
      if (!document) {
        continue;
      }
      ++read;
      const TreeEnsemble ensemble(*document);
      const std::vector<float> rows(ensemble.columns() * 9, 21);
      std::vector<float> out(9 * ensemble.outputs());
      ensemble.Predict(rows, 1, out);
      EXPECT_FALSE(std::isnan(out[0]));
    }
  }
  EXPECT_GT(read, 0) << "some changes only touch a number";
}

}  // namespace
}  // namespace promtally::inference
