// SPDX-License-Identifier: Apache-2.0
#include "exposition/usage_page.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promtally::exposition {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kMidnight = 1748736000;  // 2025-06-01T00:00:00Z

base::Decimal Dec(std::string_view text) { return base::Decimal::Parse(text).value(); }

UsageSeries Series(base::LabelSet labels, std::string_view positive,
                   std::optional<std::string_view> newest, std::int64_t created = kMidnight) {
  UsageSeries series;
  series.labels = base::MakeLabelSet(std::move(labels));
  series.positive = Dec(positive);
  series.created = base::FromUnixSeconds(created);
  if (newest) {
    series.newest = Dec(*newest);
  }
  return series;
}

UsageFamily Usage(const std::string& name = "requests", const std::string& job = "default") {
  UsageFamily usage;
  usage.definition.job = job;
  usage.definition.name = name;
  usage.definition.metric = "http_requests_total";
  usage.definition.unit = "GiB";
  usage.definition.scope_key = "project_id";
  usage.definition.groupby = {"code", "project_id"};
  usage.newest_answered =
      metering::Period{base::FromUnixSeconds(kMidnight), base::FromUnixSeconds(kMidnight + 3600)};
  return usage;
}

std::string TextOf(const UsagePage& page) {
  std::string text;
  for (const PagePiece& piece : page.Snapshot()) {
    text += *piece;
  }
  return text;
}

std::string TextOf(const UsageFamily& usage) {
  UsagePage page("promtally_usage_");
  EXPECT_TRUE(page.Update(usage));
  return TextOf(page);
}

std::size_t Count(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(UsagePage, WritesTheFamiliesOfASpec) {
  auto usage = Usage();
  usage.series = {Series({{"code", "200"}, {"project_id", "p2"}}, "36", "1.25", kMidnight - 7200),
                  Series({{"code", "200"}, {"project_id", "p1"}}, "0.1", std::nullopt)};
  EXPECT_EQ(
      TextOf(usage),
      R"(# HELP promtally_period_end_timestamp_seconds End of the newest answered period of a spec.
# TYPE promtally_period_end_timestamp_seconds gauge
promtally_period_end_timestamp_seconds{name="requests",promtally_job="default"} 1748739600
# HELP promtally_spec_info What an exported name means: metric, unit, period and scope key of a spec.
# TYPE promtally_spec_info gauge
promtally_spec_info{metric="http_requests_total",name="requests",period="1h",promtally_job="default",scope_key="project_id",unit="GiB"} 1
# HELP promtally_usage_requests Quantity of requests in GiB in the newest answered period of 1h.
# TYPE promtally_usage_requests gauge
promtally_usage_requests{code="200",project_id="p2",promtally_job="default"} 1.25
# HELP promtally_usage_requests_created Begin of the first period (1h) of each series of requests, Unix seconds.
# TYPE promtally_usage_requests_created gauge
promtally_usage_requests_created{code="200",project_id="p1",promtally_job="default"} 1748736000
promtally_usage_requests_created{code="200",project_id="p2",promtally_job="default"} 1748728800
# HELP promtally_usage_requests_total Sum of the positive quantities of requests in GiB over all committed periods of 1h.
# TYPE promtally_usage_requests_total counter
promtally_usage_requests_total{code="200",project_id="p1",promtally_job="default"} 0.1
promtally_usage_requests_total{code="200",project_id="p2",promtally_job="default"} 36
)");
}

TEST(UsagePage, KeepsHostileLabelValuesAndHelpInsideTheirLines) {
  auto usage = Usage();
  usage.definition.options.help = "path C:\\x\nup 1";
  usage.definition.unit = "a\"b\\\n";
  usage.series = {Series({{"code", "\"} 1\nup{x=\""}, {"project_id", "\\"}}, "1", "1")};
  const std::string text = TextOf(usage);
  EXPECT_THAT(text, HasSubstr("# HELP promtally_usage_requests path C:\\\\x\\nup 1\n"));
  EXPECT_THAT(text, HasSubstr("promtally_usage_requests{code=\"\\\"} 1\\nup{x=\\\"\","
                              "project_id=\"\\\\\",promtally_job=\"default\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("unit=\"a\\\"b\\\\\\n\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nup")));
}

TEST(UsagePage, AddsUpExactlyWhatDiffersInMetadataOnly) {
  auto usage = Usage();
  for (int i = 0; i < 10; ++i) {
    usage.series.push_back(
        Series({{"code", "200"}, {"project_id", "p1"}, {"flavor", std::to_string(i)}}, "0.1",
               i < 3 ? std::optional<std::string_view>("0.1") : std::nullopt, kMidnight + i));
  }
  const std::string text = TextOf(usage);
  // As doubles, ten times 0.1 is 0.9999999999999999 and three times 0.30000000000000004.
  EXPECT_THAT(text, HasSubstr("requests_total{code=\"200\",project_id=\"p1\","
                              "promtally_job=\"default\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("usage_requests{code=\"200\",project_id=\"p1\","
                              "promtally_job=\"default\"} 0.3\n"));
  EXPECT_THAT(text, HasSubstr("promtally_job=\"default\"} 1748736000\n"));
  EXPECT_THAT(text, Not(HasSubstr("flavor")));
  EXPECT_EQ(Count(text, "\npromtally_usage_requests_total{"), 1U);
}

TEST(UsagePage, WritesAMissingLabelAsAnEmptyOne) {
  auto usage = Usage();
  usage.series = {Series({{"project_id", "p1"}}, "1", "1")};
  EXPECT_THAT(TextOf(usage), HasSubstr("_total{code=\"\",project_id=\"p1\","));
}

TEST(UsagePage, WritesTheNegativeCounterAsAnAbsoluteSum) {
  auto usage = Usage();
  usage.definition.can_be_negative = true;
  usage.definition.options.type = metering::ExportType::kBoth;
  usage.series = {Series({{"code", "1"}, {"project_id", "p"}}, "2", "-3.5")};
  usage.series[0].negative = Dec("-3.5");
  const std::string text = TextOf(usage);
  const std::string labels = "{code=\"1\",project_id=\"p\",promtally_job=\"default\"} ";
  EXPECT_THAT(text, HasSubstr("promtally_usage_requests" + labels + "-3.5\n"));
  EXPECT_THAT(text, HasSubstr("promtally_usage_requests_total" + labels + "2\n"));
  EXPECT_THAT(text, HasSubstr("promtally_usage_requests_negative_total" + labels + "3.5\n"));
}

TEST(UsagePage, WritesSpecInfoAloneWhenTheTypeIsNone) {
  auto usage = Usage();
  usage.definition.options.type = metering::ExportType::kNone;
  usage.series = {Series({{"project_id", "p"}}, "2", "1")};
  const std::string text = TextOf(usage);
  EXPECT_EQ(Count(text, "# TYPE"), 1U);
  EXPECT_THAT(text, HasSubstr("promtally_spec_info{"));
}

TEST(UsagePage, LeavesOutTheFamiliesOfASpecWithTooManySeries) {
  auto usage = Usage();
  usage.too_many = true;
  const std::string text = TextOf(usage);
  EXPECT_THAT(text, HasSubstr("promtally_spec_info{"));
  EXPECT_THAT(text, HasSubstr("promtally_period_end_timestamp_seconds{"));
  EXPECT_THAT(text, Not(HasSubstr("promtally_usage_")));
}

TEST(UsagePage, SaysNothingOfPeriodsBeforeOneIsAnswered) {
  auto usage = Usage();
  usage.newest_answered.reset();
  usage.definition.scope_key.reset();
  const std::string text = TextOf(usage);
  EXPECT_EQ(Count(text, "\n"), 3U);
  EXPECT_THAT(text, HasSubstr("scope_key=\"\",unit=\"GiB\"} 1\n"));
}

TEST(UsagePage, SharesAFamilyBetweenJobsWithOneHeader) {
  UsagePage page("p_");
  for (const char* job : {"b", "a"}) {
    auto usage = Usage("requests", job);
    usage.definition.period = base::Seconds(job[0] == 'a' ? 3600 : 86400);
    usage.series = {Series({{"code", "1"}, {"project_id", "p"}}, "2", "1")};
    ASSERT_TRUE(page.Update(usage));
  }
  const std::string text = TextOf(page);
  EXPECT_EQ(Count(text, "# TYPE p_requests gauge\n"), 1U);
  EXPECT_EQ(Count(text, "# HELP p_requests "), 1U);
  EXPECT_THAT(text, HasSubstr("period of 1h. Quantity of requests in GiB in the newest answered "
                              "period of 1d.\n"));
  EXPECT_THAT(text, HasSubstr("p_requests{code=\"1\",project_id=\"p\",promtally_job=\"a\"} 1\n"
                              "p_requests{code=\"1\",project_id=\"p\",promtally_job=\"b\"} 1\n"));
}

TEST(UsagePage, RefusesASpecWhoseFamilyIsAnothers) {
  UsagePage page("p_");
  auto first = Usage("x");
  first.series = {Series({{"project_id", "p"}}, "7", "1")};
  ASSERT_TRUE(page.Update(first));
  const std::string before = TextOf(page);
  const auto refused = page.Update(Usage("x_total"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("\"p_x_total\""));
  EXPECT_EQ(TextOf(page), before);
  ASSERT_TRUE(page.Update(first));
}

TEST(UsagePage, RefusesFamiliesOfPromtallysOwn) {
  UsagePage page("promtally_");
  EXPECT_FALSE(page.Update(Usage("periods")));
  EXPECT_FALSE(page.Update(Usage("spec_info")));
  EXPECT_EQ(TextOf(page), "");
}

TEST(UsagePage, ReplacesWhatItSaidOfASpecAndForgetsIt) {
  UsagePage page("p_");
  auto usage = Usage();
  usage.series = {Series({{"project_id", "gone"}}, "1", "1")};
  ASSERT_TRUE(page.Update(usage));
  usage.series = {Series({{"project_id", "here"}}, "2", std::nullopt)};
  ASSERT_TRUE(page.Update(usage));
  EXPECT_THAT(TextOf(page), Not(HasSubstr("gone")));
  EXPECT_THAT(TextOf(page), Not(HasSubstr("# TYPE p_requests gauge")));
  EXPECT_THAT(TextOf(page), HasSubstr("here"));
  page.Remove("default", "requests");
  EXPECT_EQ(TextOf(page), "");
}

TEST(UsagePage, ASnapshotStaysAsItWas) {
  UsagePage page("p_");
  auto usage = Usage();
  usage.series = {Series({{"project_id", "p"}}, "1", "1")};
  ASSERT_TRUE(page.Update(usage));
  const PagePieces snapshot = page.Snapshot();
  page.Remove("default", "requests");
  EXPECT_FALSE(snapshot.empty());
  EXPECT_THAT(*snapshot.front(), HasSubstr("# HELP"));
}

TEST(UsagePage, IsWholeForReadersWhileItIsUpdated) {
  UsagePage page("p_");
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      auto usage = Usage();
      const std::string value = std::to_string(i);
      usage.series = {Series({{"project_id", "p"}}, value, value)};
      EXPECT_TRUE(page.Update(usage));
    }
  });
  for (int i = 0; i < 300; ++i) {
    const std::string text = TextOf(page);
    if (!text.empty()) {
      EXPECT_EQ(Count(text, "# TYPE"), 5U);
      EXPECT_EQ(Count(text, "project_id=\"p\""), 3U);
    }
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace promtally::exposition
