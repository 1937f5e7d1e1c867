// SPDX-License-Identifier: Apache-2.0
#include "inference/xgboost_model.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inference/document_cursor.h"
#include "inference/open_model.h"
#include "inference/tree_contributions.h"
#include "inference/tree_ensemble.h"
#include "unit/inference/model_files.h"

namespace promtally::inference {
namespace {

XgboostDocument Read(const std::string& file) {
  auto document = ReadXgboostDocument(FileBytes(XgboostFile(file)));
  EXPECT_TRUE(document) << file << ": " << document.error().message;
  return document.value_or(XgboostDocument());
}

std::vector<float> PredictAll(const TreeEnsemble& ensemble, const std::vector<float>& rows,
                              int threads) {
  std::vector<float> out(rows.size() / ensemble.columns() * ensemble.outputs());
  ensemble.Predict(rows, threads, out);
  return out;
}

TEST(XgboostModel, PredictsAsPythonToTheLastBit) {
  for (const std::string& name : ModelNames()) {
    const Expectation expected = ReadExpectation(name);
    ASSERT_EQ(expected.rows.size(), 720U);
    for (const char* suffix : {".json", ".ubj"}) {
      const TreeEnsemble ensemble(Read(name + suffix));
      for (const int threads : {1, 3}) {
        EXPECT_EQ(PredictAll(ensemble, expected.rows, threads), expected.predictions)
            << name << suffix;
      }
    }
  }
}

TEST(XgboostModel, WhatIsWrittenIsReadAsTheSameModel) {
  for (const std::string& name : ModelNames()) {
    const Expectation expected = ReadExpectation(name);
    const XgboostDocument document = Read(name + ".json");
    for (const std::string& bytes : {WriteXgboostJson(document), WriteXgboostUbj(document)}) {
      const auto again = ReadXgboostDocument(bytes);
      ASSERT_TRUE(again) << name << ": " << again.error().message;
      EXPECT_EQ(PredictAll(TreeEnsemble(*again), expected.rows, 1), expected.predictions) << name;
      EXPECT_EQ(WriteXgboostUbj(*again), WriteXgboostUbj(document));
    }
  }
}

TEST(XgboostModel, AddsUpContributionsToTheMargin) {
  for (const std::string& name : ModelNames()) {
    const Expectation expected = ReadExpectation(name);
    const XgboostDocument document = Read(name + ".ubj");
    const TreeEnsemble ensemble(document);
    const auto contributions =
        TreeContributions(document, ensemble.margins(), std::span(expected.rows).first(60));
    ASSERT_TRUE(contributions) << contributions.error().message;
    ASSERT_EQ(contributions->size(), 5U * 13U);
    for (std::size_t row = 0; row < 5; ++row) {
      double sum = 0;
      for (std::size_t i = 0; i < 13; ++i) {
        EXPECT_NEAR((*contributions)[row * 13 + i], expected.contributions[row][i], 2e-5) << name;
        sum += double{(*contributions)[row * 13 + i]};
      }
      EXPECT_NEAR(sum, double{expected.margins[row]}, 1e-4) << name;
    }
  }
}

TEST(XgboostModel, ComesBackFromARecord) {
  const ModelRecord record = RecordOf(Read("logistic-v3_2_0.json"));
  EXPECT_EQ(record.details.dump(),
            R"({"objective":"binary:logistic","booster":"gbtree","trees":12,"features":12,)"
            R"("saved_by":[3,2,0],"base_score":[0.39]})");
  const auto model = OpenModel(record);
  ASSERT_TRUE(model) << model.error().message;
  const Expectation expected = ReadExpectation("logistic-v3_2_0");
  Rows rows{.columns = 12, .names = {}, .values = {}};
  rows.values.assign(expected.rows.begin(), expected.rows.end());
  const auto predictions = (*model)->Predict(rows, {.threads = 2, .contributions = true});
  ASSERT_TRUE(predictions);
  ASSERT_EQ(predictions->size(), 60U);
  EXPECT_EQ(static_cast<float>((*predictions)[7].values[0]), expected.predictions[7]);
  EXPECT_EQ((*predictions)[7].contributions.size(), 13U);
  rows.columns = 10;
  EXPECT_FALSE((*model)->Predict(rows, {}));
}

/// A model of one tree that is written by hand.
XgboostDocument OneTree(std::vector<XgboostTree::Node> nodes, std::size_t features) {
  XgboostDocument document;
  document.saved_by = {3, 2, 0};
  document.objective = "reg:squarederror";
  document.num_feature = features;
  document.base_score = {0.5F};
  document.trees.resize(1);
  document.trees[0].nodes = std::move(nodes);
  return document;
}

TEST(TreeEnsemble, SendsMissingInfiniteAndEqualValuesWhereXgboostDoes) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const bool default_left : {false, true}) {
    const TreeEnsemble ensemble(
        OneTree({{.left = 1, .right = 2, .feature = 1, .value = 2, .default_left = default_left},
                 {.value = -1},
                 {.value = 1}},
                2));
    const std::vector<float> rows{0, 1.5F, 0, 2, 0, kNan, 0, kInfinity, 0, -kInfinity, kNan, 3};
    const float missing = default_left ? -0.5F : 1.5F;
    EXPECT_THAT(PredictAll(ensemble, rows, 1),
                testing::ElementsAre(-0.5F, 1.5F, missing, 1.5F, -0.5F, 1.5F));
  }
}

TEST(TreeEnsemble, WalksATreeOfAnyDepthButComputesNoContributionsOfIt) {
  constexpr std::int32_t kDepth = 100'000;
  std::vector<XgboostTree::Node> nodes;
  // Nodes 2i are splits whose left children 2i + 1 are leaves.
  for (std::int32_t i = 0; i < kDepth; ++i) {
    nodes.push_back({.left = 2 * i + 1, .right = 2 * i + 2, .value = 1});
    nodes.push_back({.value = 5});
  }
  nodes.push_back({.value = 7});
  const XgboostDocument document = OneTree(nodes, 1);
  const auto again = ReadXgboostDocument(WriteXgboostUbj(document));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_THAT(PredictAll(TreeEnsemble(*again), {0, 2}, 1), testing::ElementsAre(5.5F, 7.5F));
  const std::vector<float> margins{0.5F};
  const std::vector<float> rows{0};
  EXPECT_FALSE(TreeContributions(*again, margins, rows));
}

TEST(TreeEnsemble, SendsCategoriesOfTheSetToTheRight) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  XgboostDocument document = OneTree(
      {{.left = 1, .right = 2, .categories = 0, .value = kNan}, {.value = -1}, {.value = 1}}, 1);
  document.trees[0].category_sets = {{1, 3, 40}};
  const auto again = ReadXgboostDocument(WriteXgboostUbj(document));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_THAT(
      PredictAll(TreeEnsemble(*again), {0, 1, 2, 3, 40, 41, 3.5F, -1, 1e9F, kNan}, 1),
      testing::ElementsAre(-0.5F, 1.5F, -0.5F, 1.5F, 1.5F, -0.5F, 1.5F, -0.5F, -0.5F, 1.5F));
}

/// A random tree: leaf or split at each node, `depth` at most.
void Grow(std::vector<XgboostTree::Node>& nodes, std::size_t at, int depth, unsigned& seed) {
  const auto draw = [&seed](unsigned end) {
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8U) % end;
  };
  nodes[at].value = static_cast<float>(draw(2000)) / 37 - 20;
  if (depth == 0 || draw(8) == 0) {
    return;
  }
  nodes[at].feature = static_cast<std::int32_t>(draw(5));
  nodes[at].default_left = draw(2) == 1;
  const std::size_t left = nodes.size();
  nodes[at].left = static_cast<std::int32_t>(left);
  nodes[at].right = static_cast<std::int32_t>(left + 1);
  nodes.resize(left + 2);
  Grow(nodes, left, depth - 1, seed);
  Grow(nodes, left + 1, depth - 1, seed);
}

float WalkSlowly(const std::vector<XgboostTree::Node>& nodes, const float* row) {
  std::size_t at = 0;
  while (!nodes[at].IsLeaf()) {
    const float value = row[nodes[at].feature];
    const bool is_left = std::isnan(value) ? nodes[at].default_left : value < nodes[at].value;
    at = static_cast<std::size_t>(is_left ? nodes[at].left : nodes[at].right);
  }
  return nodes[at].value;
}

TEST(TreeEnsemble, GivesForEveryDepthWhatASlowWalkGives) {
  unsigned seed = 7;
  for (int depth = 0; depth <= 13; ++depth) {
    XgboostDocument document = OneTree({}, 5);
    document.trees.resize(20);
    for (XgboostTree& tree : document.trees) {
      tree.nodes.resize(1);
      Grow(tree.nodes, 0, depth, seed);
    }
    std::vector<float> rows;
    for (int i = 0; i < 301 * 5; ++i) {
      seed = seed * 1664525U + 1013904223U;
      const float value = static_cast<float>((seed >> 8U) % 2000) / 37 - 20;
      // The first blocks miss nothing.
      rows.push_back(i > 700 && (seed >> 20U) % 7 == 0 ? std::nanf("") : value);
    }
    std::vector<float> expected;
    for (std::size_t row = 0; row < 301; ++row) {
      float sum = 0.5F;
      for (const XgboostTree& tree : document.trees) {
        sum += WalkSlowly(tree.nodes, rows.data() + row * 5);
      }
      expected.push_back(sum);
    }
    EXPECT_EQ(PredictAll(TreeEnsemble(document), rows, 2), expected) << depth;
  }
}

TEST(TreeEnsemble, WalksPlainlyToTheSameLeaves) {
  const std::vector<float> conditions{0, -1, 1, -2, -0.5F, 0.5F, 2, 0, 0, 0, 0, 0, 0, 0, 0};
  std::vector<std::int32_t> columns;
  std::vector<float> leaves;
  for (int i = 0; i < 15; ++i) {
    columns.push_back(i % 3 * 16);
  }
  for (int i = 0; i < 16; ++i) {
    leaves.push_back(static_cast<float>(i));
  }
  std::vector<float> values;
  for (int i = 0; i < 48; ++i) {
    values.push_back(static_cast<float>(i * 31 % 17) / 3 - 2.5F);
  }
  const PerfectTree tree{4, conditions.data(), columns.data(), leaves.data()};
  std::vector<float> plain(16, 1);
  std::vector<float> fast(16, 1);
  WalkPlainly(tree, values.data(), 16, plain.data());
  FastestWalk()(tree, values.data(), 16, fast.data());
  EXPECT_EQ(plain, fast);
  EXPECT_NE(plain, std::vector<float>(16, plain[0]));
}

TEST(XgboostObjective, TransformsAsXgboost) {
  std::vector<float> one{0};
  EXPECT_EQ(Transform(XgboostLink::kLogistic, one), 1U);
  EXPECT_EQ(one[0], 0.5F);
  one[0] = -200;
  Transform(XgboostLink::kLogistic, one);
  EXPECT_GT(one[0], 0);
  std::vector<float> classes{1, 3, 2};
  EXPECT_EQ(Transform(XgboostLink::kSoftmax, classes), 1U);
  EXPECT_EQ(classes[0], 1);
  classes = {0, 0};
  EXPECT_EQ(Transform(XgboostLink::kSoftprob, classes), 2U);
  EXPECT_EQ(classes, (std::vector<float>{0.5F, 0.5F}));
  one[0] = 0.1F;
  Transform(XgboostLink::kHinge, one);
  EXPECT_EQ(one[0], 1);
  one[0] = 1;
  Transform(XgboostLink::kWideExp, one);
  EXPECT_EQ(one[0], 2.7182817F);
  EXPECT_EQ(MarginOf(XgboostLink::kLogistic, 0.5F), 0);
  EXPECT_EQ(MarginOf(XgboostLink::kExp, 1), 0);
  EXPECT_EQ(FindXgboostObjective("reg:nothing"), nullptr);
}

}  // namespace
}  // namespace promtally::inference
