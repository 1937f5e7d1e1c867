// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/query_builder.h"

#include <gtest/gtest.h>

namespace promtally::metering {
namespace {

using base::Seconds;
using Scopes = std::vector<std::string>;

MetricSpec Requests() {
  MetricSpec spec;
  spec.metric = "http_requests_total";
  spec.name = "requests";
  spec.groupby = {"code", "code"};
  spec.metadata = {"method"};
  spec.aggregation_method = "sum";
  spec.range_function = "rate";
  return spec;
}

TEST(QueryBuilder, PutsTheScopeKeyBetweenGroupbyAndMetadata) {
  EXPECT_EQ(
      BuildQuery(Requests(), "project_id", Scopes{"p1"}, Seconds(3600)),
      R"(sum(rate(http_requests_total{project_id="p1"}[3600s])) by (code, code, project_id, method))");
}

TEST(QueryBuilder, LeavesTheBracesEmptyForAllScopesAndWithoutScopeKey) {
  EXPECT_EQ(BuildQuery(Requests(), "project_id", {}, Seconds(300)),
            "sum(rate(http_requests_total{}[300s])) by (code, code, project_id, method)");
  EXPECT_EQ(BuildQuery(Requests(), std::nullopt, {}, Seconds(300)),
            "sum(rate(http_requests_total{}[300s])) by (code, code, method)");
}

TEST(QueryBuilder, MatchesSeveralScopesByOneQuotedExpression) {
  EXPECT_EQ(
      BuildQuery(Requests(), "p", Scopes{"a.b", "c|d", "\""}, Seconds(60)),
      R"(sum(rate(http_requests_total{p=~"a\\.b|c\\|d|\""}[60s])) by (code, code, p, method))");
}

TEST(QueryBuilder, KeepsAHostileScopeInsideItsString) {
  const Scopes hostile{R"("}[1s]) or max_over_time(up{job="x)"};
  EXPECT_EQ(
      BuildQuery(Requests(), "p", hostile, Seconds(60)),
      R"(sum(rate(http_requests_total{p="\"}[1s]) or max_over_time(up{job=\"x"}[60s])) by (code, code, p, method))");
}

TEST(QueryBuilder, DefaultsToTheAggregationOverTime) {
  MetricSpec spec;
  spec.metric = spec.name = "m";
  spec.query_function = "abs";
  EXPECT_EQ(BuildQuery(spec, std::nullopt, {}, Seconds(3600)),
            "max(abs(max_over_time(m{}[3600s]))) by ()");
}

TEST(ScopeBatches, HoldAtMostSoManyScopesAndBytes) {
  const Scopes scopes(250, "scope");
  const auto batches = BatchScopes(Requests(), "p", scopes, 100);
  ASSERT_EQ(batches.size(), 3U);
  EXPECT_EQ(batches[2].size(), 50U);
  Scopes large(20, std::string(3000, '|'));
  large.insert(large.end(), 5, std::string(6000, '|'));
  large.insert(large.end(), 100, std::string(170, 'x'));
  std::size_t total = 0;
  for (const auto& batch : BatchScopes(Requests(), "p", large, 100)) {
    total += batch.size();
    EXPECT_TRUE(batch.size() == 1 ||
                BuildQuery(Requests(), "p", batch, Seconds(86400)).size() <= kQueryBytes);
  }
  EXPECT_EQ(total, large.size());
  EXPECT_TRUE(BatchScopes(Requests(), "p", {}, 100).empty());
}

TEST(NegativeSpecs, AreToldByFunctionFactorOffsetAndMap) {
  MetricSpec spec = Requests();
  EXPECT_FALSE(CanBeNegative(spec));
  spec.range_function = "delta";
  EXPECT_TRUE(CanBeNegative(spec));
  spec.query_function = "abs";
  EXPECT_FALSE(CanBeNegative(spec));
  spec.offset = *base::Fraction::Parse("-1/2");
  EXPECT_TRUE(CanBeNegative(spec));
  spec.mutate = Mutation::kNumBool;
  EXPECT_FALSE(CanBeNegative(spec));
  spec.mutate = Mutation::kMap;
  spec.mutate_map = {{1, -1, "-1"}};
  EXPECT_TRUE(CanBeNegative(spec));
}

TEST(NegativeSpecs, AreToldByMinusesAndFunctionsInFreeText) {
  const auto can_be_negative = [](std::string prefix, std::string suffix) {
    MetricSpec spec = Requests();
    spec.query_prefix = std::move(prefix);
    spec.query_suffix = std::move(suffix);
    return CanBeNegative(spec);
  };
  EXPECT_FALSE(can_be_negative("2 *", "/ on (p) my_delta atan2 cosmos"));
  EXPECT_TRUE(can_be_negative("", "- 1"));
  EXPECT_TRUE(can_be_negative("ln(", ")"));
  EXPECT_TRUE(can_be_negative("delta((", ")[1d:1h])"));
  EXPECT_TRUE(can_be_negative("", "* on (p) cos(x)"));
}

}  // namespace
}  // namespace promtally::metering
