// SPDX-License-Identifier: Apache-2.0
#include "collector/range_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promtally::collector {
namespace {

using source::RangeSeries;
using testing::HasSubstr;

constexpr base::Seconds kStep{300};
const base::Instant kEnd{kStep * 100};

metering::ModelInput Input() {
  metering::ModelInput input;
  input.query = "q";
  input.labels = {"tier"};
  input.step = kStep;
  return input;
}

RangeWindowRequest Request(const metering::ModelInput& input) {
  return {"s", &input, 3, "project", nullptr, kEnd};
}

RangeSeries Series(base::LabelSet labels,
                   std::vector<std::pair<base::Milliseconds, double>> samples) {
  RangeSeries series;
  series.labels = std::move(labels);
  for (const auto& [before, value] : samples) {
    series.samples.emplace_back(kEnd - before, value);
  }
  return series;
}

std::string Text(const ledger::UsageWindow& window) {
  std::string text;
  for (const auto& value : window.values) {
    text += (text.empty() ? "" : " ") + (value ? value->ToText() : std::string("-"));
  }
  return text;
}

TEST(RangeWindows, AreOnTheGridAndMissingSamplesAreGaps) {
  const auto input = Input();
  const auto windows =
      WindowsOfAnswer(Request(input), {Series({{"__name__", "x"}, {"other", "1"}, {"project", "p"}},
                                              {{kStep * 2, 0.1}, {base::Seconds(0), 7}})});
  ASSERT_TRUE(windows) << windows.error().message;
  ASSERT_EQ(windows->size(), 1U);
  EXPECT_EQ(windows->front().labels, (base::LabelSet{{"project", "p"}}));
  EXPECT_EQ(windows->front().scope, "p");
  EXPECT_EQ(Text(windows->front()), "0.1 - 7");
}

TEST(RangeWindows, TakeASampleOfAMovedGridAtTheNearestStepAndNoneFromOutside) {
  const auto input = Input();
  const auto windows = WindowsOfAnswer(
      Request(input),
      {Series({{"project", "p"}},
              {{kStep * 3, 1}, {kStep + base::Seconds(20), 2}, {base::Seconds(-151), 3}})});
  ASSERT_TRUE(windows) << windows.error().message;
  EXPECT_EQ(Text(windows->front()), "- 2 -");
}

TEST(RangeWindows, RefuseSeriesThatWouldBecomeOne) {
  const auto input = Input();
  const auto windows = WindowsOfAnswer(
      Request(input),
      {Series({{"project", "p"}, {"a", "1"}}, {}), Series({{"project", "p"}, {"a", "2"}}, {})});
  ASSERT_FALSE(windows);
  EXPECT_THAT(windows.error().message, HasSubstr("two series with the labels {project=\"p\"}"));
}

TEST(RangeWindows, LeaveOutScopesThatAreNotMetered) {
  const auto input = Input();
  auto request = Request(input);
  request.filter =
      std::make_shared<const metering::ScopeFilter>(*metering::ScopeFilter::Make({}, {"q"}));
  const auto windows =
      WindowsOfAnswer(request, {Series({{"project", "p"}}, {}), Series({{"project", "q"}}, {})});
  ASSERT_TRUE(windows) << windows.error().message;
  ASSERT_EQ(windows->size(), 1U);
  EXPECT_EQ(windows->front().scope, "p");
}

TEST(RangeWindows, NoSeriesIsAnError) {
  const auto input = Input();
  const auto windows = WindowsOfAnswer(Request(input), {});
  ASSERT_FALSE(windows);
  EXPECT_EQ(windows.error().code, base::ErrorCode::kNotFound);
}

TEST(RangeWindows, AnUnknownSourceAndAStoppedOneAreErrors) {
  const auto input = Input();
  RangeWindows ranges({});
  auto answer = ranges.Ask(Request(input));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("no source is named \"s\""));
  ranges.Stop();
  answer = ranges.Ask(Request(input));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, base::ErrorCode::kCancelled);
}

}  // namespace
}  // namespace promtally::collector
