// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promtally/config/metrics_file.h"
#include "unit/config/config_testing.h"

namespace promtally::config {
namespace {

std::string Warnings(const std::string& spec) {
  return Rendered(ReadMetricsFile("metrics:\n  " + spec + "\n", "m.yml").diagnostics);
}

TEST(MetricsWarning, IrangeIsImplementedByNoServer) {
  EXPECT_EQ(Warnings("a: {unit: u, extra_args: {range_function: irange}}"),
            "m.yml:2:45: warning: no server implements irange: every query fails\n"
            "  a: {unit: u, extra_args: {range_function: irange}}\n"
            "                                            ^\n"
            "hint: use rate, irate or delta\n");
}

TEST(MetricsWarning, ACounterWithoutRangeFunctionBillsAllThatItCounted) {
  EXPECT_EQ(Warnings("x_total: {unit: u}"),
            "m.yml:2:3: warning: \"x_total\" looks like a counter and has no range_function: every "
            "period bills all that it has counted so far\n"
            "  x_total: {unit: u}\n"
            "  ^\n"
            "hint: range_function: rate with the period's seconds as factor bills the period\n");
}

TEST(MetricsWarning, CountingSeriesOfACounterIsFine) {
  EXPECT_EQ(Warnings("x_total: {unit: u, extra_args: {aggregation_method: count}}"), "");
}

TEST(MetricsWarning, DeltaOnACounterDoesNotKnowResets) {
  for (const std::string function : {"delta", "idelta", "deriv"}) {
    EXPECT_THAT(Warnings("x_total: {unit: u, extra_args: {range_function: " + function + "}}"),
                testing::HasSubstr("2:51: warning: " + function +
                                   " on the counter \"x_total\" does not know resets"));
    EXPECT_THAT(Warnings("x: {unit: u, extra_args: {range_function: " + function + "}}"),
                testing::Not(testing::HasSubstr("resets")));
  }
}

TEST(MetricsWarning, RateAndDeltaExtrapolate) {
  for (const std::string function : {"rate", "delta"}) {
    EXPECT_THAT(Warnings("x: {unit: u, extra_args: {range_function: " + function + "}}"),
                testing::HasSubstr("m.yml:2:45: warning: " + function + " extrapolates"));
  }
  for (const std::string function : {"irate", "changes", "idelta", "deriv"}) {
    EXPECT_EQ(Warnings("x: {unit: u, extra_args: {range_function: " + function + "}}"), "");
  }
}

TEST(MetricsWarning, ExtendedFunctionsAreToldApart) {
  const auto warnings = [](const std::string& metric, const std::string& function) {
    return Rendered(ReadMetricsFile("functions: extended\nmetrics:\n  " + metric +
                                        ": {unit: u, extra_args: {range_function: " + function +
                                        "}}\n",
                                    "m.yml")
                        .diagnostics);
  };
  EXPECT_THAT(warnings("x_total", "increase"),
              testing::StartsWith("m.yml:3:51: warning: increase extrapolates"));
  EXPECT_THAT(warnings("x_total", "increase"), testing::Not(testing::HasSubstr("resets")));
  EXPECT_EQ(warnings("x_total", "resets"), "");
  EXPECT_EQ(warnings("x_total", "present_over_time"), "");
  EXPECT_EQ(warnings("x", "stddev_over_time"), "");
  EXPECT_THAT(warnings("x_total", "last_over_time"),
              testing::HasSubstr("\"x_total\" looks like a counter and has range_function "
                                 "last_over_time: every period bills all"));
  EXPECT_THAT(warnings("x_total", "delta"),
              testing::HasSubstr("hint: range_function: increase handles resets"));
  EXPECT_THAT(warnings("x", "mad_over_time"),
              testing::AllOf(testing::HasSubstr("mad_over_time is experimental"),
                             testing::HasSubstr("Prometheus 3, VictoriaMetrics")));
  EXPECT_THAT(warnings("x", "absent_over_time"),
              testing::HasSubstr("the query of \"x\" is asked once a scope: absent_over_time() "
                                 "loses the scope key\n"));
}

TEST(MetricsError, FunctionsThatTakeMoreThanARangeSayWhatToWrite) {
  for (const std::string head : {"", "functions: extended\n"}) {
    const std::string text =
        Rendered(ReadMetricsFile(head + "metrics:\n  x_total: {unit: u, extra_args: "
                                        "{range_function: quantile_over_time}}\n",
                                 "m.yml")
                     .diagnostics);
    EXPECT_THAT(text,
                testing::HasSubstr("error: \"quantile_over_time\" is not allowed as "
                                   "\"range_function\" in extra_args of metric \"x_total\": it "
                                   "takes a number and a range, and is given a range alone"));
    EXPECT_THAT(text, testing::HasSubstr("query_suffix: \"> Inf or max by (…) "
                                         "(quantile_over_time(…))\""));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("warning")));
  }
}

TEST(MetricsError, MistypedFunctionsAreGuessed) {
  const std::string spec = "metrics: {x: {unit: u, extra_args: {range_function: last_over_tim}}}\n";
  EXPECT_THAT(
      Rendered(ReadMetricsFile("functions: extended\n" + spec, "m.yml").diagnostics),
      testing::HasSubstr("hint: did you mean \"last_over_time\"? allowed: absent_over_time, "));
  EXPECT_THAT(Rendered(ReadMetricsFile(spec, "m.yml").diagnostics),
              testing::HasSubstr("hint: allowed: changes, delta,"));
}

std::string FreeTextWarnings(const std::string& extra_args, const JobContext& job = {}) {
  return Rendered(
      ReadMetricsFile("metrics: {x: {unit: u, extra_args: {" + extra_args + "}}}\n", "m.yml", job)
          .diagnostics);
}

TEST(MetricsWarning, ASpecThatIsAskedOnceAScopeSaysWhy) {
  const JobContext job{true, "project_id"};
  EXPECT_EQ(
      FreeTextWarnings("query_prefix: 'topk(3,', query_suffix: ')'", job),
      "m.yml:1:51: warning: the query of \"x\" is asked once a scope: topk ranks across values "
      "of \"project_id\"\n"
      "metrics: {x: {unit: u, extra_args: {query_prefix: 'topk(3,', query_suffix: ')'}}}\n"
      "                                                  ^\n"
      "hint: one query serves all scopes where every by (…) and on (…) keeps the scope key\n");
  EXPECT_THAT(FreeTextWarnings("query_suffix: 'or vector(0)'", job),
              testing::HasSubstr("vector() loses the label \"project_id\""));
  EXPECT_EQ(FreeTextWarnings("query_suffix: '> 0'", job), "");
  EXPECT_EQ(FreeTextWarnings("query_prefix: 'topk(3,', query_suffix: ')'", {true, std::nullopt}),
            "");
}

TEST(MetricsWarning, WithoutAJobAScopeKeyThatTheTextNamesMayBeMeant) {
  EXPECT_EQ(FreeTextWarnings("query_suffix: '* on (tenant) group_left () y'"), "");
  EXPECT_THAT(FreeTextWarnings("query_suffix: '* on () group_left () y'"),
              testing::HasSubstr("* matches series of different the scope key"));
  EXPECT_THAT(FreeTextWarnings("query_prefix: 'sum(', query_suffix: ')'"),
              testing::HasSubstr("sum drops the scope key"));
}

TEST(MetricsWarning, ATextThatIsNoPromqlHasItsColumn) {
  const std::string text = "query_suffix: '+'";
  EXPECT_THAT(
      FreeTextWarnings(text),
      testing::HasSubstr("m.yml:1:51: warning: the query of \"x\" cannot be read as PromQL, so "
                         "it is asked once a scope: column 39: unexpected end of input"));
  EXPECT_THAT(FreeTextWarnings(text, {true, "project_id"}),
              testing::HasSubstr("asked once a scope: column 49: unexpected end of input"));
  EXPECT_THAT(FreeTextWarnings(text, {true, std::nullopt}),
              testing::HasSubstr("cannot be read as PromQL: column 39: unexpected end of input"));
}

TEST(MetricsWarning, InstanceAndJobInGroupbyNeedHonorLabels) {
  EXPECT_EQ(Warnings("a: {unit: u, groupby: [job, region]}"),
            "m.yml:2:26: warning: label \"job\" in groupby of metric \"a\": a server that scrapes "
            "/metrics would put its own in its place\n"
            "  a: {unit: u, groupby: [job, region]}\n"
            "                         ^\n"
            "hint: set honor_labels: true in that scrape configuration\n");
  EXPECT_THAT(Warnings("a: {unit: u, groupby: [instance]}"), testing::HasSubstr("honor_labels"));
  EXPECT_EQ(Warnings("a: {unit: u, metadata: [instance]}"), "");
}

TEST(MetricsWarning, LabelsListedTwiceAreTold) {
  EXPECT_THAT(
      Warnings("a: {unit: u, groupby: [x, x]}"),
      testing::HasSubstr("2:29: warning: \"groupby\" in metric \"a\" has label \"x\" twice"));
  EXPECT_THAT(Warnings("a: {unit: u, groupby: [x], metadata: [y, x]}"),
              testing::HasSubstr(
                  "2:44: warning: label \"x\" of metric \"a\" is in groupby and in metadata"));
}

TEST(MetricsWarning, AMapThatHasNoEffectIsTold) {
  EXPECT_THAT(
      Warnings("a: {unit: u, mutate_map: {1: 2}}"),
      testing::HasSubstr("\"mutate_map\" in metric \"a\" has no effect without mutate: MAP"));
}

TEST(MetricsWarning, NumbersThatSurpriseAreTold) {
  EXPECT_THAT(Warnings("a: {unit: u, factor: 1:30}"),
              testing::HasSubstr("is a number to the base 60 and counts as 90"));
  EXPECT_THAT(Warnings("a: {unit: u, offset: false}"),
              testing::HasSubstr("\"offset\" in metric \"a\" is a bool and counts as 0"));
}

TEST(MetricsWarning, AtMostAHundredAreShown) {
  std::string yaml = "metrics:\n";
  for (int i = 0; i < 150; ++i) {
    yaml += "  m" + std::to_string(i) + "_total: {unit: u}\n";
  }
  const base::Diagnostics diagnostics = ReadMetricsFile(yaml, "m.yml").diagnostics;
  ASSERT_EQ(diagnostics.size(), 101U);
  EXPECT_EQ(diagnostics.back().message, "50 more warnings are not shown");
}

}  // namespace
}  // namespace promtally::config
