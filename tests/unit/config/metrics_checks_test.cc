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
