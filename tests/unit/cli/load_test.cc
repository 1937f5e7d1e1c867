// SPDX-License-Identifier: Apache-2.0
#include "cli/load.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_status.h"
#include "support/temp_folder.h"

namespace promtally::cli {
namespace {

using ::testing::HasSubstr;

constexpr base::Seconds kHour{3600};

metering::MetricSpec Spec(const std::string& metric, const std::string& name) {
  metering::MetricSpec spec;
  spec.metric = metric;
  spec.name = name;
  return spec;
}

const metering::MetricSpecs& Specs() {
  static const metering::MetricSpecs specs = {Spec("http_requests_total", "requests"),
                                              Spec("disk_bytes", "disk_bytes"),
                                              Spec("disk_bytes", "disk_gib"), Spec("up", "cpu")};
  return specs;
}

/// Runs `work`; gives its result and what it wrote to standard error.
template <typename Work>
auto Watch(Work work) {
  testing::internal::CaptureStderr();
  auto result = work();
  return std::pair(std::move(result), testing::internal::GetCapturedStderr());
}

TEST(SelectSpecs, TakesAllWithoutNames) { EXPECT_EQ(SelectSpecs(Specs(), {})->size(), 4U); }

TEST(SelectSpecs, TakesNamesInTheOrderInWhichTheyWereGiven) {
  const auto selected = SelectSpecs(Specs(), {"cpu", "requests"});
  ASSERT_TRUE(selected);
  ASSERT_EQ(selected->size(), 2U);
  EXPECT_EQ(selected->at(0).name, "cpu");
  EXPECT_EQ(selected->at(1).name, "requests");
}

TEST(SelectSpecs, TakesAMetricWithOneSpec) {
  const auto selected = SelectSpecs(Specs(), {"http_requests_total"});
  ASSERT_TRUE(selected);
  EXPECT_EQ(selected->front().name, "requests");
}

TEST(SelectSpecs, PrefersANameToAMetricOfSeveralSpecs) {
  const auto selected = SelectSpecs(Specs(), {"disk_bytes"});
  ASSERT_TRUE(selected);
  ASSERT_EQ(selected->size(), 1U);
  EXPECT_EQ(selected->front().name, "disk_bytes");
}

TEST(SelectSpecs, RefusesAMetricOfSeveralSpecs) {
  const metering::MetricSpecs specs = {Spec("disk", "a"), Spec("disk", "b")};
  const auto [selected, text] = Watch([&] { return SelectSpecs(specs, {"disk"}); });
  ASSERT_FALSE(selected);
  EXPECT_EQ(selected.error(), kWrongUsage);
  EXPECT_EQ(text, "promtally: error: \"disk\" has 2 specs; name one of them by its alt_name\n");
}

TEST(SelectSpecs, SuggestsTheNearestName) {
  const auto [selected, text] = Watch([] { return SelectSpecs(Specs(), {"request"}); });
  ASSERT_FALSE(selected);
  EXPECT_EQ(selected.error(), kWrongUsage);
  EXPECT_EQ(text, "promtally: error: there is no spec \"request\"; did you mean \"requests\"?\n");
}

TEST(ParseAlignedRange, GivesNothingWithoutARange) {
  const auto range = ParseAlignedRange({}, kHour);
  ASSERT_TRUE(range);
  EXPECT_FALSE(*range);
}

TEST(ParseAlignedRange, TakesOnePeriodWhereOnlyTheBeginIsGiven) {
  const auto range = ParseAlignedRange({"2025-06-01T01:00:00Z", ""}, kHour);
  ASSERT_TRUE(range && *range);
  EXPECT_EQ((*range)->begin, base::FromUnixSeconds(1748739600));
  EXPECT_EQ((*range)->end, base::FromUnixSeconds(1748743200));
}

TEST(ParseAlignedRange, ReadsOffsetsAndUnixSeconds) {
  const auto range = ParseAlignedRange({"2025-06-01T03:00:00+02:00", "1748746800"}, kHour);
  ASSERT_TRUE(range && *range);
  EXPECT_EQ((*range)->begin, base::FromUnixSeconds(1748739600));
  EXPECT_EQ((*range)->end, base::FromUnixSeconds(1748746800));
}

TEST(ParseAlignedRange, NamesTheTwoNearestAlignedInstants) {
  const auto [begin, begin_text] = Watch([] {
    return ParseAlignedRange({"2025-06-01T01:20:00Z", ""}, kHour);
  });
  ASSERT_FALSE(begin);
  EXPECT_EQ(begin.error(), kWrongUsage);
  EXPECT_EQ(begin_text,
            "promtally: error: --begin: 2025-06-01T01:20:00Z is not aligned to 1h periods; the "
            "nearest aligned instants are 2025-06-01T01:00:00Z and 2025-06-01T02:00:00Z\n");
  const auto [end, end_text] = Watch([] {
    return ParseAlignedRange({"2025-06-01T01:00:00Z", "2025-06-01T02:00:01Z"}, kHour);
  });
  ASSERT_FALSE(end);
  EXPECT_THAT(end_text, HasSubstr("--end: 2025-06-01T02:00:01Z is not aligned"));
}

TEST(ParseAlignedRange, RefusesWhatIsNoRange) {
  const std::vector<std::pair<RangeOptions, std::string>> rows = {
      {{"", "2025-06-01T01:00:00Z"}, "--end needs --begin"},
      {{"2025-06-01T01:00:00Z", "2025-06-01T01:00:00Z"}, "--end must be after --begin"},
      {{"2025-06-01T02:00:00Z", "2025-06-01T01:00:00Z"}, "--end must be after --begin"},
      {{"yesterday", ""}, "--begin: "},
      {{"2025-06-01T01:00:00Z", "later"}, "--end: "},
  };
  for (const auto& [options, message] : rows) {
    const auto [range, text] = Watch([&row = options] { return ParseAlignedRange(row, kHour); });
    ASSERT_FALSE(range) << message;
    EXPECT_EQ(range.error(), kWrongUsage);
    EXPECT_THAT(text, HasSubstr("promtally: error: " + message));
  }
}

TEST(PrintError, LetsNoControlCharacterThrough) {
  const auto [status, text] = Watch([] { return PrintError("bad \x1b[31m\nname", kIncomplete); });
  EXPECT_EQ(status, kIncomplete);
  EXPECT_EQ(text, "promtally: error: bad \\x1b[31m\\nname\n");
}

TEST(JoinPath, IsSeenFromTheFolderOfTheFile) {
  EXPECT_EQ(JoinPath("/etc/promtally/promtally.yml", "metrics.yml"), "/etc/promtally/metrics.yml");
  EXPECT_EQ(JoinPath("/etc/promtally/promtally.yml", "/var/lib/p.db"), "/var/lib/p.db");
  EXPECT_EQ(JoinPath("promtally.yml", "metrics.yml"), "metrics.yml");
}

TEST(ReadFile, SaysWhatIsWrongWithAPath) {
  const test::TempFolder folder;
  const auto missing = ReadFile((folder.path() / "none.yml").string());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::ErrorCode::kNotFound);
  const auto directory = ReadFile(folder.path().string());
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().message, HasSubstr("is a folder"));
  const std::string large = (folder.path() / "large.yml").string();
  std::ofstream(large) << std::string((4U << 20U) + 1, '#');
  const auto too_large = ReadFile(large);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, base::ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace promtally::cli
