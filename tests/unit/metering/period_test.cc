// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/period.h"

#include <gtest/gtest.h>

namespace promtally::metering {
namespace {

using base::FromUnixSeconds;
using base::Milliseconds;
using base::Seconds;

base::Instant At(std::string_view text) { return *base::ParseInstant(text); }

TEST(PeriodLength, DividesADay) {
  EXPECT_TRUE(IsPeriodLength(Seconds(3600)));
  EXPECT_TRUE(IsPeriodLength(Seconds(86400)));
  EXPECT_TRUE(IsPeriodLength(Seconds(1)));
  for (const Milliseconds bad : {Milliseconds(0), Milliseconds(-3600'000), Milliseconds(500),
                                 Milliseconds(7000), Milliseconds(172'800'000)}) {
    EXPECT_FALSE(IsPeriodLength(bad)) << bad.count();
  }
}

TEST(Periods, AreAlignedToTheEpoch) {
  EXPECT_EQ(AlignDown(At("2025-06-01T02:59:59.999Z"), Seconds(3600)), At("2025-06-01T02:00:00Z"));
  EXPECT_EQ(AlignUp(At("2025-06-01T02:00:00.001Z"), Seconds(3600)), At("2025-06-01T03:00:00Z"));
  EXPECT_EQ(AlignUp(At("2025-06-01T02:00:00Z"), Seconds(3600)), At("2025-06-01T02:00:00Z"));
  EXPECT_EQ(AlignDown(base::Instant(Milliseconds(-1)), Seconds(3600)), FromUnixSeconds(-3600));
}

TEST(Schedule, CollectsAnHourOneHourAfterItsEnd) {
  const SchedulePolicy policy;  // 1h, 2, 5m
  EXPECT_EQ(DueAt(policy, At("2025-06-01T01:00:00Z")), At("2025-06-01T03:00:00Z"));
  EXPECT_EQ(NewestDue(policy, At("2025-06-01T03:00:00Z")), At("2025-06-01T01:00:00Z"));
  EXPECT_EQ(NewestDue(policy, At("2025-06-01T02:59:59.999Z")), At("2025-06-01T00:00:00Z"));
}

TEST(Schedule, WaitsForSettlingWhereThatIsLonger) {
  const SchedulePolicy policy{Seconds(300), 1, Milliseconds(600'000)};
  EXPECT_EQ(DueAt(policy, At("2025-06-01T01:00:00Z")), At("2025-06-01T01:15:00Z"));
  EXPECT_EQ(NewestDue(policy, At("2025-06-01T01:15:00Z")), At("2025-06-01T01:00:00Z"));
}

TEST(Schedule, EveryDuePeriodIsDueAndTheNextOneIsNot) {
  for (int wait = 1; wait <= 4; ++wait) {
    for (const int settle : {0, 1, 299, 300, 3600, 7201}) {
      const SchedulePolicy policy{Seconds(1800), wait, Seconds(settle)};
      for (int t = 1'000'000; t < 1'004'000; t += 37) {
        const base::Instant now = FromUnixSeconds(t);
        const base::Instant newest = NewestDue(policy, now);
        EXPECT_LE(DueAt(policy, newest), now);
        EXPECT_GT(DueAt(policy, newest + policy.period), now);
      }
    }
  }
}

TEST(FirstPeriod, IsTheStartForTheFirstSpecsAndTheNextPeriodForLaterOnes) {
  const SchedulePolicy policy;
  const base::Instant now = At("2025-06-10T10:30:00Z");
  const base::Instant start = At("2025-06-01T00:00:00Z");
  EXPECT_EQ(FirstPeriod(policy, {start, true, false}, now), start);
  EXPECT_EQ(FirstPeriod(policy, {{}, true, false}, now), At("2025-06-10T09:00:00Z"));
  EXPECT_EQ(FirstPeriod(policy, {start, false, false}, now), At("2025-06-10T11:00:00Z"));
  EXPECT_EQ(FirstPeriod(policy, {start, false, true}, now), start);
}

TEST(RetryDelay, DoublesUpToItsCap) {
  EXPECT_EQ(RetryDelay(1, Seconds(60)), Seconds(1));
  EXPECT_EQ(RetryDelay(3, Seconds(60)), Seconds(4));
  EXPECT_EQ(RetryDelay(100, Seconds(60)), Seconds(60));
  EXPECT_EQ(RetryDelay(1'000'000, Seconds(900)), Seconds(900));
}

}  // namespace
}  // namespace promtally::metering
