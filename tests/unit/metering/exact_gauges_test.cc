// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "promtally/metering/exact_usage.h"
#include "promtally/metering/period_result.h"
#include "unit/metering/exact_fixture.h"

namespace promtally::metering {
namespace {

using Samples = std::vector<std::pair<double, std::string>>;

std::string RawOf(const MetricSpec& spec, const Samples& samples, std::int64_t number = 1) {
  ExactRun run(spec);
  return ExactRun::Raw(run.Period(number, {{{}, samples}}));
}

std::string RawOf(const char* function, const Samples& samples) {
  return RawOf(ExactSpec(function), samples);
}

TEST(ExactGauges, HoldAValueUntilTheNextOne) {
  // 10 for 40 s of the period, 20 for 60 s, then 5 as long as it is held.
  const Samples samples = {{3540, "8"}, {3580, "10"}, {3640, "20"}, {3700, "5"}};
  EXPECT_EQ(RawOf("integral", samples), "3100");  // 400 + 1200 + 5 × 300
  EXPECT_EQ(RawOf("duration_over_time", samples), "400");
  EXPECT_EQ(RawOf("avg_over_time", samples), "7.75");
  EXPECT_EQ(RawOf("min_over_time", samples), "5");
  EXPECT_EQ(RawOf("max_over_time", samples), "20");
  EXPECT_EQ(RawOf("last_over_time", samples), "5");
  EXPECT_EQ(RawOf("sum_over_time", samples), "25");
  EXPECT_EQ(RawOf("count_over_time", samples), "2");
}

TEST(ExactGauges, LetAValueOfBeforeReachIntoThePeriod) {
  const Samples samples = {{3500, "2"}};
  EXPECT_EQ(RawOf("integral", samples), "400");
  EXPECT_EQ(RawOf("sum_over_time", samples), "none");
  EXPECT_EQ(RawOf(ExactSpec("integral"), samples, 2), "none");
}

TEST(ExactGauges, AddUpOverPeriodsByTrapezoids) {
  MetricSpec spec = ExactSpec("integral");
  spec.exact.integral = Integral::kTrapezoid;
  const Samples samples = {{3590, "1"}, {3597, "4"}, {3604, "6"}, {3611, "6"}};
  const base::Decimal before = *base::Decimal::Parse(RawOf(spec, samples, 0));
  const base::Decimal after = *base::Decimal::Parse(RawOf(spec, samples, 1));
  // Between 3597 and 3604 the line goes from 4 to 6: 3 seconds of it lie before the hour.
  EXPECT_EQ(before.ToText(), "30.785714285714");
  // 17.5 + 35 + 42, and the last value is held for 300 s.
  EXPECT_EQ((before + after).ToText(), "1894.5");
}

TEST(ExactGauges, AverageIsAnExactFraction) {
  MetricSpec spec = ExactSpec("avg_over_time", "avg");
  spec.groupby = {"code"};
  ExactRun run(spec);
  ExactUsage usage =
      run.Period(1, {{{{"code", "a"}, {"i", "1"}}, {{3600, "1"}, {3630, "2"}, {3690, "NaN"}}},
                     {{{"code", "a"}, {"i", "2"}}, {{3600, "1"}, {3700, "4"}}}});
  // (30 × 1 + 300 × 2) / 330 = 21/11 and (100 × 1 + 300 × 4) / 400 = 13/4
  ASSERT_EQ(usage.answer.exact_values.size(), 1U);
  const base::Fraction expected = *base::Fraction::Parse("227/88");
  EXPECT_EQ(*usage.answer.exact_values[0], expected);
  ConversionContext context;
  context.spec = &spec;
  std::vector<ScopedAnswer> answers;
  answers.push_back(std::move(usage.answer));
  const PeriodResult result = ConvertAnswers(context, std::move(answers));
  ASSERT_EQ(result.rows.size(), 1U);
  EXPECT_EQ(result.rows[0].quantity.ToText(), "2.579545454545454545454545454545455");
}

TEST(ExactGauges, FollowOneReplica) {
  MetricSpec spec = ExactSpec("count_over_time");
  spec.exact.replica_label = "replica";
  ExactRun run(spec);
  std::vector<TestSeries> series{{{{"replica", "a"}}, {}}, {{{"replica", "b"}}, {}}};
  for (int t = 3000; t < 9000; t += 60) {
    series[0].samples.emplace_back(t, "1");
    series[1].samples.emplace_back(t + 30, "1");
  }
  const ExactUsage usage = run.Period(1, series);
  EXPECT_EQ(ExactRun::Raw(usage), "60");
  EXPECT_EQ(usage.evidence[0].replica, "b");  // the first that was seen
}

TEST(ExactQuantities, ApplyQueryFunctionAndAggregationExactly) {
  const auto value = [](const char* function, const char* aggregation) {
    MetricSpec spec = ExactSpec("delta", aggregation);
    spec.query_function = function;
    ExactRun run(spec);
    const ExactUsage usage = run.Period(1, {{{{"i", "1"}}, {{3590, "2.5"}, {3650, "0"}}},
                                            {{{"i", "2"}}, {{3590, "0"}, {3650, "3.5"}}}});
    const base::Fraction& fraction = *usage.answer.exact_values.at(0);
    return base::Decimal::Divide(fraction.numerator, fraction.denominator, 34,
                                 base::Rounding::kHalfEven)
        .ToText();
  };
  EXPECT_EQ(value("", "sum"), "1");
  EXPECT_EQ(value("abs", "sum"), "6");
  EXPECT_EQ(value("floor", "sum"), "0");
  EXPECT_EQ(value("ceil", "sum"), "2");
  EXPECT_EQ(value("round", "sum"), "2");  // -2 and 4: halves go up
  EXPECT_EQ(value("abs", "min"), "2.5");
  EXPECT_EQ(value("abs", "max"), "3.5");
  EXPECT_EQ(value("abs", "avg"), "3");
  EXPECT_EQ(value("", "count"), "2");
}

TEST(ExactQuantities, RejectWhatAQueryFunctionMakesInfinite) {
  MetricSpec spec = ExactSpec();
  spec.query_function = "ln";
  ExactRun run(spec);
  ExactUsage usage = run.Period(1, {{{}, {{3590, "1"}, {3650, "1"}}}});
  ConversionContext context;
  context.spec = &spec;
  std::vector<ScopedAnswer> answers;
  answers.push_back(std::move(usage.answer));
  const PeriodResult result = ConvertAnswers(context, std::move(answers));
  ASSERT_EQ(result.rejected.size(), 1U);
  EXPECT_EQ(result.rejected[0].reason, "infinity");
}

TEST(ExactQuantities, RoundOnceAtTheEnd) {
  MetricSpec spec = ExactSpec("rate");
  spec.factor = *base::Fraction::Parse("3600");
  ExactRun run(spec);
  ExactUsage usage = run.Period(1, {{{}, {{3590, "0"}, {3650, "7"}}}});
  ConversionContext context;
  context.spec = &spec;
  std::vector<ScopedAnswer> answers;
  answers.push_back(std::move(usage.answer));
  const PeriodResult result = ConvertAnswers(context, std::move(answers));
  ASSERT_EQ(result.rows.size(), 1U);
  EXPECT_EQ(result.rows[0].quantity.ToText(), "7");  // 7 / 3600 × 3600, never rounded between
}

TEST(ExactQuantities, RejectHistogramsUnlessAPartIsChosen) {
  MetricSpec spec = ExactSpec();
  ExactRequest request;
  request.spec = &spec;
  request.period = PeriodAt(base::FromUnixSeconds(3600), base::Seconds(3600));
  std::vector<RawAnswer> answers(1);
  answers[0].series.BeginSeries();
  answers[0].series.AddLabel("__name__", "h");
  answers[0].series.SetHistogram();
  answers[0].samples.BeginSeries();
  const ExactUsage usage = ComputeExact(request, answers);
  ASSERT_EQ(usage.rejected.size(), 1U);
  EXPECT_EQ(usage.rejected[0].reason, "histogram");
  EXPECT_TRUE(usage.evidence.empty());
}

}  // namespace
}  // namespace promtally::metering
