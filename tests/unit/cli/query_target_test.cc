// SPDX-License-Identifier: Apache-2.0
#include "cli/query_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promtally::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

metering::MetricSpec Plain() {
  metering::MetricSpec spec;
  spec.metric = spec.name = "requests";
  return spec;
}

metering::MetricSpec WithFreeText() {
  metering::MetricSpec spec = Plain();
  spec.query_suffix = "* 2";
  return spec;
}

QueryTarget Target(std::vector<std::string> scopes = {}, std::vector<std::string> include = {}) {
  QueryTarget target;
  target.scope_key = "project_id";
  target.scopes = std::move(scopes);
  target.filter = std::make_shared<const metering::ScopeFilter>(
      metering::ScopeFilter::Make(include, {}).value());
  return target;
}

TEST(PartsOf, AsksOnceForAllScopes) {
  const auto parts = PartsOf(Target(), Plain());
  ASSERT_TRUE(parts);
  ASSERT_THAT(*parts, SizeIs(1));
  EXPECT_THAT(parts->front().scopes, IsEmpty());
  EXPECT_FALSE(parts->front().asked);
}

TEST(PartsOf, AsksOnceWithoutAScopeKeyWhateverElseIsSaid) {
  QueryTarget target = Target({}, {"p1"});
  target.scope_key.reset();
  const auto parts = PartsOf(target, WithFreeText());
  ASSERT_TRUE(parts);
  ASSERT_THAT(*parts, SizeIs(1));
  EXPECT_THAT(parts->front().scopes, IsEmpty());
}

TEST(PartsOf, NamesGivenScopesInOneQuery) {
  const auto parts = PartsOf(Target({"p1", "p2"}), Plain());
  ASSERT_TRUE(parts);
  ASSERT_THAT(*parts, SizeIs(1));
  EXPECT_THAT(parts->front().scopes, ElementsAre("p1", "p2"));
  EXPECT_FALSE(parts->front().asked);
}

TEST(PartsOf, SaysWhichScopeAQueryForOneIsFor) {
  const auto parts = PartsOf(Target({"p1"}), Plain());
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->front().asked, "p1");
}

TEST(PartsOf, TakesTheListOfTheSettingsWhereNoScopeIsGiven) {
  EXPECT_THAT(PartsOf(Target({}, {"p1", "p2"}), Plain())->front().scopes, ElementsAre("p1", "p2"));
  EXPECT_THAT(PartsOf(Target({"p3"}, {"p1", "p2"}), Plain())->front().scopes, ElementsAre("p3"));
  EXPECT_THAT(PartsOf(Target({}, {"/p.*/"}), Plain())->front().scopes, IsEmpty());
}

TEST(PartsOf, SplitsManyScopesIntoBatches) {
  std::vector<std::string> scopes;
  for (int i = 0; i < 250; ++i) {
    scopes.push_back("p" + std::to_string(i));
  }
  const auto parts = PartsOf(Target(scopes), Plain());
  ASSERT_TRUE(parts);
  ASSERT_THAT(*parts, SizeIs(3));
  EXPECT_THAT(parts->back().scopes, SizeIs(50));
}

TEST(PartsOf, AsksOnceAScopeForFreeTextAndByHand) {
  QueryTarget by_hand = Target({"p1", "p2"});
  by_hand.per_scope = true;
  for (const auto& parts :
       {PartsOf(Target({"p1", "p2"}), WithFreeText()), PartsOf(by_hand, Plain())}) {
    ASSERT_TRUE(parts);
    ASSERT_THAT(*parts, SizeIs(2));
    EXPECT_EQ(parts->at(1).asked, "p2");
    EXPECT_THAT(parts->at(1).scopes, ElementsAre("p2"));
  }
}

TEST(PartsOf, CannotSayWhichScopesThereAre) {
  EXPECT_FALSE(PartsOf(Target(), WithFreeText()));
  QueryTarget by_hand = Target();
  by_hand.per_scope = true;
  EXPECT_FALSE(PartsOf(by_hand, Plain()));
}

}  // namespace
}  // namespace promtally::cli
