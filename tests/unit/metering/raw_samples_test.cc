// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/raw_samples.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace promtally::metering {
namespace {

std::string DecimalText(std::string_view value) {
  RawSamples samples;
  samples.BeginSeries();
  if (!samples.Add(0, value)) {
    return "no number";
  }
  return samples.DecimalOf(samples.samples(0)[0]).ToText();
}

TEST(RawSamples, KeepTheDecimalOfTheText) {
  EXPECT_EQ(DecimalText("0.1"), "0.1");
  EXPECT_EQ(DecimalText("-0"), "0");
  EXPECT_EQ(DecimalText("0.000"), "0");
  EXPECT_EQ(DecimalText("1.5e-07"), "0.00000015");
  EXPECT_EQ(DecimalText("123456.789012345678"), "123456.789012345678");
  EXPECT_EQ(DecimalText("0.1000000000000000055511151231257827"),
            "0.1000000000000000055511151231257827");
  EXPECT_EQ(DecimalText("100200300"), "100200300");
  EXPECT_EQ(DecimalText("9007199254740991"), "9007199254740991");
  EXPECT_EQ(DecimalText("5e-324").size(), 326U);
}

TEST(RawSamples, TakeTheExactIntegerOfALargeDouble) {
  EXPECT_EQ(DecimalText("1152921504606847200"), "1152921504606847232");  // 2^60 + 256
  EXPECT_EQ(DecimalText("123456789012345680000"), "123456789012345683968");
  EXPECT_EQ(DecimalText("-1e+21"), "-1000000000000000000000");
  EXPECT_EQ(DecimalText("18446744073709552000"), "18446744073709551616");
  EXPECT_EQ(DecimalText("1.7976931348623157e+308").size(), 309U);
}

TEST(RawSamples, TellWhatIsNoObservationAndWhatIsNoNumber) {
  RawSamples samples;
  samples.BeginSeries();
  ASSERT_TRUE(samples.Add(1, "NaN"));
  ASSERT_TRUE(samples.Add(2, "+Inf"));
  ASSERT_TRUE(samples.Add(3, "-Inf"));
  for (const RawSample& sample : samples.samples(0)) {
    EXPECT_FALSE(sample.IsFinite());
  }
  EXPECT_TRUE(std::isnan(samples.DoubleOf(samples.samples(0)[0])));
  EXPECT_EQ(samples.DoubleOf(samples.samples(0)[2]), -INFINITY);
  for (const char* text : {"", "-", ".", "1e", "1x", "1.2.3", "0x10", "1e99999", "1e400", " 1"}) {
    EXPECT_FALSE(samples.Add(4, text)) << text;
  }
  EXPECT_EQ(samples.sample_count(), 3U);
}

TEST(RawSamples, KeepSeriesApart) {
  RawSamples samples;
  samples.BeginSeries();
  samples.BeginSeries();
  ASSERT_TRUE(samples.Add(1748739600001, "7"));
  ASSERT_TRUE(samples.AddExact(1748739600002, "1152921504606847201"));
  samples.BeginSeries();
  EXPECT_TRUE(samples.samples(0).empty());
  ASSERT_EQ(samples.samples(1).size(), 2U);
  EXPECT_TRUE(samples.samples(2).empty());
  EXPECT_EQ(samples.samples(1)[0].time_ms(), 1748739600001);
  EXPECT_EQ(samples.DecimalOf(samples.samples(1)[1]).ToText(), "1152921504606847201");
}

TEST(SampleTimes, AreReadToTheMillisecond) {
  std::int64_t time = 0;
  ASSERT_TRUE(ReadSampleTime("1748739600.001", &time));
  EXPECT_EQ(time, 1748739600001);
  ASSERT_TRUE(ReadSampleTime("1748739600", &time));
  EXPECT_EQ(time, 1748739600000);
  ASSERT_TRUE(ReadSampleTime("1.7487396e9", &time));
  EXPECT_EQ(time, 1748739600000);
  ASSERT_TRUE(ReadSampleTime("0", &time));
  EXPECT_EQ(time, 0);
  EXPECT_FALSE(ReadSampleTime("1e30", &time));
  EXPECT_FALSE(ReadSampleTime("soon", &time));
}

RC_GTEST_PROP(RawSamples, GiveBackEveryDouble, ()) {
  const auto bits = *rc::gen::arbitrary<std::uint64_t>();
  double value = 0;
  static_assert(sizeof value == sizeof bits);
  std::memcpy(&value, &bits, sizeof value);
  RC_PRE(std::isfinite(value));
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  RawSamples samples;
  samples.BeginSeries();
  RC_ASSERT(samples.Add(5, {text, static_cast<std::size_t>(end - text)}));
  RC_ASSERT(samples.DoubleOf(samples.samples(0)[0]) == value);
}

/// A text with a plus is never read the short way.
RC_GTEST_PROP(RawSamples, ReadShortDecimalsAsTheLongWayDoes, ()) {
  const auto digits = *rc::gen::container<std::string>(rc::gen::element('0', '0', '1', '7', '9'));
  const auto point = *rc::gen::inRange<std::size_t>(0, digits.size() + 2);
  std::string text = digits;
  if (point <= digits.size()) {
    text.insert(point, ".");
  }
  RawSamples samples;
  samples.BeginSeries();
  const bool is_short = samples.Add(1, text);
  RC_ASSERT(samples.Add(1, "+" + text) == is_short);
  if (is_short) {
    const RawSample& one = samples.samples(0)[0];
    const RawSample& other = samples.samples(0)[1];
    RC_ASSERT(one.kind() == other.kind());
    RC_ASSERT(one.kind() == RawSample::Kind::kText || one.digits() == other.digits());
    RC_ASSERT(one.exponent() == other.exponent());
  }
}

}  // namespace
}  // namespace promtally::metering
