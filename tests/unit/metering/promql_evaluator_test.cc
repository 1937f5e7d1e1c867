// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/promql_evaluator.h"

#include <cmath>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "promtally/metering/regex_check.h"
#include "promtally/promql/parser.h"

namespace promtally::metering {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr auto kTwo = PromqlSemantics::kPrometheus2;
constexpr auto kThree = PromqlSemantics::kPrometheus3;

/// `labels` beside the name; a sample a minute from 0 on.
void AddSeries(SeriesStore* store, const std::string& metric, base::LabelSet labels,
               std::initializer_list<double> values) {
  StoredSeries series;
  labels.emplace_back(kMetricNameLabel, metric);
  series.labels = std::move(labels);
  std::int64_t time = 0;
  for (const double value : values) {
    series.samples.push_back({time, value});
    time += kMinute;
  }
  ASSERT_TRUE(store->Add(std::move(series)));
}

base::Result<EvaluatedValue> Ask(const SeriesStore& store, const std::string& text,
                                 std::int64_t milliseconds, PromqlSemantics semantics = kThree,
                                 std::size_t max_samples = 1'000'000) {
  const auto parsed = promql::Parse(text, CheckRegex, promql::Experimental::kAllowed);
  if (!parsed) {
    return base::Fail(base::ErrorCode::kParse, parsed.error().message);
  }
  EvaluationOptions options;
  options.semantics = semantics;
  options.max_samples = max_samples;
  return Evaluate(**parsed, base::Instant(base::Milliseconds(milliseconds)), store, options);
}

/// The value of a result of one element, or NaN with a failure.
double One(const SeriesStore& store, const std::string& text, std::int64_t milliseconds,
           PromqlSemantics semantics = kThree) {
  const auto value = Ask(store, text, milliseconds, semantics);
  if (!value) {
    ADD_FAILURE() << text << ": " << value.error().message;
    return std::nan("");
  }
  if (value->type == promql::ValueType::kScalar) {
    return value->scalar;
  }
  if (value->vector.size() != 1) {
    ADD_FAILURE() << text << ": " << value->vector.size() << " elements";
    return std::nan("");
  }
  return value->vector.front().value;
}

std::size_t Count(const SeriesStore& store, const std::string& text, std::int64_t milliseconds,
                  PromqlSemantics semantics = kThree) {
  const auto value = Ask(store, text, milliseconds, semantics);
  EXPECT_TRUE(value) << text;
  return value ? value->vector.size() : 0;
}

std::string ErrorOf(const SeriesStore& store, const std::string& text) {
  const auto value = Ask(store, text, 10 * kMinute);
  return value ? "" : value.error().message;
}

class PromqlEvaluator : public testing::Test {
 protected:
  void SetUp() override {
    AddSeries(&store, "c", {{"p", "a"}}, {0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50});
    AddSeries(&store, "c", {{"p", "b"}}, {100, 110, 120, 3, 13, 23, 33, 43, 53, 63, 73});
    AddSeries(&store, "one", {}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  }
  SeriesStore store;
};

TEST_F(PromqlEvaluator, CountsTheEdgeSampleOfAWindowOnPrometheus2Only) {
  EXPECT_EQ(One(store, "count_over_time(one[5m])", 10 * kMinute, kTwo), 6);
  EXPECT_EQ(One(store, "count_over_time(one[5m])", 10 * kMinute, kThree), 5);
  EXPECT_EQ(One(store, "count_over_time(one[299999ms])", 10 * kMinute, kTwo), 5);
  EXPECT_EQ(One(store, "count_over_time(vector(1)[2m:1m])", 2 * kMinute, kTwo), 3);
  EXPECT_EQ(One(store, "count_over_time(vector(1)[2m:1m])", 2 * kMinute, kThree), 2);
}

TEST_F(PromqlEvaluator, LooksBackFiveMinutesForTheNewestSample) {
  EXPECT_EQ(Count(store, "one", 15 * kMinute, kTwo), 1U);
  EXPECT_EQ(Count(store, "one", 15 * kMinute, kThree), 0U);
  EXPECT_EQ(Count(store, "one", 15 * kMinute - 1, kThree), 1U);
  EXPECT_EQ(Count(store, "one", -1, kThree), 0U);
}

TEST_F(PromqlEvaluator, ExtrapolatesDifferencesToTheWindow) {
  // 20 in four minutes, the fifth is guessed.
  EXPECT_DOUBLE_EQ(One(store, "increase(c{p='a'}[5m])", 10 * kMinute), 25);
  EXPECT_DOUBLE_EQ(One(store, "rate(c{p='a'}[5m])", 10 * kMinute), 25.0 / 300);
  EXPECT_DOUBLE_EQ(One(store, "increase(c{p='b'}[10m])", 10 * kMinute, kTwo), 93);
  EXPECT_DOUBLE_EQ(One(store, "delta(c{p='b'}[10m])", 10 * kMinute, kTwo), -27);
  EXPECT_EQ(One(store, "resets(c{p='b'}[10m])", 10 * kMinute, kTwo), 1);
  EXPECT_EQ(Count(store, "increase(c[1m])", 10 * kMinute), 0U);
}

TEST_F(PromqlEvaluator, LooksForTheZeroOfACounterBeforeTheLimitRuleOnPrometheus2) {
  SeriesStore young;
  StoredSeries series{{{kMetricNameLabel, "y"}}, {}};
  for (std::int64_t minute = 4; minute <= 10; ++minute) {
    series.samples.push_back({minute * kMinute, static_cast<double>(minute) * 10 - 32.5});
  }
  ASSERT_TRUE(young.Add(std::move(series)));
  // First value 7.5 at 10 a minute: 45 seconds to zero, more than half a step, less than 1.1 steps.
  EXPECT_DOUBLE_EQ(One(young, "increase(y[10m])", 10 * kMinute, kTwo), 67.5);
  EXPECT_DOUBLE_EQ(One(young, "increase(y[10m])", 10 * kMinute, kThree), 65);
}

TEST_F(PromqlEvaluator, BillsTheStepOverTheEdgeWithAnAnchoredWindow) {
  EXPECT_EQ(One(store, "increase(c{p='a'}[150s] anchored)", 10 * kMinute), 15);
  EXPECT_EQ(One(store, "increase(c{p='b'}[8m] anchored)", 10 * kMinute), 73);
  EXPECT_EQ(One(store, "increase(c{p='a'}[150s] smoothed)", 10 * kMinute), 12.5);
  EXPECT_NE(ErrorOf(store, "sum_over_time(c[5m] anchored)").find("anchored modifier"),
            std::string::npos);
}

TEST_F(PromqlEvaluator, CompensatesSumsOverSeriesOnPrometheus3Only) {
  SeriesStore sums;
  AddSeries(&sums, "v", {{"n", "1"}}, {1e100});
  AddSeries(&sums, "v", {{"n", "2"}}, {1});
  AddSeries(&sums, "v", {{"n", "3"}}, {-1e100});
  EXPECT_EQ(One(sums, "sum(v)", 0, kTwo), 0);
  EXPECT_EQ(One(sums, "sum(v)", 0, kThree), 1);
  EXPECT_EQ(One(sums, "avg(v)", 0, kThree), 1.0 / 3);
  EXPECT_EQ(One(sums, "quantile(0.5, v)", 0), 1);
}

TEST_F(PromqlEvaluator, FollowsTheMeanWhereASumWouldOverflow) {
  SeriesStore large;
  AddSeries(&large, "v", {{"n", "1"}}, {1e308, 1e308, 1e308});
  EXPECT_DOUBLE_EQ(One(large, "avg_over_time(v[10m])", 3 * kMinute, kThree), 1e308);
  EXPECT_DOUBLE_EQ(One(large, "avg_over_time(v[10m])", 3 * kMinute, kTwo), 1e308);
  EXPECT_TRUE(std::isinf(One(large, "sum_over_time(v[10m])", 3 * kMinute)));
}

TEST_F(PromqlEvaluator, EndsASeriesAtItsStaleMarkerAndKeepsItOutOfWindows) {
  SeriesStore stale;
  AddSeries(&stale, "s", {}, {1, 2, StaleMarker(), 4, StaleMarker()});
  EXPECT_EQ(Count(stale, "s", 2 * kMinute), 0U);
  EXPECT_EQ(Count(stale, "s", 5 * kMinute), 0U);
  EXPECT_EQ(One(stale, "s", 3 * kMinute), 4);
  EXPECT_EQ(One(stale, "count_over_time(s[10m])", 5 * kMinute), 3);
  EXPECT_EQ(One(stale, "sum_over_time(s[10m])", 5 * kMinute), 7);
  EXPECT_EQ(One(stale, "absent(s)", 5 * kMinute), 1);
}

TEST_F(PromqlEvaluator, TakesOtherNansForValues) {
  SeriesStore nans;
  AddSeries(&nans, "s", {}, {std::nan(""), 2, std::nan(""), std::nan(""), 3});
  EXPECT_EQ(One(nans, "count_over_time(s[10m])", 5 * kMinute), 5);
  EXPECT_EQ(One(nans, "max_over_time(s[10m])", 5 * kMinute), 3);
  EXPECT_EQ(One(nans, "changes(s[10m])", 5 * kMinute), 3);
  EXPECT_TRUE(std::isnan(One(nans, "sum_over_time(s[10m])", 5 * kMinute)));
  EXPECT_TRUE(std::isnan(One(nans, "quantile_over_time(0, s[10m])", 5 * kMinute)));
}

TEST_F(PromqlEvaluator, MatchesVectorsAsTheOperatorSays) {
  EXPECT_EQ(Count(store, "c / c", 10 * kMinute), 2U);
  EXPECT_EQ(Count(store, "c * on() group_left() one", 10 * kMinute), 2U);
  EXPECT_EQ(Count(store, "c > 60", 10 * kMinute), 1U);
  EXPECT_EQ(Count(store, "c > bool 60", 10 * kMinute), 2U);
  EXPECT_EQ(Count(store, "c and on(p) c{p='a'}", 10 * kMinute), 1U);
  EXPECT_EQ(Count(store, "c or one", 10 * kMinute), 3U);
  EXPECT_EQ(Count(store, "c unless c{p='a'}", 10 * kMinute), 1U);
  EXPECT_EQ(One(store, "sum(c) - ignoring(p) sum(one)", 10 * kMinute), 122);
}

TEST_F(PromqlEvaluator, RefusesWhatAServerRefuses) {
  EXPECT_NE(ErrorOf(store, "one * on() c")
                .find("found duplicate series for the match group {} on "
                      "the right hand-side"),
            std::string::npos);
  EXPECT_NE(ErrorOf(store, "c * on() one").find("many-to-one matching must be explicit"),
            std::string::npos);
  EXPECT_NE(ErrorOf(store, "label_replace(c, 'p', '', 'p', '.*')").find("same labelset"),
            std::string::npos);
  EXPECT_NE(ErrorOf(store, "label_replace(c, '', 'x', 'p', '.*')").find("destination label"),
            std::string::npos);
  EXPECT_NE(ErrorOf(store, "double_exponential_smoothing(c[5m], 0, 0.5)").find("smoothing factor"),
            std::string::npos);
}

TEST_F(PromqlEvaluator, NamesWhatItDoesNotHave) {
  for (const char* text : {"info(c)", "limit_ratio(0.5, c)", "histogram_count(c)",
                           "sort_by_label(c, 'p')", "start_timestamp(c)"}) {
    EXPECT_NE(ErrorOf(store, text).find("without a server"), std::string::npos) << text;
  }
  EXPECT_NE(ErrorOf(store, "rate(c[step() * 2])").find("duration"), std::string::npos);
}

TEST_F(PromqlEvaluator, EvaluatesASubqueryAtMultiplesOfItsStep) {
  EXPECT_EQ(One(store, "sum_over_time(vector(time())[3m:1m])", 10 * kMinute + 5'000), 1620);
  EXPECT_EQ(One(store, "max_over_time(sum(c)[5m:1m])", 10 * kMinute), 123);
  EXPECT_EQ(One(store, "max_over_time(sum(c)[5m:1m] offset 2m)", 10 * kMinute), 93);
  EXPECT_EQ(One(store, "sum(c @ 300)", 10 * kMinute), 48);
  EXPECT_EQ(One(store, "sum(c @ end())", 10 * kMinute), 123);
  EXPECT_EQ(One(store, "timestamp(one @ 299)", 10 * kMinute), 240);
  EXPECT_EQ(One(store, "timestamp(one * 1)", 10 * kMinute), 600);
}

TEST_F(PromqlEvaluator, StopsAtTheLimitOfSamples) {
  const auto endless = Ask(store, "sum_over_time(vector(1)[1y:1ms])", 10 * kMinute, kThree, 1000);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, base::ErrorCode::kTooLarge);
  EXPECT_FALSE(Ask(store, "sum_over_time(c[10m])", 10 * kMinute, kThree, 10));
  EXPECT_TRUE(Ask(store, "sum_over_time(c[10m])", 10 * kMinute, kThree, 100));
}

TEST_F(PromqlEvaluator, ComputesLogarithmsAsTheServersDo) {
  // Near 1 what a server says is noise in the eleventh digit, and has to be the same noise.
  EXPECT_EQ(One(store, "log10(vector(1.0000513917))", 0), 2.231855823622085e-05);
  EXPECT_EQ(One(store, "log10(vector(1000))", 0), 3);
  EXPECT_EQ(One(store, "log2(vector(8))", 0), 3);
  EXPECT_EQ(One(store, "ln(vector(0))", 0), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(One(store, "ln(vector(-1))", 0)));
}

TEST_F(PromqlEvaluator, KeepsRawSamplesOfAWindow) {
  const auto window = Ask(store, "c{p='a'}[2m]", 10 * kMinute);
  ASSERT_TRUE(window);
  ASSERT_EQ(window->matrix.size(), 1U);
  ASSERT_EQ(window->matrix[0].samples.size(), 2U);
  EXPECT_EQ(window->matrix[0].samples[0].unix_milliseconds, 9 * kMinute);
  EXPECT_EQ(window->matrix[0].samples[1].value, 50);
}

TEST(SeriesStore, RefusesWhatIsNoSeries) {
  SeriesStore store;
  EXPECT_TRUE(store.Add({{{"a", "b"}, {"empty", ""}}, {{1, 1}}}));
  const auto second = store.Add({{{"a", "b"}}, {}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::ErrorCode::kConflict);
  EXPECT_FALSE(store.Add({{{"a", "c"}}, {{2, 1}, {2, 1}}}));
  EXPECT_FALSE(store.Add({{{"a", "c"}, {"a", "d"}}, {}}));
  EXPECT_EQ(store.series_count(), 1U);
}

TEST(SeriesStore, MergesSamplesThatComeInParts) {
  SeriesStore store;
  store.Merge({{"a", "b"}}, {{1, 1}, {3, 3}});
  store.Merge({{"a", "b"}}, {{2, 2}, {3, 9}, {4, 4}});
  ASSERT_EQ(store.All().size(), 1U);
  EXPECT_EQ(store.sample_count(), 4U);
  EXPECT_EQ(store.All()[0]->samples[2].value, 3);
}

TEST(SeriesStore, LetsADotMatchALineFeedFromPrometheus3On) {
  SeriesStore store;
  AddSeries(&store, "m", {{"l", "a\nb"}}, {1});
  const promql::Selector selector{"m", {{"l", promql::MatchOperator::kRegex, "a.b"}}, {}};
  EXPECT_EQ(store.Select(selector, DotMatchesNewline::kNo)->size(), 0U);
  EXPECT_EQ(store.Select(selector, DotMatchesNewline::kYes)->size(), 1U);
  const promql::Selector broken{"m", {{"l", promql::MatchOperator::kRegex, "("}}, {}};
  EXPECT_FALSE(store.Select(broken, DotMatchesNewline::kYes));
}

}  // namespace
}  // namespace promtally::metering
