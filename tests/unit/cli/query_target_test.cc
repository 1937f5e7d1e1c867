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
  spec.query_suffix = "or vector(0)";
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

std::vector<metering::QueryPart> Known(const QueryTarget& target,
                                       const metering::MetricSpec& spec) {
  metering::QueryParts parts = PartsOf(target, spec);
  EXPECT_EQ(parts.unknown_scopes, "");
  return std::move(parts.parts);
}

TEST(PartsOf, AsksOnceForAllScopes) {
  const auto parts = Known(Target(), Plain());
  ASSERT_THAT(parts, SizeIs(1));
  EXPECT_THAT(parts.front().scopes, IsEmpty());
  EXPECT_FALSE(parts.front().asked);
}

TEST(PartsOf, AsksOnceWithoutAScopeKeyWhateverElseIsSaid) {
  QueryTarget target = Target({}, {"p1"});
  target.scope_key.reset();
  const auto parts = Known(target, WithFreeText());
  ASSERT_THAT(parts, SizeIs(1));
  EXPECT_THAT(parts.front().scopes, IsEmpty());
}

TEST(PartsOf, NamesGivenScopesInOneQuery) {
  const auto parts = Known(Target({"p1", "p2"}), Plain());
  ASSERT_THAT(parts, SizeIs(1));
  EXPECT_THAT(parts.front().scopes, ElementsAre("p1", "p2"));
  EXPECT_FALSE(parts.front().asked);
}

TEST(PartsOf, SaysWhichScopeAQueryForOneIsFor) {
  const auto parts = Known(Target({"p1"}), Plain());
  EXPECT_EQ(parts.front().asked, "p1");
}

TEST(PartsOf, TakesTheListOfTheSettingsWhereNoScopeIsGiven) {
  EXPECT_THAT(Known(Target({}, {"p1", "p2"}), Plain()).front().scopes, ElementsAre("p1", "p2"));
  EXPECT_THAT(Known(Target({"p3"}, {"p1", "p2"}), Plain()).front().scopes, ElementsAre("p3"));
  EXPECT_THAT(Known(Target({}, {"/p.*/"}), Plain()).front().scopes, IsEmpty());
}

TEST(PartsOf, SplitsManyScopesIntoBatches) {
  std::vector<std::string> scopes;
  for (int i = 0; i < 250; ++i) {
    scopes.push_back("p" + std::to_string(i));
  }
  const auto parts = Known(Target(scopes), Plain());
  ASSERT_THAT(parts, SizeIs(3));
  EXPECT_THAT(parts.back().scopes, SizeIs(50));
}

TEST(PartsOf, AsksOnceAScopeForFreeTextAndByHand) {
  QueryTarget by_hand = Target({"p1", "p2"});
  by_hand.per_scope = true;
  for (const auto& parts : {Known(Target({"p1", "p2"}), WithFreeText()), Known(by_hand, Plain())}) {
    ASSERT_THAT(parts, SizeIs(2));
    EXPECT_EQ(parts.at(1).asked, "p2");
    EXPECT_THAT(parts.at(1).scopes, ElementsAre("p2"));
  }
}

TEST(PartsOf, AsksOnceForAllScopesWhereFreeTextIsProved) {
  metering::MetricSpec spec = Plain();
  spec.query_suffix = "* 2";
  EXPECT_THAT(Known(Target(), spec), SizeIs(1));
  EXPECT_THAT(Known(Target({"p1", "p2"}), spec), SizeIs(1));
}

TEST(PartsOf, CannotSayWhichScopesThereAre) {
  EXPECT_EQ(PartsOf(Target(), WithFreeText()).unknown_scopes,
            "vector() loses the label \"project_id\"");
  QueryTarget by_hand = Target();
  by_hand.per_scope = true;
  EXPECT_EQ(PartsOf(by_hand, Plain()).unknown_scopes, "--per-scope");
}

}  // namespace
}  // namespace promtally::cli
