// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promtally/config/metrics_file.h"
#include "unit/config/config_testing.h"

namespace promtally::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Folder() { return std::string(PROMTALLY_TEST_DATA) + "/cloudkitty/"; }

MetricsFile Read(const std::string& name) {
  return ReadMetricsFile(FileText(Folder() + name), name);
}

std::vector<std::string> Files(const std::string& pattern) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    const std::string name = entry.path().filename();
    if (name.starts_with(pattern) && name.ends_with(".yml")) {
      names.push_back(name);
    }
  }
  return names;
}

const metering::MetricSpec& Spec(const MetricsFile& file, const std::string& name) {
  for (const metering::MetricSpec& spec : file.specs) {
    if (spec.name == name) {
      return spec;
    }
  }
  ADD_FAILURE() << "no spec " << name;
  return file.specs.at(0);
}

TEST(CloudKittyFiles, ValidOnesLoadWithoutErrors) {
  std::vector<std::string> names = Files("v");
  ASSERT_GE(names.size(), 11U);
  names.insert(names.end(), {"metrics_bench.yml", "metrics_edge.yml"});
  for (const std::string& name : names) {
    if (name == "v10_mutate.yml") {
      continue;
    }
    const MetricsFile file = Read(name);
    EXPECT_FALSE(base::HasErrors(file.diagnostics)) << Rendered(Errors(file.diagnostics));
    EXPECT_FALSE(file.specs.empty()) << name;
  }
}

TEST(CloudKittyFiles, MapWithoutMutateMapIsTheOnlyErrorOfTheMutationFile) {
  const MetricsFile file = Read("v10_mutate.yml");
  EXPECT_EQ(Rendered(Errors(file.diagnostics)),
            "v10_mutate.yml:31:15: error: \"mutate\" in metric \"openstack_nova_server_status\" is "
            "MAP, which needs \"mutate_map\"\n"
            "      mutate: MAP\n"
            "              ^\n"
            "hint: an empty map, {}, makes every quantity 0\n");
}

TEST(CloudKittyFiles, DoubtfulOnesAreRefusedWithAPlace) {
  const std::map<std::string, std::string> expected{
      {"x01_no_unit.yml", "2:3: error: metric \"a\" has no \"unit\""},
      {"x02_bad_method.yml", "4:38: error: \"mean\" is not allowed as \"aggregation_method\""},
      {"x03_increase.yml", "4:34: error: \"increase\" is not allowed as \"range_function\""},
      {"x04_quantile_over_time.yml", "4:34: error: \"last_over_time\" is not allowed"},
      {"x05_bad_query_function.yml", "4:34: error: \"sgn\" is not allowed as \"query_function\""},
      {"x06_unknown_key.yml", "4:5: error: unknown key \"foo\" in metric \"a\""},
      {"x07_unknown_extra.yml", "4:18: error: unknown key \"foo\" in extra_args of metric \"a\""},
      {"x08_groupby_string.yml", "4:14: error: \"groupby\" in metric \"a\" must be a list"},
      {"x09_groupby_int.yml",
       "4:15: error: \"groupby\" in metric \"a\" must be text, not a number"},
      {"x10_empty_unit.yml", "3:11: error: \"unit\" in metric \"a\" must not be empty"},
      {"x11_factor_text.yml", "4:13: error: \"factor\" in metric \"a\" must be a number"},
      {"x12_factor_zero_den.yml", "4:13: error: \"factor\" in metric \"a\" divides by zero"},
      {"x13_mutate_unknown.yml", "4:13: error: \"ROUND\" is not allowed as \"mutate\""},
      {"x14_map_not_dict.yml", "5:17: error: \"mutate_map\" in metric \"a\" must be a map"},
      {"x15_dup_alt.yml", "6:17: error: the name \"n\" is used twice, first at 4:17"},
      {"x16_dup_noalt.yml", "4:7: error: the name \"a\" is used twice, first at 3:7"},
      {"x17_metric_scalar.yml", "2:6: error: metric \"a\" must be a map of keys"},
      {"x18_metric_null.yml", "2:3: error: metric \"a\" must be a map of keys"},
      {"x19_empty_metrics.yml", "2:3: error: \"metrics\" has no metric"},
      {"x20_prefix_int.yml",
       "4:32: error: \"query_prefix\" in extra_args of metric \"a\" must be "},
  };
  EXPECT_EQ(Files("x").size(), expected.size());
  for (const auto& [name, message] : expected) {
    const base::Diagnostics errors = Errors(Read(name).diagnostics);
    EXPECT_EQ(errors.size(), 1U) << Rendered(errors);
    EXPECT_THAT(Rendered(errors), testing::StartsWith(name + ":" + message));
  }
}

TEST(CloudKittyFiles, RefusedFunctionsComeWithTheAllowedList) {
  EXPECT_THAT(Rendered(Read("x02_bad_method.yml").diagnostics),
              HasSubstr("hint: allowed: avg, count, max, min, stddev, stdvar, sum\n"));
  EXPECT_THAT(
      Rendered(Read("x03_increase.yml").diagnostics),
      HasSubstr("hint: allowed: changes, delta, deriv, idelta, irange, irate, rate; functions"));
  EXPECT_THAT(Rendered(Read("x05_bad_query_function.yml").diagnostics),
              HasSubstr("hint: allowed: abs, ceil, exp, floor, ln, log10, log2, round, sqrt\n"));
}

TEST(CloudKittyFiles, FactorsAndOffsetsAreReadAsCloudKittyReadsThem) {
  const MetricsFile file = Read("v09_factor_offset.yml");
  const std::map<std::string, std::string> factors{
      {"f0", "1/1048576"},  {"f1", "1/3"}, {"f2", "3600/1000000"}, {"f3", "0.1"},
      {"f4", "0.000001"},   {"f6", "-1"},  {"f5", "0.000001"},     {"f7", "2"},
      {"f8", "1073741824"}, {"f9", "1"},   {"f12", "0.5"},         {"f13", "0"},
      {"f14", "1000"},      {"f15", "16"}, {"f16", "-3/4"},        {"f17", "1000"},
      {"f18", "0.5"}};
  for (const auto& [name, factor] : factors) {
    EXPECT_EQ(Spec(file, name).factor.ToText(), factor) << name;
  }
  EXPECT_EQ(Spec(file, "f10").offset.ToText(), "-273.15");
  EXPECT_EQ(Spec(file, "f11").offset.ToText(), "1/3");
  EXPECT_EQ(Spec(file, "f12").offset.ToText(), "-7/2");
}

TEST(CloudKittyFiles, ABoolAsFactorIsWarnedAbout) {
  EXPECT_THAT(Rendered(Read("v09_factor_offset.yml").diagnostics),
              HasSubstr("v09_factor_offset.yml:51:15: warning: \"factor\" in metric "
                        "\"container_memory_working_set_bytes\" is a bool and counts as 1\n"));
}

TEST(CloudKittyFiles, MapsKeepNumbersAndPythonsText) {
  const MetricsFile file = Read("v10_mutate.yml");
  const auto& map = Spec(file, "MAP").mutate_map;
  ASSERT_EQ(map.size(), 4U);
  EXPECT_EQ(map[0].key, base::Decimal(0));
  EXPECT_EQ(map[0].value_text, "1.0");
  EXPECT_EQ(map[1].value_text, "0.5");
  EXPECT_EQ(map[2].key, base::Decimal(12));
  EXPECT_EQ(map[2].value_text, "1");
  EXPECT_EQ(map[3].value_text, "2.25");
  const auto& bools = Spec(file, "MAPbool").mutate_map;
  ASSERT_EQ(bools.size(), 3U);
  EXPECT_EQ(bools[0].value_text, "True");
  EXPECT_EQ(bools[0].value, base::Decimal(1));
  EXPECT_EQ(bools[1].value_text, "False");
  EXPECT_EQ(bools[2].value_text, "1.5");
}

TEST(CloudKittyFiles, TextKeysOfAMapAreDroppedWithAWarning) {
  const MetricsFile file = Read("v10_mutate.yml");
  EXPECT_TRUE(Spec(file, "MAPstrkey").mutate_map.empty());
  EXPECT_THAT(Rendered(file.diagnostics),
              HasSubstr(":51:20: warning: key \"0\" of \"mutate_map\""));
}

TEST(CloudKittyFiles, OrderAndRepetitionsOfLabelsAreKept) {
  const MetricsFile file = Read("v16_groupby_order.yml");
  EXPECT_THAT(Spec(file, "scope_middle").groupby, ElementsAre("method", "project_id", "code"));
  EXPECT_THAT(Spec(file, "dup").groupby, ElementsAre("code", "code"));
  EXPECT_THAT(Spec(file, "dup").metadata, ElementsAre("method", "method"));
  const std::string text = Rendered(file.diagnostics);
  EXPECT_THAT(text, HasSubstr("has label \"code\" twice"));
  EXPECT_THAT(text, HasSubstr("label \"code\" of metric \"http_requests_total\" is in groupby and "
                              "in metadata"));
}

TEST(CloudKittyFiles, ListsOfSpecsAndBlankTextAreKept) {
  const MetricsFile list = Read("v14_list.yml");
  ASSERT_EQ(list.specs.size(), 3U);
  EXPECT_EQ(list.specs[2].name, "openstack_nova_server_status");
  EXPECT_EQ(Spec(Read("v12_prefix_suffix.yml"), "space").query_prefix, " ");
  const MetricsFile skip = Read("v15_description_skip.yml");
  EXPECT_EQ(skip.specs[0].description, "Two lines\nof text\n");
  EXPECT_TRUE(skip.specs[0].skip.has_value());
}

}  // namespace
}  // namespace promtally::config
