// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/exact_usage.h"

#include <gtest/gtest.h>

#include "unit/metering/exact_fixture.h"

namespace promtally::metering {
namespace {

using Samples = std::vector<std::pair<double, std::string>>;

/// One sample every `step` seconds from `from` to `to`, value begin + increment × n.
Samples Every(double step, double from, double to, double begin, double increment) {
  Samples samples;
  double value = begin;
  for (double time = from; time <= to; time += step, value += increment) {
    samples.emplace_back(time, std::to_string(static_cast<std::int64_t>(value)));
  }
  return samples;
}

Samples Join(Samples first, const Samples& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// Raw amounts of periods 1 and on of one series.
std::vector<std::string> RawOf(ExactRun* run, const Samples& samples, int periods) {
  std::vector<std::string> raw;
  for (int i = 1; i <= periods; ++i) {
    raw.push_back(ExactRun::Raw(run->Period(i, {{{{"__name__", "c_total"}}, samples}})));
  }
  return raw;
}

using Texts = std::vector<std::string>;

TEST(ExactUsage, CountsEachStepOfACounterOnce) {
  ExactRun run(ExactSpec());
  EXPECT_EQ(RawOf(&run, Every(60, 17, 5 * 3600, 0, 5), 3), (Texts{"300", "300", "300"}));
}

TEST(ExactUsage, BillsABurstBetweenTwoPeriodsInTheSecond) {
  Samples samples = Every(60, 17, 2 * 3600, 100, 0);
  samples = Join(samples, Every(60, 2 * 3600 + 17, 4 * 3600, 1100, 0));
  ExactRun run(ExactSpec());
  EXPECT_EQ(RawOf(&run, samples, 3), (Texts{"0", "1000", "0"}));
}

TEST(ExactUsage, AddsTheNewValueAtAReset) {
  Samples samples = Every(60, 17, 5400, 0, 5);
  samples = Join(samples, Every(60, 5417, 3 * 3600, 0, 5));
  ExactRun run(ExactSpec());
  const ExactUsage usage = run.Period(1, {{{{"__name__", "c_total"}}, samples}});
  EXPECT_EQ(ExactRun::Raw(usage), "295");
  EXPECT_EQ(usage.evidence[0].resets, 1);
  EXPECT_EQ(usage.evidence[0].suspicious_resets, 0);
  EXPECT_EQ(usage.suspicious, "");
}

TEST(ExactUsage, TellsASuspiciousReset) {
  ExactRun run(ExactSpec());
  const ExactUsage usage = run.Period(1, {{{}, {{3590, "1000"}, {3650, "990"}, {3710, "991"}}}});
  EXPECT_EQ(ExactRun::Raw(usage), "991");
  EXPECT_EQ(usage.evidence[0].suspicious_resets, 1);
  EXPECT_EQ(usage.suspicious, "a fall from 1000 to 990 at 1970-01-01T01:00:50Z");
}

TEST(ExactUsage, KeepsAGapAtItsArrival) {
  Samples samples = Every(60, 17, 2 * 3600 - 600, 0, 5);
  samples = Join(samples, Every(60, 2 * 3600 + 617, 4 * 3600, 610, 5));
  ExactRun run(ExactSpec());
  const auto raw = RawOf(&run, samples, 3);
  EXPECT_EQ(raw, (Texts{"250", "310", "300"}));
}

TEST(ExactUsage, SharesAGapByTime) {
  MetricSpec spec = ExactSpec();
  spec.exact.gap = GapPolicy::kByTime;
  // 100 over 1,200 seconds, 400 of which lie before the end; seen within settle.
  const Samples samples = {{3500, "0"}, {6800, "30"}, {8000, "130"}, {8060, "131"}};
  ExactRun run(spec);
  run.settle = base::Milliseconds(900'000);
  EXPECT_EQ(RawOf(&run, samples, 2), (Texts{"63.333333333333", "67.666666666667"}));
}

TEST(ExactUsage, GivesNoShareToAPeriodThatDidNotSeeTheNextSample) {
  MetricSpec spec = ExactSpec();
  spec.exact.gap = GapPolicy::kByTime;
  const Samples samples = {{3590, "0"}, {3650, "10"}, {4 * 3600 + 50, "210"}};
  ExactRun run(spec);
  run.settle = base::Milliseconds(300'000);
  const auto raw = RawOf(&run, samples, 4);
  EXPECT_EQ(raw[0], "10");
  EXPECT_EQ(raw[1], "none");  // 200 are on the way, and not seen yet
  const base::Decimal third = *base::Decimal::Parse(raw[2]);
  EXPECT_GT(third, base::Decimal(60));  // its own share
  EXPECT_EQ((third + *base::Decimal::Parse(raw[3])).ToText(), "200");
}

TEST(ExactUsage, LooksForAFirstSampleBeforeTheFirstPeriod) {
  const Samples samples = {{3000, "1"}, {3400, "5"}, {3700, "9"}};
  ExactRun run(ExactSpec());
  EXPECT_EQ(RawOf(&run, samples, 1), (Texts{"4"}));
}

TEST(ExactUsage, IgnoresOrCountsAFirstSample) {
  const Samples samples = {{4000, "100"}, {4060, "130"}};
  ExactRun ignores(ExactSpec());
  const ExactUsage ignored = ignores.Period(1, {{{}, samples}});
  EXPECT_EQ(ExactRun::Raw(ignored), "30");
  EXPECT_EQ(ignored.evidence[0].first_samples, 1);
  EXPECT_FALSE(ignored.needs_history);
  MetricSpec spec = ExactSpec();
  spec.exact.first_sample = FirstSample::kFromZero;
  ExactRun counts(spec);
  const ExactUsage counted = counts.Period(1, {{{}, samples}});
  EXPECT_EQ(ExactRun::Raw(counted), "130");
  EXPECT_TRUE(counted.needs_history);
}

TEST(ExactUsage, KnowsThePastAfterAPeriodOfItsOwn) {
  MetricSpec spec = ExactSpec();
  spec.exact.first_sample = FirstSample::kFromZero;
  ExactRun run(spec);
  run.adjacent = true;
  const ExactUsage usage = run.Period(1, {{{}, {{4000, "100"}}}});
  EXPECT_EQ(ExactRun::Raw(usage), "100");
  EXPECT_FALSE(usage.needs_history);
}

TEST(ExactUsage, DoesNotTakeAForgottenSeriesForANewOne) {
  MetricSpec spec = ExactSpec();
  spec.exact.first_sample = FirstSample::kFromZero;
  ExactRun run(spec);
  const std::vector<TestSeries> series{{{}, {{4000, "100"}, {4060, "107"}}}};
  const ThingId thing = base::FieldHasher().Finish();  // no labels
  run.state[thing].thing = thing;
  run.adjacent = true;
  EXPECT_EQ(ExactRun::Raw(run.Period(1, series)), "7");
}

TEST(ExactUsage, PassesOverWhatIsNoNumberAndTakesTheLargerOfTwo) {
  ExactRun run(ExactSpec());
  const ExactUsage usage = run.Period(1, {{{},
                                           {{3590, "10"},
                                            {3600, "NaN"},
                                            {3660, "NaN"},
                                            {3720, "+Inf"},
                                            {3780, "12"},
                                            {3780, "15"},
                                            {3840, "16"}}}});
  EXPECT_EQ(ExactRun::Raw(usage), "6");
  EXPECT_EQ(usage.evidence[0].skipped, 2);
  EXPECT_EQ(usage.evidence[0].samples, 2);
}

TEST(ExactUsage, KeepsLargeCountersToTheLastDigit) {
  ExactRun run(ExactSpec());
  const ExactUsage usage =
      run.Period(1, {{{}, {{3590, "1152921504606847000"}, {3650, "1152921504606847200"}}}});
  EXPECT_EQ(ExactRun::Raw(usage), "256");
  ExactRun larger(ExactSpec());
  EXPECT_EQ(ExactRun::Raw(larger.Period(
                1, {{{}, {{3590, "18446744073709552000"}, {3650, "18446744073709556000"}}}})),
            "4096");
}

TEST(ExactUsage, AddsDecimalsWithoutRounding) {
  ExactRun run(ExactSpec());
  EXPECT_EQ(ExactRun::Raw(run.Period(
                1, {{{}, {{3590, "0.1"}, {3650, "0.30000000000000004"}, {3710, "1000000"}}}})),
            "999999.9");
}

TEST(ExactUsage, CountsSamplesThatCameLate) {
  ExactRun run(ExactSpec());
  const std::vector<TestSeries> first{{{}, {{3590, "1"}, {7000, "5"}}}};
  EXPECT_EQ(ExactRun::Raw(run.Period(1, first)), "4");
  const std::vector<TestSeries> second{{{}, {{7000, "5"}, {7100, "6"}, {7160, "7"}, {7260, "9"}}}};
  const ExactUsage usage = run.Period(2, second);
  EXPECT_EQ(ExactRun::Raw(usage), "4");
  EXPECT_EQ(usage.evidence[0].late, 2);
}

TEST(ExactUsage, MeasuresCoverageGapsAndLife) {
  // Steps: 3590-3650, 3650-4250 (a gap), 4250-4310; next sample 7250 (a gap).
  ExactRun run(ExactSpec());
  const ExactUsage usage =
      run.Period(1, {{{}, {{3590, "1"}, {3650, "2"}, {4250, "3"}, {4310, "4"}, {7250, "5"}}}});
  const UsageEvidence& evidence = usage.evidence.at(0);
  EXPECT_EQ(evidence.covered_ms, 110'000);
  EXPECT_EQ(evidence.largest_gap_ms, 2'940'000);
  EXPECT_EQ(evidence.alive_ms, 3'600'000);
  EXPECT_EQ(evidence.first_ms, 3'650'000);
  EXPECT_EQ(evidence.last_ms, 4'310'000);
}

TEST(ExactUsage, GroupsByTheConfiguredLabels) {
  MetricSpec spec = ExactSpec();
  spec.groupby = {"code"};
  ExactRun run(spec);
  const ExactUsage usage =
      run.Period(1, {{{{"code", "200"}, {"instance", "a"}}, {{3590, "1"}, {3650, "3"}}},
                     {{{"code", "500"}, {"instance", "a"}}, {{3590, "1"}, {3650, "2"}}},
                     {{{"code", "200"}, {"instance", "b"}}, {{3590, "1"}, {3650, "11"}}}});
  EXPECT_EQ(run.RawBy(usage, "code"),
            (std::map<std::string, std::string>{{"200", "12"}, {"500", "1"}}));
}

TEST(ExactUsage, DoesNotBillALabelChangeTwice) {
  MetricSpec spec = ExactSpec();
  spec.groupby = {"tenant"};
  spec.exact.identity = {"instance"};
  spec.exact.first_sample = FirstSample::kFromZero;
  ExactRun run(spec);
  run.adjacent = true;
  const std::vector<TestSeries> series{
      {{{"instance", "a"}, {"tenant", "x"}}, {{3650, "10"}, {3710, "20"}}},
      {{{"instance", "a"}, {"tenant", "y"}}, {{3770, "25"}, {3830, "35"}}}};
  EXPECT_EQ(run.RawBy(run.Period(1, series), "tenant"),
            (std::map<std::string, std::string>{{"x", "20"}, {"y", "15"}}));
}

TEST(ExactUsage, FollowsOneReplicaUntilItIsSilent) {
  MetricSpec spec = ExactSpec();
  spec.exact.replica_label = "replica";
  ExactRun run(spec);
  // `a` is silent from 4000 to 5000; `b` lags behind a little and goes on.
  const std::vector<TestSeries> series{
      {{{"replica", "a"}}, Join(Every(60, 3540, 4000, 0, 10), Every(60, 5000, 12000, 240, 10))},
      {{{"replica", "b"}}, Every(60, 3570, 12000, 5, 10)}};
  const ExactUsage usage = run.Period(1, series);
  ASSERT_EQ(usage.evidence.size(), 1U);
  // From 10 (a at 3600) to b's last at 7170: 5 + 10 × 60.
  EXPECT_EQ(usage.evidence[0].raw, "595");
  EXPECT_EQ(usage.evidence[0].resets, 0);
  EXPECT_EQ(usage.evidence[0].replica, "a,b");
  EXPECT_EQ(ExactRun::Raw(run.Period(2, series)), "600");
  EXPECT_EQ(run.state.begin()->second.replica, "b");
}

TEST(ExactUsage, JudgesAResetWithinOneReplica) {
  MetricSpec spec = ExactSpec();
  spec.exact.replica_label = "replica";
  ExactRun run(spec);
  // `b` stands a little behind where `a` was left: no reset, for `b` itself never fell.
  const std::vector<TestSeries> lagging{
      {{{"replica", "a"}}, {{3590, "90"}, {3650, "100"}}},
      {{{"replica", "b"}}, {{3600, "80"}, {3660, "99"}, {3720, "105"}}}};
  const ExactUsage usage = run.Period(1, lagging);
  EXPECT_EQ(usage.evidence.at(0).raw, "15");
  EXPECT_EQ(usage.evidence[0].resets, 0);
  ExactRun fallen(spec);
  const std::vector<TestSeries> fell{
      {{{"replica", "a"}}, {{3590, "90"}, {3650, "100"}}},
      {{{"replica", "b"}}, {{3600, "91"}, {3660, "3"}, {3720, "5"}}}};
  const ExactUsage reset = fallen.Period(1, fell);
  EXPECT_EQ(reset.evidence.at(0).raw, "15");  // 10, then 3 + 2 after the reset
  EXPECT_EQ(reset.evidence[0].resets, 1);
}

TEST(ExactUsage, CountsResetsChangesAndDelta) {
  const Samples samples = {{3590, "5"}, {3650, "7"}, {3710, "7"}, {3770, "2"}, {3830, "4"}};
  const auto raw = [&](const char* function) {
    ExactRun run(ExactSpec(function));
    return RawOf(&run, samples, 1).front();
  };
  EXPECT_EQ(raw("resets"), "1");
  EXPECT_EQ(raw("changes"), "3");
  EXPECT_EQ(raw("delta"), "-1");
  EXPECT_EQ(raw("increase"), "6");
  EXPECT_EQ(raw("rate"), "6");  // what adds up; the quantity is divided
}

TEST(ExactUsage, ReadsAStartTimestamp) {
  MetricSpec spec = ExactSpec();
  spec.exact.first_sample = FirstSample::kFromStartTimestamp;
  ExactRequest request;
  request.spec = &spec;
  request.period = PeriodAt(base::FromUnixSeconds(3600), base::Seconds(3600));
  std::vector<RawAnswer> answers(1);
  answers[0].series.BeginSeries();
  answers[0].samples.BeginSeries();
  for (const auto& [time, value] : Samples{{4000, "40"}, {4060, "50"}, {4120, "60"}}) {
    ASSERT_TRUE(answers[0].samples.Add(static_cast<std::int64_t>(time * 1000), value));
  }
  std::vector<RawAnswer> starts(1);
  starts[0].series.BeginSeries();
  starts[0].samples.BeginSeries();
  ASSERT_TRUE(starts[0].samples.Add(4'000'000, "3990.5"));
  ASSERT_TRUE(starts[0].samples.Add(4'060'000, "3990.5"));
  ASSERT_TRUE(starts[0].samples.Add(4'120'000, "4100"));
  request.starts = &starts;
  const ExactUsage usage = ComputeExact(request, answers);
  EXPECT_EQ(ExactRun::Raw(usage), "110");  // 40, then 10, then 60 since it began anew
  EXPECT_EQ(usage.evidence[0].resets, 1);
  ASSERT_EQ(usage.checkpoints.size(), 1U);
  EXPECT_EQ(usage.checkpoints[0].start_ms, 4'100'000);
}

TEST(ExactUsage, ShowsItsSteps) {
  ExactRun run(ExactSpec());
  run.with_steps = true;
  const ExactUsage usage =
      run.Period(1, {{{{"__name__", "c_total"}, {"code", "200"}},
                      {{3590, "5"}, {3650, "7.5"}, {4000, "8"}, {4060, "1"}}}});
  ASSERT_EQ(usage.steps.size(), 1U);
  EXPECT_EQ(usage.steps[0].raw, "4");
  ASSERT_EQ(usage.steps[0].steps.size(), 3U);
  const UsageStep& first = usage.steps[0].steps[0];
  EXPECT_EQ(first.from_ms, 3'590'000);
  EXPECT_EQ(first.to_ms, 3'650'000);
  EXPECT_EQ(first.before + " " + first.after + " " + first.amount, "5 7.5 2.5");
  EXPECT_EQ(first.kind, StepKind::kStep);
  EXPECT_EQ(usage.steps[0].steps[1].kind, StepKind::kGap);
  EXPECT_EQ(usage.steps[0].steps[2].kind, StepKind::kReset);
  EXPECT_EQ(usage.steps[0].labels.size(), 2U);
}

}  // namespace
}  // namespace promtally::metering
