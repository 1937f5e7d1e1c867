// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "promtally/metering/exact_usage.h"
#include "unit/metering/exact_fixture.h"

/// The invariant by which anybody may bill: over any run of periods the raw amounts of a series add
/// up to last - first + resets, to the last digit.
namespace promtally::metering {
namespace {

using base::Decimal;

/// A counter as it was, and the truth about it.
struct History {
  std::vector<std::pair<double, std::string>> samples;
  std::vector<Decimal> values;
};

/// Values in units of 10^-places, with gaps, restarts, repeated samples and wide jumps.
History AnyHistory(int places) {
  History history;
  double time = 3600.0 + static_cast<double>(*rc::gen::inRange(-400, 400));
  std::int64_t value = *rc::gen::inRange(0, 1000);
  const auto count = *rc::gen::inRange<std::size_t>(1, 120);
  for (std::size_t i = 0; i < count; ++i) {
    const int event = *rc::gen::inRange(0, 20);
    value = event == 0   ? *rc::gen::inRange(0, 50)
            : event == 1 ? value
                         : value + *rc::gen::inRange(0, 100'000);
    value += event == 2 ? std::int64_t{1} << 40U : 0;
    const Decimal exact = Decimal::FromScaled(value, -places);
    history.samples.emplace_back(time, exact.ToText());
    history.values.push_back(exact);
    if (event == 3) {  // the same sample again, and a smaller one of the same time
      history.samples.emplace_back(time, exact.ToText());
      history.samples.emplace_back(time, "0");
    }
    if (event == 4) {
      history.samples.emplace_back(time + 0.001, "NaN");
    }
    time += event == 5   ? *rc::gen::inRange(300, 20'000)
            : event == 6 ? *rc::gen::inRange(1, 5)
                         : *rc::gen::inRange(10, 120);
  }
  return history;
}

/// last - first + resets, of the samples from the first one that is looked at on.
Decimal TruthOf(const History& history) {
  Decimal truth;
  for (std::size_t i = 1; i < history.values.size(); ++i) {
    const Decimal& before = history.values[i - 1];
    const Decimal& after = history.values[i];
    truth += after < before ? after : after - before;
  }
  return truth;
}

Decimal SumOf(const ExactUsage& usage) {
  Decimal sum;
  for (const UsageEvidence& evidence : usage.evidence) {
    sum += *Decimal::Parse(evidence.raw);
  }
  return sum;
}

struct Shape {
  std::int64_t seconds = 3600;
  GapPolicy gap = GapPolicy::kAtArrival;
  std::size_t chunks = 1;
};

Shape AnyShape() {
  Shape shape;
  shape.seconds = *rc::gen::element<std::int64_t>(60, 300, 900, 3600, 86400);
  shape.gap = *rc::gen::element(GapPolicy::kAtArrival, GapPolicy::kByTime);
  shape.chunks = *rc::gen::inRange<std::size_t>(1, 4);
  return shape;
}

/// Sum over all periods that touch the history; a few are let out in one go where the run allows.
Decimal Billed(const History& history, const Shape& shape, const MetricSpec& spec) {
  ExactRun run(spec, shape.seconds);
  run.chunks = shape.chunks;
  const auto first = static_cast<std::int64_t>(history.samples.front().first) / shape.seconds - 2;
  const auto last = static_cast<std::int64_t>(history.samples.back().first) / shape.seconds + 1;
  Decimal sum;
  for (std::int64_t number = first; number <= last; ++number) {
    sum += SumOf(run.Period(number, {{{{"i", "a"}}, history.samples}}));
  }
  return sum;
}

RC_GTEST_PROP(ExactConservation, HoldsForAnyCounter, ()) {
  const History history = AnyHistory(*rc::gen::inRange(0, 6));
  const Shape shape = AnyShape();
  MetricSpec spec = ExactSpec();
  spec.exact.gap = shape.gap;
  spec.exact.max_gap = base::Milliseconds(*rc::gen::element(60'000, 300'000, 600'000));
  RC_ASSERT(Billed(history, shape, spec) == TruthOf(history));
}

RC_GTEST_PROP(ExactConservation, HoldsFromZeroToo, ()) {
  const History history = AnyHistory(2);
  const Shape shape = AnyShape();
  MetricSpec spec = ExactSpec();
  spec.exact.gap = shape.gap;
  spec.exact.first_sample = FirstSample::kFromZero;
  RC_ASSERT(Billed(history, shape, spec) == TruthOf(history) + history.values.front());
}

RC_GTEST_PROP(ExactConservation, DoesNotDependOnTheScaleOfTheNumbers, ()) {
  // A sample that fits no scaled integer sends the whole thing the other way through the code.
  History history = AnyHistory(3);
  const Shape shape = AnyShape();
  MetricSpec spec = ExactSpec();
  spec.exact.gap = shape.gap;
  const Decimal scaled = Billed(history, shape, spec);
  const Decimal tiny = Decimal::FromScaled(1, -30);
  for (std::size_t i = 0; i < history.samples.size(); ++i) {
    auto& text = history.samples[i].second;
    if (const auto value = Decimal::Parse(text)) {
      text = (*value + tiny).ToText();
    }
  }
  RC_ASSERT((Billed(history, shape, spec) - scaled).Abs() <=
            tiny * Decimal(static_cast<std::int64_t>(history.samples.size())));
}

RC_GTEST_PROP(ExactConservation, HoldsForReplicasOfOneCounter, ()) {
  // Two replicas scrape one counter; each is away now and then, never both.
  MetricSpec spec = ExactSpec();
  spec.exact.replica_label = "replica";
  std::vector<TestSeries> series{{{{"replica", "a"}}, {}}, {{{"replica", "b"}}, {}}};
  std::int64_t value = 0;
  std::array<int, 2> away{0, 0};
  std::int64_t first = -1;
  std::int64_t last = 0;
  for (int i = 0; i < 400; ++i) {
    value += *rc::gen::inRange(0, 100);
    const auto who = static_cast<std::size_t>(i % 2);
    if (away[who] == 0 && away[1 - who] == 0 && *rc::gen::inRange(0, 30) == 0) {
      away[who] = *rc::gen::inRange(1, 40);
    }
    if (away[who] > 0) {
      --away[who];
      continue;
    }
    series[who].samples.emplace_back(3610 + 30 * i, std::to_string(value));
    first = first < 0 ? value : first;
    last = value;
  }
  RC_PRE(first >= 0);
  ExactRun run(spec);
  Decimal sum;
  for (std::int64_t number = 0; number <= 5; ++number) {
    const ExactUsage usage = run.Period(number, series);
    sum += SumOf(usage);
    for (const UsageEvidence& evidence : usage.evidence) {
      RC_ASSERT(evidence.resets == 0);
    }
  }
  // At the very end the replica that is followed may stand one scrape behind.
  RC_ASSERT(sum <= Decimal(last - first));
  RC_ASSERT(!run.state.empty());
  const Decimal stands = *Decimal::Parse(run.state.begin()->second.value);
  RC_ASSERT(sum == stands - Decimal(first));
}

RC_GTEST_PROP(ExactConservation, HoldsForThePresenceAndTheAreaOfAGauge, ()) {
  const History history = AnyHistory(1);
  const std::int64_t seconds = *rc::gen::element<std::int64_t>(300, 900, 3600);
  for (const char* function : {"integral", "duration_over_time", "count_over_time"}) {
    MetricSpec spec = ExactSpec(function);
    spec.exact.integral = *rc::gen::element(Integral::kStep, Integral::kTrapezoid);
    RC_ASSERT(Billed(history, {seconds, GapPolicy::kAtArrival, 1}, spec) ==
              Billed(history, {86400, GapPolicy::kAtArrival, 2}, spec));
  }
}

}  // namespace
}  // namespace promtally::metering
