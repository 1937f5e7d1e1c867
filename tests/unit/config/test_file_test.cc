// SPDX-License-Identifier: Apache-2.0
#include "promtally/config/test_file.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promtally::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The values of a notation, `_` for gaps.
std::vector<std::string> Values(std::string_view text) {
  std::vector<std::string> values;
  const auto runs = ParseSeriesValues(text);
  if (!runs) {
    return {runs.error().message};
  }
  for (const SeriesRun& run : *runs) {
    base::Decimal value = run.first;
    for (std::size_t i = 0; i < run.count; ++i) {
      switch (run.kind) {
        case SeriesRun::Kind::kMissing:
          values.emplace_back("_");
          break;
        case SeriesRun::Kind::kStale:
          values.emplace_back("stale");
          break;
        case SeriesRun::Kind::kNan:
          values.emplace_back("NaN");
          break;
        case SeriesRun::Kind::kPositiveInfinity:
          values.emplace_back("+Inf");
          break;
        case SeriesRun::Kind::kNegativeInfinity:
          values.emplace_back("-Inf");
          break;
        case SeriesRun::Kind::kNumber:
          values.push_back(value.ToText());
          value += run.step;
      }
    }
  }
  return values;
}

TEST(SeriesNotation, ExpandsRunsAsPromtoolDoes) {
  EXPECT_THAT(Values("1 2.5 -3"), ElementsAre("1", "2.5", "-3"));
  EXPECT_THAT(Values("0+5x3"), ElementsAre("0", "5", "10", "15"));
  EXPECT_THAT(Values("10-2x2"), ElementsAre("10", "8", "6"));
  EXPECT_THAT(Values("-1-1x2"), ElementsAre("-1", "-2", "-3"));
  EXPECT_THAT(Values("7x2"), ElementsAre("7", "7", "7"));
  EXPECT_THAT(Values("7x0"), ElementsAre("7"));
  EXPECT_THAT(Values("_ _x2 1"), ElementsAre("_", "_", "_", "1"));
  EXPECT_THAT(Values("1 stale NaN Inf -Inf"), ElementsAre("1", "stale", "NaN", "+Inf", "-Inf"));
  EXPECT_THAT(Values("  1\n 1e3+1e3x1\t"), ElementsAre("1", "1000", "2000"));
  EXPECT_THAT(Values(""), ElementsAre());
}

TEST(SeriesNotation, ExpandsInDecimals) {
  EXPECT_THAT(Values("0+0.1x3"), ElementsAre("0", "0.1", "0.2", "0.3"));
  EXPECT_THAT(Values("9007199254740993+1x1"), ElementsAre("9007199254740993", "9007199254740994"));
}

TEST(SeriesNotation, SaysWhereItCannotBeRead) {
  EXPECT_THAT(Values("1 2 abc"), ElementsAre(HasSubstr("at character 5: expected a number")));
  EXPECT_THAT(Values("1+x3"), ElementsAre(HasSubstr("at character 2")));
  EXPECT_THAT(Values("1+2"), ElementsAre(HasSubstr("a step needs a count")));
  EXPECT_THAT(Values("1x"), ElementsAre(HasSubstr("expected a count")));
  EXPECT_THAT(Values("1x-1"), ElementsAre(HasSubstr("expected a count")));
  EXPECT_THAT(Values("1x99999999999999999999"), ElementsAre(HasSubstr("expected a count")));
  EXPECT_THAT(Values("1x99999999"), ElementsAre(HasSubstr("more than")));
  EXPECT_THAT(Values("{{schema:0}}"), ElementsAre(HasSubstr("native histograms")));
  EXPECT_THAT(Values("NaN+1x2"), ElementsAre(HasSubstr("only a number can have a step")));
}

TEST(SeriesLabels, ReadsANameWithLabelsOrLabelsAlone) {
  const auto series = ParseSeriesLabels("up{job=\"j\", empty=\"\"}");
  ASSERT_TRUE(series);
  EXPECT_EQ(*series, (base::LabelSet{{"__name__", "up"}, {"job", "j"}}));
  EXPECT_EQ(*ParseSeriesLabels("up"), (base::LabelSet{{"__name__", "up"}}));
  EXPECT_EQ(*ParseSeriesLabels("{b=\"1\",a='2'}"), (base::LabelSet{{"a", "2"}, {"b", "1"}}));
  EXPECT_EQ(*ParseSeriesLabels("{}"), base::LabelSet());
  for (const char* text :
       {"up{a=~\"b\"}", "up[5m]", "up offset 5m", "1", "sum(up)", "{a=\"1\",a=\"2\"}", "up{", ""}) {
    EXPECT_FALSE(ParseSeriesLabels(text)) << text;
  }
}

metering::MetricSpec Spec(const std::string& metric, const std::string& name) {
  metering::MetricSpec spec;
  spec.metric = metric;
  spec.name = name;
  return spec;
}

TestFile Read(const std::string& text) {
  return ReadTestFile(
      text, "t.yml", [](const std::string& path) -> base::Result<metering::MetricSpecs> {
        if (path == "none.yml") {
          return base::Fail(base::ErrorCode::kNotFound, "no file matches");
        }
        return metering::MetricSpecs{Spec("a_total", "a"), Spec("b", "b1"), Spec("b", "b2")};
      });
}

std::string Problems(const std::string& text) {
  std::string all;
  for (const base::Diagnostic& diagnostic : Read(text).diagnostics) {
    all += base::ToText(diagnostic);
  }
  return all;
}

TEST(TestFile, ReadsEveryKind) {
  const TestFile file = Read(R"(
metrics_files: [m.yml]
evaluation_interval: 30s
fuzzy_compare: true
tests:
  - name: n
    interval: 1m
    scope_key: p
    dialect: prometheus2
    period: 15m
    input_series: [{series: 'a_total{p="1"}', values: 1}]
    promql_expr_test: [{expr: a_total, eval_time: 5m, exp_samples: [{labels: '{p="1"}', value: .nan}]}]
    query_test: [{metric: a, scope: 1, exp_query: x}]
    usage_test:
      - metric: a_total
        eval_time: 1h
        exp_records: [{scope: 1, groupby: {c: 200}, metadata: {m: x}, quantity: 0.30}]
  - {}
)");
  ASSERT_EQ(file.diagnostics.size(), 0U) << base::ToText(file.diagnostics.front());
  ASSERT_EQ(file.groups.size(), 2U);
  const TestGroup& test = file.groups[0];
  EXPECT_EQ(test.semantics, metering::PromqlSemantics::kPrometheus2);
  ASSERT_EQ(test.usage_tests.size(), 1U);
  EXPECT_EQ(test.usage_tests[0].spec, 0U);
  EXPECT_EQ(test.usage_tests[0].period, base::Seconds(900));
  EXPECT_EQ(test.usage_tests[0].records[0].scope, "1");
  EXPECT_EQ(test.usage_tests[0].records[0].groupby, (base::LabelSet{{"c", "200"}}));
  EXPECT_EQ(test.usage_tests[0].records[0].quantity.ToText(), "0.3");
  EXPECT_EQ(test.usage_tests[0].line, 15U);
  EXPECT_EQ(file.groups[1].name, "tests[1]");
  EXPECT_EQ(file.groups[1].interval, base::Seconds(30));
}

TEST(TestFile, NamesWhatIsWrongAndWhere) {
  EXPECT_THAT(Problems("tests: [{nam: x}]"), HasSubstr("t.yml:1:10: error: unknown key \"nam\""));
  EXPECT_THAT(Problems("rule_files: [a]\ntests: []"), HasSubstr("metrics_files"));
  EXPECT_THAT(Problems("metrics_files: [none.yml]\ntests: []"),
              HasSubstr("t.yml:1:17: error: no file"));
  EXPECT_THAT(Problems("tests: [{alert_rule_test: []}]"), HasSubstr("alerting rules"));
  EXPECT_THAT(Problems("tests: [{dialect: victoriametrics}]"), HasSubstr("allowed: prometheus2"));
  EXPECT_THAT(Problems("tests: [{promql_expr_test: [{expr: 'sum('}]}]"), HasSubstr("column 5"));
  EXPECT_THAT(Problems("tests: [{promql_expr_test: [{expr: 'a[5m]'}]}]"), HasSubstr("is a matrix"));
  EXPECT_THAT(Problems("tests: [{input_series: [{series: a, values: '1 x'}]}]"),
              HasSubstr("t.yml:1:"));
  EXPECT_THAT(Problems("tests: [{input_series: [{series: a, values: 1}, {series: a, values: 1}]}]"),
              HasSubstr("a second series"));
  EXPECT_THAT(Problems("{}"), HasSubstr("has no \"tests\""));
  EXPECT_THAT(Problems(""), HasSubstr("has no \"tests\""));
}

TEST(TestFile, LooksUpSpecsAndPeriods) {
  const auto usage = [](const std::string& test) {
    return Problems("metrics_files: [m.yml]\ntests: [{usage_test: [" + test + "]}]");
  };
  EXPECT_EQ(usage("{metric: a, eval_time: 1h, exp_records: []}"), "");
  EXPECT_THAT(usage("{metric: c, eval_time: 1h, exp_records: []}"),
              HasSubstr("t.yml:2:32: error: \"c\" is no spec"));
  EXPECT_THAT(usage("{metric: b, eval_time: 1h, exp_records: []}"), HasSubstr("several specs"));
  EXPECT_THAT(usage("{metric: a, eval_time: 90m, exp_records: []}"),
              HasSubstr("end of a period of 1h"));
  EXPECT_THAT(usage("{metric: a, eval_time: 0s, exp_records: []}"), HasSubstr("end of a period"));
  EXPECT_THAT(usage("{metric: a, exp_records: []}"), HasSubstr("has no \"eval_time\""));
  EXPECT_THAT(usage("{metric: a, eval_time: 1h, exp_records: [{scope: x, quantity: 1}]}"),
              HasSubstr("no scope_key"));
  EXPECT_THAT(usage("{metric: a, eval_time: 1h, exp_records: [{quantity: abc}]}"),
              HasSubstr("must be a decimal"));
  EXPECT_THAT(usage("{metric: a, eval_time: 1h, exp_records: [{}]}"),
              HasSubstr("has no \"quantity\""));
}

}  // namespace
}  // namespace promtally::config
