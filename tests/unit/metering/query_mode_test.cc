// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/query_mode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promtally/metering/query_builder.h"

namespace promtally::metering {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Period kHour{base::FromUnixSeconds(3'600'000), base::FromUnixSeconds(3'603'600)};

MetricSpec Spec(std::string prefix, std::string suffix) {
  MetricSpec spec;
  spec.metric = spec.name = "m";
  spec.groupby = {"code"};
  spec.query_prefix = std::move(prefix);
  spec.query_suffix = std::move(suffix);
  return spec;
}

/// `one`, or why not.
std::string Judge(const MetricSpec& spec) {
  const ModeChoice choice = ChooseMode(spec, "p");
  EXPECT_EQ(choice.mode == QueryMode::kAllScopes, choice.reason.empty());
  return choice.reason.empty() ? "one" : choice.reason;
}
std::string Judge(std::string prefix, std::string suffix) {
  return Judge(Spec(std::move(prefix), std::move(suffix)));
}

TEST(QueryMode, IsUnscopedWithoutAScopeKey) {
  EXPECT_EQ(ChooseMode(Spec("topk(3,", ")"), std::nullopt).mode, QueryMode::kUnscoped);
}

TEST(QueryMode, ServesAllScopesWhereTheTextIsProved) {
  EXPECT_EQ(Judge("", ""), "one");
  EXPECT_EQ(Judge(" ", "\t"), "one");
  EXPECT_EQ(Judge("", "> 0"), "one");
  EXPECT_EQ(Judge("-", ""), "one");
  EXPECT_EQ(Judge("3600 *", "/ 4 > bool 1"), "one");
  EXPECT_EQ(Judge("topk by (p) (3,", ")"), "one");
  EXPECT_EQ(Judge("limitk by (p) (3,", ")"), "one");
  EXPECT_EQ(Judge("max_over_time((", ")[1d:1h])"), "one");
  EXPECT_EQ(Judge("", "* on (p) group_left (x) price or max by (p) (y) # why"), "one");
  EXPECT_EQ(Judge("label_replace(", ", \"a\", \"$1\", \"code\", \"(.*)\")"), "one");
}

TEST(QueryMode, AsksOnceAScopeWhereItIsNot) {
  EXPECT_EQ(Judge("topk(3,", ")"), "topk ranks across values of \"p\"");
  EXPECT_EQ(Judge("limitk(3,", ")"), "limitk ranks across values of \"p\"");
  EXPECT_EQ(Judge("", "or vector(0)"), "vector() loses the label \"p\"");
  EXPECT_EQ(Judge("absent(", ")"), "absent() loses the label \"p\"");
  EXPECT_EQ(Judge("", "* on (code) group_left () y"), "* matches series of different \"p\"");
  EXPECT_EQ(Judge("scalar(", ")"), "the result is no instant vector but of type scalar");
  EXPECT_EQ(
      Judge("", "foo"),
      "the query cannot be read as PromQL: column 45: unexpected \"foo\", expected an operator "
      "or the end");
  EXPECT_THAT(Judge("2 *\n3 +", "$"), HasSubstr("PromQL: line 2, column 49: unexpected character"));
  EXPECT_THAT(Judge("holt_winters((", ")[1h:1m], 0.5, 0.5)"),
              HasSubstr("double_exponential_smoothing"));
}

// The text for one scope would not be this text with a matcher more.
TEST(QueryMode, AsksOnceAScopeWhereTheBuiltQueryIsSwallowed) {
  const std::string swallowed = "query_prefix makes the built query a text or a comment";
  EXPECT_EQ(Judge("max by (p) (y) #", ""), swallowed);
  EXPECT_EQ(Judge("label_replace(y, \"a\", '", "', \"b\", \"\")"), swallowed);
  EXPECT_EQ(Judge("label_replace(y, \"a\", \"", "\", \"b\", \"\")"), swallowed);
}

TEST(QueryMode, KnowsFunctionsThatLoseTheLabels) {
  MetricSpec spec = Spec("", "");
  spec.range_function = "absent_over_time";
  EXPECT_EQ(Judge(spec), "absent_over_time() loses the label \"p\"");
  for (const char* function : {"increase", "mad_over_time", "irange", "rate"}) {
    spec.range_function = function;
    EXPECT_EQ(Judge(spec), "one") << function;
  }
  spec.range_function = "mad_over_time";
  spec.query_suffix = "> 0";
  EXPECT_EQ(Judge(spec), "one");
}

TEST(QueryMode, ReadsWhateverFunctionsAreAroundTheSelector) {
  MetricSpec spec = Spec("(", ") > 0");
  spec.query_function = "abs";
  spec.range_function = "delta";
  spec.aggregation_method = "stddev";
  EXPECT_EQ(Judge(spec), "one");
}

TEST(Discovery, LooksForTheBuiltSelectorInThePeriod) {
  for (const MetricSpec& spec : {Spec("", ""), Spec("topk(3,", "or y)"), Spec("", "foo")}) {
    const Discovery discovery = DiscoveryOf(spec, "p", kHour);
    EXPECT_THAT(discovery.selectors, ElementsAre("m{p!=\"\"}"));
    EXPECT_EQ(discovery.window, kHour);
  }
}

TEST(Discovery, LooksForEverySelectorOfAProvedText) {
  const Discovery discovery = DiscoveryOf(
      Spec("", "or max by (code, p) (y{a=\"b\"} offset 1d) or m or {p=~\"x.*\"} offset -1h"), "p",
      kHour);
  EXPECT_THAT(discovery.selectors,
              ElementsAre("m{p!=\"\"}", "y{a=\"b\",p!=\"\"}", "{p!=\"\",p=~\"x.*\"}"));
  EXPECT_EQ(discovery.window.begin, kHour.end - std::chrono::minutes(24 * 60 + 5));
  EXPECT_EQ(discovery.window.end, kHour.end + std::chrono::hours(1));
}

TEST(Discovery, LooksAtAllTimesWhereOnlyTheServerKnowsThem) {
  const Discovery discovery = DiscoveryOf(Spec("", "or max by (p) (y offset step())"), "p", kHour);
  EXPECT_EQ(discovery.window, (Period{base::Instant(), kHour.end}));
}

}  // namespace
}  // namespace promtally::metering
