// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/period_result.h"

#include <gtest/gtest.h>

#include "promtally/metering/usage_record.h"

namespace promtally::metering {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

MetricSpec Spec() {
  MetricSpec spec;
  spec.metric = spec.name = "requests";
  spec.unit = "request";
  spec.groupby = {"code"};
  spec.metadata = {"method"};
  return spec;
}

void Add(Answer* answer, const Labels& labels, std::string_view value) {
  answer->BeginSeries();
  for (const auto& [name, text] : labels) {
    answer->AddLabel(name, text);
  }
  if (value == "histogram") {
    answer->SetHistogram();
  } else {
    answer->SetValue(value);
  }
}

/// An answer of `{labels} value` rows, converted for a job with scope key project_id.
class Conversions : public testing::Test {
 protected:
  PeriodResult Convert() {
    std::vector<ScopedAnswer> answers;
    answers.push_back({std::move(answer), asked, {}});
    return ConvertAnswers(context, std::move(answers));
  }

  MetricSpec spec = Spec();
  ConversionContext context{&spec, "project_id"};
  Answer answer;
  std::optional<std::string> asked;
};

TEST_F(Conversions, KeepConfiguredLabelsAndFillMissingOnesWithNothing) {
  Add(&answer, {{"project_id", "p1"}, {"code", "200"}, {"other", "x"}}, "1.5");
  const PeriodResult result = Convert();
  ASSERT_EQ(result.rows.size(), 1U);
  EXPECT_EQ(result.rows[0].quantity.ToText(), "1.5");
  EXPECT_EQ(ScopeOf(context, result, result.rows[0]), "p1");
  const base::LabelSet labels = LabelsOf(context, result, result.rows[0]);
  EXPECT_EQ(labels, (base::LabelSet{{"code", "200"}, {"method", ""}, {"project_id", "p1"}}));
  EXPECT_EQ(result.rows[0].hash, SeriesHash("p1", labels));
}

TEST_F(Conversions, LeaveSeriesOfOtherScopesToTheirOwnQueries) {
  std::vector<ScopedAnswer> answers;
  for (const std::string scope : {"p1", "p2"}) {
    Answer each;
    Add(&each, {{"project_id", "p1"}, {"code", "1"}}, "1");
    Add(&each, {{"project_id", "p2"}, {"code", "2"}}, "2");
    Add(&each, {{"project_id", "p3"}, {"code", "3"}}, "3");
    Add(&each, {{"code", "4"}}, "4");
    answers.push_back({std::move(each), std::nullopt, {scope}});
  }
  const PeriodResult result = ConvertAnswers(context, std::move(answers));
  EXPECT_EQ(result.failure, "");
  ASSERT_EQ(result.rows.size(), 2U);
  EXPECT_EQ(ScopeOf(context, result, result.rows[0]), "p1");
  EXPECT_EQ(ScopeOf(context, result, result.rows[1]), "p2");
  EXPECT_EQ(result.unattributed, 1U);
  EXPECT_EQ(result.series_answered, 4U);
  EXPECT_TRUE(result.rejected.empty());
}

TEST_F(Conversions, CountSeriesWithoutScopeAsUnattributed) {
  Add(&answer, {{"code", "200"}}, "1");
  Add(&answer, {{"project_id", ""}, {"code", "200"}}, "NaN");
  Add(&answer, {{"project_id", "p1"}, {"code", "200"}}, "1");
  const PeriodResult result = Convert();
  EXPECT_EQ(result.series_answered, 3U);
  EXPECT_EQ(result.unattributed, 2U);
  EXPECT_EQ(result.rows.size(), 1U);
  EXPECT_TRUE(result.rejected.empty());
}

TEST_F(Conversions, GiveAnAnswerWithoutTheLabelTheScopeThatWasAskedFor) {
  asked = "p1";
  Add(&answer, {{"code", "200"}}, "1");
  Add(&answer, {{"project_id", "p1"}, {"code", "500"}}, "2");
  Add(&answer, {{"project_id", "p2"}, {"code", "200"}}, "3");
  const PeriodResult result = Convert();
  ASSERT_EQ(result.rows.size(), 2U);
  EXPECT_EQ(ScopeOf(context, result, result.rows[0]), "p1");
  EXPECT_EQ(*base::Find(LabelsOf(context, result, result.rows[0]), "project_id"), "p1");
  ASSERT_EQ(result.rejected.size(), 1U);
  EXPECT_EQ(result.rejected[0].reason, "foreign_scope");
}

TEST_F(Conversions, RejectOneBadSeriesAndKeepTheRest) {
  Add(&answer, {{"project_id", "p1"}, {"code", "1"}}, "NaN");
  Add(&answer, {{"project_id", "p1"}, {"code", "2"}}, "+Inf");
  Add(&answer, {{"project_id", "p1"}, {"code", "3"}}, "histogram");
  Add(&answer, {{"project_id", "p1"}, {"code", std::string(4097, 'x')}}, "1");
  Add(&answer, {{"project_id", "p1"}, {"code", "5"}}, "7");
  const PeriodResult result = Convert();
  ASSERT_EQ(result.rejected.size(), 4U);
  EXPECT_EQ(result.rejected[0].reason, "nan");
  EXPECT_EQ(result.rejected[0].value, "NaN");
  EXPECT_EQ(result.rejected[1].reason, "infinity");
  EXPECT_EQ(result.rejected[2].reason, "histogram");
  EXPECT_EQ(result.rejected[3].reason, "label_too_long");
  ASSERT_EQ(result.rows.size(), 1U);
  EXPECT_EQ(result.rows[0].quantity.ToText(), "7");
}

TEST_F(Conversions, FailWholeWhenTwoSeriesShareALabelSet) {
  Add(&answer, {{"project_id", "p1"}, {"code", "200"}, {"extra", "a"}}, "1");
  Add(&answer, {{"project_id", "p1"}, {"code", "200"}, {"extra", "b"}}, "2");
  const PeriodResult result = Convert();
  EXPECT_EQ(result.failure, "duplicate_series");
  EXPECT_EQ(result.failure_detail,
            R"(two series have the label set {code="200", method="", project_id="p1"})");
  EXPECT_TRUE(result.rows.empty());
}

TEST_F(Conversions, FailWholeWhenAValueIsNoNumber) {
  Add(&answer, {{"project_id", "p1"}}, "abc");
  EXPECT_EQ(Convert().failure, "wrong_type");
}

TEST_F(Conversions, FailAboveTheLimitAndNameTheLabelThatGrew) {
  context.max_series = 2;
  for (int i = 0; i < 3; ++i) {
    Add(&answer, {{"project_id", "p1"}, {"code", std::to_string(i)}}, "1");
  }
  const PeriodResult result = Convert();
  EXPECT_EQ(result.failure, "too_many_series");
  EXPECT_EQ(result.failure_detail, "3 series, the limit is 2; label \"code\" has 3 values");
}

TEST_F(Conversions, CountWhatFiltersAndSkipExpressionsTakeAway) {
  const ScopeFilter filter = *ScopeFilter::Make({}, {"/test-.*/"});
  context.filter = &filter;
  spec.skip = *SkipExpression::Parse("datapoint['vol']['qty'] == 0");
  Add(&answer, {{"project_id", "test-1"}}, "1");
  Add(&answer, {{"project_id", "p1"}}, "0");
  Add(&answer, {{"project_id", "p2"}}, "1");
  const PeriodResult result = Convert();
  EXPECT_EQ(result.excluded, 1U);
  EXPECT_EQ(result.skipped, 1U);
  ASSERT_EQ(result.rows.size(), 1U);
}

TEST_F(Conversions, HaveNoScopeInAnUnscopedJob) {
  context.scope_key.reset();
  Add(&answer, {{"code", "200"}}, "1");
  const PeriodResult result = Convert();
  ASSERT_EQ(result.rows.size(), 1U);
  EXPECT_EQ(ScopeOf(context, result, result.rows[0]), std::nullopt);
  EXPECT_NE(result.rows[0].hash, SeriesHash("", LabelsOf(context, result, result.rows[0])));
}

TEST(ScopeFilter, MatchesIdsAndAnchoredExpressions) {
  const ScopeFilter filter = *ScopeFilter::Make({"a.b", "/p[0-9]+/"}, {"p13"});
  EXPECT_TRUE(filter.Admits("a.b"));
  EXPECT_FALSE(filter.Admits("axb"));
  EXPECT_TRUE(filter.Admits("p7"));
  EXPECT_FALSE(filter.Admits("xp7"));
  EXPECT_FALSE(filter.Admits("p13"));
  EXPECT_TRUE(filter.ListedScopes().empty());
  EXPECT_EQ(ScopeFilter::Make({"b", "a"}, {"b"})->ListedScopes(), std::vector<std::string>{"a"});
  EXPECT_TRUE(ScopeFilter().AdmitsAll());
  EXPECT_FALSE(ScopeFilter::Make({"/(/"}, {}).has_value());
}

TEST(RecordId, DependsOnEveryPartOfTheKey) {
  const Period period{base::FromUnixSeconds(0), base::FromUnixSeconds(3600)};
  RecordKey key{"default", "requests", UsageKind::kMeasured, "p1", base::Digest{}, period, 0};
  const std::string id = RecordId(key);
  EXPECT_EQ(id.size(), 64U);
  EXPECT_EQ(id, RecordId(key));
  std::vector<RecordKey> others(7, key);
  others[0].job = "other";
  others[1].name = "other";
  others[2].kind = UsageKind::kPredicted;
  others[3].scope.reset();
  others[4].series[31] = 1;
  others[5].period.begin += base::Seconds(60);
  others[6].revision = 1;
  for (const RecordKey& other : others) {
    EXPECT_NE(RecordId(other), id);
  }
}

}  // namespace
}  // namespace promtally::metering
