// SPDX-License-Identifier: Apache-2.0
#include "promtally/config/metrics_file.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/config_testing.h"

namespace promtally::config {
namespace {

using testing::HasSubstr;

MetricsFile Read(const std::string& yaml) { return ReadMetricsFile(yaml, "m.yml"); }

class MetricsFileMistake : public testing::TestWithParam<RenderedCase> {};

TEST_P(MetricsFileMistake, IsReportedWithPlaceCaretAndHint) {
  EXPECT_EQ(Rendered(Read(GetParam().yaml).diagnostics), GetParam().expected);
}

const RenderedCase kMistakes[] = {
    {"UnknownKey", "metrics:\n  a:\n    unit: u\n    groupbuy: [x]\n",
     "m.yml:4:5: error: unknown key \"groupbuy\" in metric \"a\"\n"
     "    groupbuy: [x]\n"
     "    ^\n"
     "hint: did you mean \"groupby\"?\n"},
    {"UnknownTopLevelKey", "metrics: {a: {unit: u}}\nperiod: 1h\n",
     "m.yml:2:1: error: unknown key \"period\"\n"
     "period: 1h\n"
     "^\n"
     "hint: known keys: metrics, functions, evaluation, exact\n"},
    {"EmptyFile", "", "m.yml:1:1: error: the file has no \"metrics\"\n"},
    {"NoMetrics", "{}\n",
     "m.yml:1:1: error: the file has no \"metrics\"\n"
     "{}\n"
     "^\n"},
    {"ListAtTheTop", "- a\n",
     "m.yml:1:1: error: the file must be a map of keys\n"
     "- a\n"
     "^\n"},
    {"NullMetrics", "metrics:\n",
     "m.yml:1:1: error: \"metrics\" has no value\n"
     "metrics:\n"
     "^\n"
     "hint: give it keys, or remove it\n"},
    {"RefusedFunction",
     "metrics:\n  a:\n    unit: u\n    extra_args:\n      range_function: increase\n",
     "m.yml:5:23: error: \"increase\" is not allowed as \"range_function\" in extra_args of metric "
     "\"a\"\n"
     "      range_function: increase\n"
     "                      ^\n"
     "hint: allowed: changes, delta, deriv, idelta, irange, irate, rate; functions: extended at "
     "the "
     "top of the file allows it as well\n"},
    {"UnknownFunctionSet", "functions: all\nmetrics: {a: {unit: u}}\n",
     "m.yml:1:12: error: \"all\" is not allowed as \"functions\"\n"
     "functions: all\n"
     "           ^\n"
     "hint: allowed: cloudkitty, extended\n"},
    {"NullExtraArgs", "metrics:\n  a:\n    unit: u\n    extra_args:\n",
     "m.yml:4:5: error: \"extra_args\" in metric \"a\" has no value\n"
     "    extra_args:\n"
     "    ^\n"
     "hint: give it keys, or remove it\n"},
    {"NullGroupby", "metrics: {a: {unit: u, groupby: ~}}\n",
     "m.yml:1:24: error: \"groupby\" in metric \"a\" must be a list of label names\n"
     "metrics: {a: {unit: u, groupby: ~}}\n"
     "                       ^\n"},
    {"GroupbyText", "metrics: {a: {unit: u, groupby: x}}\n",
     "m.yml:1:33: error: \"groupby\" in metric \"a\" must be a list of label names\n"
     "metrics: {a: {unit: u, groupby: x}}\n"
     "                                ^\n"
     "hint: write [x]\n"},
    {"GroupbyBool", "metrics: {a: {unit: u, groupby: [yes]}}\n",
     "m.yml:1:34: error: \"groupby\" in metric \"a\" must be text, not a bool\n"
     "metrics: {a: {unit: u, groupby: [yes]}}\n"
     "                                 ^\n"
     "hint: put it in quotes: 'yes'\n"},
    {"BadLabelName", "metrics: {a: {unit: u, metadata: [x-y]}}\n",
     "m.yml:1:35: error: \"metadata\" in metric \"a\" has \"x-y\", which is not a label name\n"
     "metrics: {a: {unit: u, metadata: [x-y]}}\n"
     "                                  ^\n"
     "hint: letters, digits and _, not a digit first\n"},
    {"BadMetricName", "metrics: {a-b: {unit: u}}\n",
     "m.yml:1:11: error: \"a-b\" is not a metric name\n"
     "metrics: {a-b: {unit: u}}\n"
     "          ^\n"
     "hint: letters, digits, _ and :, not a digit first\n"},
    {"BoolAsMetricName", "metrics:\n  on: {unit: u}\n",
     "m.yml:2:3: error: \"on\" is not a metric name\n"
     "  on: {unit: u}\n"
     "  ^\n"
     "hint: a metric name is text\n"},
    {"NumberAsUnit", "metrics: {a: {unit: 5}}\n",
     "m.yml:1:21: error: \"unit\" in metric \"a\" must be text, not a number\n"
     "metrics: {a: {unit: 5}}\n"
     "                    ^\n"
     "hint: put it in quotes: '5'\n"},
    {"DateAsAltName", "metrics: {a: {unit: u, alt_name: 2025-06-01}}\n",
     "m.yml:1:34: error: \"alt_name\" in metric \"a\" must be text, not a date\n"
     "metrics: {a: {unit: u, alt_name: 2025-06-01}}\n"
     "                                 ^\n"
     "hint: put it in quotes: '2025-06-01'\n"},
    {"OctalFactor", "metrics: {a: {unit: u, factor: 010}}\n",
     "m.yml:1:32: error: \"factor\" in metric \"a\" has a leading zero, which some readers take "
     "for "
     "octal\n"
     "metrics: {a: {unit: u, factor: 010}}\n"
     "                               ^\n"
     "hint: write 8 or 10\n"},
    {"InfiniteFactor", "metrics: {a: {unit: u, factor: .inf}}\n",
     "m.yml:1:32: error: \"factor\" in metric \"a\" must be finite\n"
     "metrics: {a: {unit: u, factor: .inf}}\n"
     "                               ^\n"},
    {"NanOffset", "metrics: {a: {unit: u, offset: 'nan'}}\n",
     "m.yml:1:32: error: \"offset\" in metric \"a\" must be a number or a fraction such as "
     "1/1048576, "
     "not \"nan\"\n"
     "metrics: {a: {unit: u, offset: 'nan'}}\n"
     "                               ^\n"},
    {"ZeroDenominator", "metrics: {a: {unit: u, factor: '1/0'}}\n",
     "m.yml:1:32: error: \"factor\" in metric \"a\" divides by zero\n"
     "metrics: {a: {unit: u, factor: '1/0'}}\n"
     "                               ^\n"},
    {"EmptyListOfSpecs", "metrics: {a: []}\n",
     "m.yml:1:14: error: metric \"a\" has an empty list of specs\n"
     "metrics: {a: []}\n"
     "             ^\n"},
    {"MapValueText", "metrics: {a: {unit: u, mutate: MAP, mutate_map: {1: x}}}\n",
     "m.yml:1:53: error: \"mutate_map\" in metric \"a\" must map to numbers, not to \"x\"\n"
     "metrics: {a: {unit: u, mutate: MAP, mutate_map: {1: x}}}\n"
     "                                                    ^\n"},
    {"EqualMapKeys", "metrics: {a: {unit: u, mutate: MAP, mutate_map: {1: 2, 1.0: 3}}}\n",
     "m.yml:1:56: error: key \"1.0\" of \"mutate_map\" in metric \"a\" equals a key before it\n"
     "metrics: {a: {unit: u, mutate: MAP, mutate_map: {1: 2, 1.0: 3}}}\n"
     "                                                       ^\n"},
    {"NamesOfTwoMetrics", "metrics:\n  a: {unit: u, alt_name: n}\n  b: {unit: u, alt_name: n}\n",
     "m.yml:3:26: error: the name \"n\" is used twice, first at 2:26\n"
     "  b: {unit: u, alt_name: n}\n"
     "                         ^\n"
     "hint: give one of them another alt_name\n"},
    {"NameOfAnotherMetric", "metrics:\n  a: {unit: u}\n  b: {unit: u, alt_name: a}\n",
     "m.yml:3:26: error: the name \"a\" is used twice, first at 2:3\n"
     "  b: {unit: u, alt_name: a}\n"
     "                         ^\n"
     "hint: give one of them another alt_name\n"},
    {"ModelThatIsNoMap", "metrics: {a: {unit: u, model: b}}\n",
     "m.yml:1:31: error: \"model\" in metric \"a\" must be a map of keys\n"
     "metrics: {a: {unit: u, model: b}}\n"
     "                              ^\n"},
    {"ExportName", "metrics: {a: {unit: u, export: {name: a.b}}}\n",
     "m.yml:1:39: error: \"name\" in export of metric \"a\" must be a metric name, which \"a.b\" "
     "is "
     "not\n"
     "metrics: {a: {unit: u, export: {name: a.b}}}\n"
     "                                      ^\n"
     "hint: letters, digits, _ and :, not a digit first\n"},
    {"ExportType", "metrics: {a: {unit: u, export: {type: gage}}}\n",
     "m.yml:1:39: error: \"gage\" is not allowed as \"type\" in export of metric \"a\"\n"
     "metrics: {a: {unit: u, export: {type: gage}}}\n"
     "                                      ^\n"
     "hint: allowed: gauge, counter, both, none\n"},
    {"BackfillYes", "metrics: {a: {unit: u, backfill: yes}}\n",
     "m.yml:1:34: error: \"backfill\" in metric \"a\" must be true or false\n"
     "metrics: {a: {unit: u, backfill: yes}}\n"
     "                                 ^\n"
     "hint: write true or false, without quotes\n"},
};

INSTANTIATE_TEST_SUITE_P(Mistakes, MetricsFileMistake, testing::ValuesIn(kMistakes), CaseName);

TEST(MetricsFile, ASkipExpressionThatCannotBeReadIsAnErrorAtItsPlace) {
  const std::string text = Rendered(
      Read("metrics: {a: {unit: u, skip_datapoints_expression: 'rating > 1'}}\n").diagnostics);
  EXPECT_THAT(text,
              testing::StartsWith("m.yml:1:52: error: \"skip_datapoints_expression\" in metric "
                                  "\"a\" cannot be read: column 1: "));
}

TEST(MetricsFile, ReportsEveryProblemAtOnceInTheOrderOfTheFile) {
  const MetricsFile file = Read(
      "metrics:\n"
      "  a:\n"
      "    unit: ''\n"
      "    factr: 2\n"
      "  b:\n"
      "    unit: u\n"
      "    unit: v\n"
      "    extra_args: {aggregation_method: mean, query_function: sgn}\n"
      "  c: 5\n"
      "extra: 1\n");
  std::vector<std::size_t> lines;
  for (const base::Diagnostic& diagnostic : file.diagnostics) {
    lines.push_back(diagnostic.line);
  }
  EXPECT_THAT(lines, testing::ElementsAre(3, 4, 7, 8, 8, 9, 10)) << Rendered(file.diagnostics);
}

TEST(MetricsFile, StopsAtTwentyErrors) {
  std::string yaml = "metrics:\n";
  for (int i = 0; i < 50; ++i) {
    yaml += "  m" + std::to_string(i) + ": 5\n";
  }
  const MetricsFile file = Read(yaml);
  EXPECT_EQ(Errors(file.diagnostics).size(), 20U);
  EXPECT_EQ(file.diagnostics.back().message, "30 more errors are not shown");
}

TEST(MetricsFile, ReadsItsOwnKeys) {
  const MetricsFile file = Read(
      "metrics:\n  a:\n    unit: u\n    backfill: true\n"
      "    export: {type: counter, name: my:a, help: some text}\n");
  ASSERT_EQ(Rendered(file.diagnostics), "");
  const metering::MetricSpec& spec = file.specs.at(0);
  EXPECT_TRUE(spec.backfill);
  EXPECT_EQ(spec.export_options.type, metering::ExportType::kCounter);
  EXPECT_EQ(spec.export_options.name, "my:a");
  EXPECT_EQ(spec.export_options.help, "some text");
}

TEST(MetricsFile, ResolvesAliasesAndMergeKeys) {
  const MetricsFile file = Read(
      "metrics:\n"
      "  a: &base\n"
      "    unit: GiB\n"
      "    groupby: &labels [region]\n"
      "  b:\n"
      "    <<: *base\n"
      "    unit: MiB\n"
      "  c:\n"
      "    unit: u\n"
      "    groupby: *labels\n");
  ASSERT_EQ(Rendered(file.diagnostics), "");
  ASSERT_EQ(file.specs.size(), 3U);
  EXPECT_EQ(file.specs[1].unit, "MiB");
  EXPECT_THAT(file.specs[1].groupby, testing::ElementsAre("region"));
  EXPECT_THAT(file.specs[2].groupby, testing::ElementsAre("region"));
}

TEST(MetricsFile, TakesAMapWithNoEntryAndBoolKeys) {
  const MetricsFile file = Read(
      "metrics: {a: {unit: u, mutate: MAP, mutate_map: {}},\n"
      "          b: {unit: u, mutate: MAP, mutate_map: {true: 2}}}\n");
  ASSERT_EQ(Rendered(file.diagnostics), "");
  EXPECT_TRUE(file.specs[0].mutate_map.empty());
  EXPECT_EQ(file.specs[1].mutate_map.at(0).key, base::Decimal(1));
}

TEST(MetricsFile, CarriesTheProblemsOfTheYamlItself) {
  EXPECT_THAT(Rendered(Read("metrics: {a: {unit: u}}\n---\nx: 1\n").diagnostics),
              HasSubstr("a file has one document only"));
  EXPECT_THAT(Rendered(Read("metrics: [\n").diagnostics), HasSubstr("not valid YAML"));
}

}  // namespace
}  // namespace promtally::config
