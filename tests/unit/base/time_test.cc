// SPDX-License-Identifier: Apache-2.0
#include "promtally/base/time.h"

#include <gtest/gtest.h>

namespace promtally::base {
namespace {

using std::chrono::hours;

TEST(Instant, ReadsRfc3339InAnyZone) {
  const Instant two = FromUnixSeconds(1748743200);
  EXPECT_EQ(*ParseInstant("2025-06-01T02:00:00Z"), two);
  EXPECT_EQ(*ParseInstant("2025-06-01T04:00:00+02:00"), two);
  EXPECT_EQ(*ParseInstant("2025-05-31T21:30:00.000-04:30"), two);
  EXPECT_EQ(*ParseInstant("2025-06-01T02:00:00.2505Z"), two + Milliseconds(250));
  EXPECT_EQ(*ParseInstant("1748743200"), two);
  EXPECT_EQ(*ParseInstant("1748743200.5"), two + Milliseconds(500));
}

TEST(Instant, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2025-06-01", "2025-06-01T02:00:00", "2025-02-30T00:00:00Z", "2025-06-01T24:00:00Z",
        "2025-06-01T02:60:00Z", "1969-12-31T23:59:59Z", "-5", "1e9", "99999999999999",
        "2025-06-01T02:00:00Zx", "2025-06-01T02:00:00+25:00", "now", "-1h"}) {
    EXPECT_FALSE(ParseInstant(text).has_value()) << text;
  }
}

TEST(Instant, PrintsMillisecondsOnlyWhereThereAreSome) {
  EXPECT_EQ(ToText(FromUnixSeconds(1748743200)), "2025-06-01T02:00:00Z");
  EXPECT_EQ(ToText(FromUnixSeconds(1748743200) + Milliseconds(50)), "2025-06-01T02:00:00.050Z");
  EXPECT_EQ(ToText(Instant{}), "1970-01-01T00:00:00Z");
}

TEST(Instant, ReadsArgumentsRelativeToNow) {
  const Instant now = FromUnixSeconds(1748743200);
  EXPECT_EQ(*ParseTimeArgument("now", now), now);
  EXPECT_EQ(*ParseTimeArgument("-24h", now), now - hours(24));
  EXPECT_EQ(*ParseTimeArgument("+1h30m", now), now + Seconds(5400));
  EXPECT_EQ(*ParseTimeArgument("2025-06-01T02:00:00Z", now), now);
  EXPECT_FALSE(ParseTimeArgument("-", now).has_value());
  EXPECT_FALSE(ParseTimeArgument("yesterday", now).has_value());
}

TEST(Duration, ReadsPrometheusUnitsInOrder) {
  EXPECT_EQ(*ParseDuration("1h"), Milliseconds(3'600'000));
  EXPECT_EQ(*ParseDuration("3600s"), Milliseconds(3'600'000));
  EXPECT_EQ(*ParseDuration("1d12h30m5s250ms"), Milliseconds(131'405'250));
  EXPECT_EQ(*ParseDuration("0"), Milliseconds(0));
  EXPECT_EQ(*ParseDuration("0s"), Milliseconds(0));
  for (const char* text : {"", "h", "1", "1x", "1s1h", "1h1h", "-1h", "1.5h", " 1h",
                           "99999999999999999999s", "9223372036854775807y"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(Duration, PrintsTheShortestExactForm) {
  EXPECT_EQ(ToText(Milliseconds(3'600'000)), "1h");
  EXPECT_EQ(ToText(Milliseconds(90'000)), "1m30s");
  EXPECT_EQ(ToText(Milliseconds(0)), "0s");
  EXPECT_EQ(ToText(Milliseconds(86'400'250)), "1d250ms");
}

TEST(HttpDate, ReadsWhatServersSend) {
  EXPECT_EQ(ToText(*ParseHttpDate("Sun, 22 Nov 2026 10:04:30 GMT")), "2026-11-22T10:04:30Z");
  for (const char* text : {"", "Sun, 22 Nov 2026 10:04:30 CET", "Sun, 22 Nxv 2026 10:04:30 GMT",
                           "Sun, 32 Nov 2026 10:04:30 GMT", "2026-11-22T10:04:30Z"}) {
    EXPECT_FALSE(ParseHttpDate(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace promtally::base
