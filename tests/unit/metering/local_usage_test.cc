// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/local_usage.h"

#include <limits>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace promtally::metering {
namespace {

constexpr std::int64_t kMinute = 60'000;

MetricSpec Spec() {
  MetricSpec spec;
  spec.metric = "m";
  spec.name = "m";
  spec.aggregation_method = "sum";
  spec.range_function = "count_over_time";
  spec.groupby = {"p"};
  return spec;
}

LocalRequest Request(const MetricSpec& spec) {
  LocalRequest request;
  request.spec = &spec;
  request.scope_key = "p";
  request.period = {base::Instant(base::Milliseconds(0)), base::Instant(base::Seconds(3600))};
  return request;
}

/// A sample a minute of value 1 from 0 to the hour, of scopes a and b.
SeriesStore Store() {
  SeriesStore store;
  for (const char* scope : {"a", "b"}) {
    StoredSeries series{{{kMetricNameLabel, "m"}, {"p", scope}}, {}};
    for (std::int64_t minute = 0; minute <= 60; ++minute) {
      series.samples.push_back({minute * kMinute, 1});
    }
    EXPECT_TRUE(store.Add(std::move(series)));
  }
  return store;
}

TEST(LocalUsage, AnswersAsTheServerWould) {
  const MetricSpec spec = Spec();
  const auto answers = EvaluateLocally(Request(spec), Store());
  ASSERT_TRUE(answers);
  ASSERT_EQ(answers->answers.size(), 1U);
  EXPECT_EQ(answers->queries.front(), "sum(count_over_time(m{}[3600s])) by (p)");
  const Answer& answer = answers->answers.front().answer;
  ASSERT_EQ(answer.size(), 2U);
  EXPECT_EQ(answer.Label(0, "p"), "a");
  EXPECT_EQ(answer.value(0), "60");
}

TEST(LocalUsage, AsksOnceAScopeWhereScopesMix) {
  MetricSpec spec = Spec();
  spec.query_prefix = "topk(1,";
  spec.query_suffix = ")";
  const auto answers = EvaluateLocally(Request(spec), Store());
  ASSERT_TRUE(answers) << answers.error().message;
  ASSERT_EQ(answers->answers.size(), 2U);
  EXPECT_EQ(answers->answers[1].asked_scope, "b");
  spec.query_suffix = "";
  EXPECT_FALSE(EvaluateLocally(Request(spec), Store()));
}

RawAnswer Raw(const std::string& last) {
  RawAnswer raw;
  raw.series.BeginSeries();
  raw.series.AddLabel("p", "a");
  raw.samples.BeginSeries();
  EXPECT_TRUE(raw.samples.Add(kMinute, "1"));
  EXPECT_TRUE(raw.samples.Add(2 * kMinute, last));
  return raw;
}

base::Result<Answer> FromRaw(const MetricSpec& spec, const RawAnswer& raw, bool nans_are_stale) {
  return EvaluateRawAnswers(Request(spec), {&raw, 1}, nans_are_stale);
}

TEST(LocalUsage, ComputesFromRawAnswers) {
  const MetricSpec spec = Spec();
  const auto answer = FromRaw(spec, Raw("2"), false);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->size(), 1U);
  EXPECT_EQ(answer->value(0), "2");
  EXPECT_EQ(FromRaw(spec, Raw("NaN"), false)->value(0), "2");
  EXPECT_EQ(FromRaw(spec, Raw("NaN"), true)->value(0), "1");
}

TEST(LocalUsage, JoinsASeriesThatCameInParts) {
  const MetricSpec spec = Spec();
  RawAnswer later;
  later.series.BeginSeries();
  later.series.AddLabel("p", "a");
  later.samples.BeginSeries();
  EXPECT_TRUE(later.samples.Add(2 * kMinute, "1"));
  EXPECT_TRUE(later.samples.Add(3 * kMinute, "1"));
  std::vector<RawAnswer> answers;
  answers.push_back(Raw("1"));
  answers.push_back(std::move(later));
  const auto answer = EvaluateRawAnswers(Request(spec), answers, false);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->size(), 1U);
  EXPECT_EQ(answer->value(0), "3");
}

TEST(LocalUsage, RefusesWhatIsNotInRawAnswers) {
  MetricSpec spec = Spec();
  RawAnswer raw = Raw("1");
  raw.series.SetHistogram();
  EXPECT_FALSE(FromRaw(spec, raw, false));
  spec.query_suffix = "or vector(0)";
  EXPECT_FALSE(FromRaw(spec, Raw("1"), false));
}

TEST(LocalUsage, WritesValuesAsServersDo) {
  EXPECT_EQ(ValueText(0.1), "0.1");
  EXPECT_EQ(ValueText(1e21), "1000000000000000000000");
  EXPECT_EQ(ValueText(1.5e-7), "0.00000015");
  EXPECT_EQ(ValueText(-0.0), "-0");
  EXPECT_EQ(ValueText(std::numeric_limits<double>::max()).size(), 309U);
  EXPECT_EQ(ValueText(5e-324).substr(0, 4), "0.00");
  EXPECT_EQ(ValueText(-std::numeric_limits<double>::infinity()), "-Inf");
}

}  // namespace
}  // namespace promtally::metering
