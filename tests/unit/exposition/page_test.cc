// SPDX-License-Identifier: Apache-2.0
#include "exposition/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/exposition/page_readers.h"

namespace promtally::exposition {
namespace {

using testing::HasSubstr;
using testing::Not;

const base::Instant kNow = base::FromUnixSeconds(1748736000);
constexpr PageStyle kText{};
constexpr PageStyle kOpen{Format::kOpenMetrics, Escaping::kUnderscores};

UsageFamily Usage(const std::string& name, metering::ExportType type,
                  const std::string& job = "j") {
  UsageFamily usage;
  usage.definition.job = job;
  usage.definition.name = name;
  usage.definition.metric = "m";
  usage.definition.unit = "GiB";
  usage.definition.groupby = {"code"};
  usage.definition.options.type = type;
  usage.newest_answered = metering::Period{kNow - base::Seconds(3600), kNow};
  for (const char* code : {"200", "404"}) {
    UsageSeries series;
    series.labels = {{"code", code}};
    series.positive = base::Decimal::Parse("1.5").value();
    series.created = kNow;
    series.newest = base::Decimal::Parse("0.5").value();
    usage.series.push_back(series);
  }
  return usage;
}

class PageTest : public testing::Test {
 protected:
  PageTest() {
    self_.RegisterSource("prometheus");
    self_.RegisterRoute("/metrics");
    self_.ObserveRequest({"GET", "/metrics", 200, std::chrono::microseconds(100), 4096});
    MetricDefinition definition;
    definition.name = "app_requests";
    definition.type = MetricType::kCounter;
    definition.help = "Requests.";
    EXPECT_TRUE(metrics_.Create(definition, kNow));
  }
  void Add(const UsageFamily& usage) { ASSERT_TRUE(usage_.Update(usage)); }
  std::string Page(const PageStyle& style, const NameFilter& filter = {}) {
    return ReadAll(*ReadPage({&usage_, &metrics_, &self_}, {style, filter, true, {}}, kNow));
  }
  void ExpectReadable() {
    if (HasPromtool()) {
      const auto [status, said] = Promtool(Page(kText));
      EXPECT_EQ(status, 0) << said;
    }
    if (HasPythonClient()) {
      std::vector<FormattedPage> pages;
      for (const Format format : {Format::kText, Format::kOpenMetrics}) {
        for (const Escaping escaping : {Escaping::kUnderscores, Escaping::kDots}) {
          pages.emplace_back(format, Page({format, escaping}));
        }
      }
      for (const std::string& line : FamiliesByPython(pages)) {
        EXPECT_THAT(line, Not(HasSubstr("error")));
      }
    }
  }

  UsagePage usage_{"promtally_usage_"};
  MetricStore metrics_{
      MetricStore::Options{{}, [this](std::string_view name) { return usage_.Has(name); }}};
  SelfMetrics self_{{"0.1.0", "abc", "main", "GCC 12", "Debug", "sqlite", ""}};
};

TEST_F(PageTest, PutsUsageMetricsAndItsOwnInOrder) {
  Add(Usage("requests", metering::ExportType::kBoth));
  for (const PageStyle& style : {kText, kOpen}) {
    const std::string page = Page(style);
    const std::size_t usage = page.find("promtally_usage_requests");
    const std::size_t made = page.find("app_requests_total 0\n");
    const std::size_t self = page.find("promtally_build_info");
    EXPECT_LT(usage, made);
    EXPECT_LT(made, self);
    EXPECT_LT(self, page.size());
    EXPECT_EQ(page.ends_with("# EOF\n"), style == kOpen);
  }
  ExpectReadable();
}

TEST_F(PageTest, WritesAUsageCounterThatStandsAloneAsACounterOfOpenMetrics) {
  Add(Usage("requests", metering::ExportType::kCounter));
  Add(Usage("requests", metering::ExportType::kCounter, "k"));
  const std::string page = Page(kOpen, NameFilter({"promtally_usage_requests"}));
  EXPECT_THAT(page, HasSubstr("# TYPE promtally_usage_requests counter\n"
                              "promtally_usage_requests_total{code=\"200\",promtally_job=\"j\"} "
                              "1.5\n"
                              "promtally_usage_requests_created{code=\"200\",promtally_job=\"j\"} "
                              "1748736000\n"
                              "promtally_usage_requests_total{code=\"404\",promtally_job=\"j\"} "
                              "1.5\n"));
  EXPECT_THAT(page, HasSubstr("_created{code=\"404\",promtally_job=\"k\"} 1748736000\n# EOF\n"));
  EXPECT_THAT(page, Not(HasSubstr("gauge")));
  ExpectReadable();
}

TEST_F(PageTest, WritesAUsageCounterBesideItsGaugeAsUnknown) {
  Add(Usage("requests", metering::ExportType::kBoth));
  const std::string page = Page(kOpen);
  EXPECT_THAT(page, HasSubstr("# TYPE promtally_usage_requests gauge\n"));
  EXPECT_THAT(page, HasSubstr("# TYPE promtally_usage_requests_total unknown\n"));
  EXPECT_THAT(page, HasSubstr("# TYPE promtally_usage_requests_created gauge\n"));
  EXPECT_THAT(Page(kText), HasSubstr("# TYPE promtally_usage_requests_total counter\n"));
  ExpectReadable();
}

TEST_F(PageTest, WritesTheNegativeCounterOfUsage) {
  UsageFamily usage = Usage("requests", metering::ExportType::kBoth);
  usage.definition.can_be_negative = true;
  Add(usage);
  EXPECT_THAT(Page(kOpen), HasSubstr("# TYPE promtally_usage_requests_negative counter\n"
                                     "promtally_usage_requests_negative_total{"));
  ExpectReadable();
}

TEST_F(PageTest, IsTheOldPageInTheTextFormat) {
  Add(Usage("requests", metering::ExportType::kBoth));
  std::string wanted;
  for (const PagePiece& piece : usage_.Snapshot()) {
    wanted += *piece;
  }
  EXPECT_EQ(ReadAll(*usage_.Read(kText, {}).reader), wanted);
}

TEST_F(PageTest, CutsLongUsageAtLineEndsOnly) {
  UsageFamily usage = Usage("requests", metering::ExportType::kCounter);
  const UsageSeries series = usage.series.front();
  usage.series.clear();
  for (int i = 0; i < 3000; ++i) {
    usage.series.push_back(series);
    usage.series.back().labels.front().second = std::to_string(i);
  }
  Add(usage);
  for (const PageStyle& style : {kText, kOpen, PageStyle{Format::kText, Escaping::kDots}}) {
    const auto reader = usage_.Read(style, {}).reader;
    std::size_t lines = 0;
    std::size_t pieces = 0;
    for (std::string piece; reader->Next(piece); piece.clear()) {
      EXPECT_EQ(piece.back(), '\n');
      EXPECT_LT(piece.size(), kPieceBytes + 4096);
      lines += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
      ++pieces;
    }
    EXPECT_GE(lines, 6000U);
    EXPECT_GT(pieces, 3U);
  }
  ExpectReadable();
}

TEST_F(PageTest, FillsPiecesToTheirSizeWhateverTheyAreMadeOf) {
  MetricDefinition definition;
  definition.name = "g";
  definition.type = MetricType::kGauge;
  definition.labels = {"n"};
  ASSERT_TRUE(metrics_.Create(definition, kNow));
  for (int i = 0; i < 4000; ++i) {
    SampleChange change;
    change.labels = {{"n", std::to_string(i) + std::string(40, 'x')}};
    ASSERT_TRUE(metrics_.Apply("g", std::span(&change, 1), kNow));
  }
  Add(Usage("requests", metering::ExportType::kCounter));
  const auto reader = ReadPage({&usage_, &metrics_, &self_}, {kOpen, {}, true, {}}, kNow);
  std::vector<std::size_t> sizes;
  std::string piece;
  for (bool more = true; more;) {
    piece.clear();
    while (piece.size() < kPieceBytes && more) {
      more = reader->Next(piece);
    }
    sizes.push_back(piece.size());
    EXPECT_TRUE(piece.empty() || piece.back() == '\n');
  }
  ASSERT_GT(sizes.size(), 3U);
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    EXPECT_LT(sizes[i], kPieceBytes + 4096) << i;
  }
  EXPECT_TRUE(piece.ends_with("# EOF\n"));
}

TEST_F(PageTest, TakesUsageNamesInDots) {
  Add(Usage("requests", metering::ExportType::kCounter));
  const std::string page = Page({Format::kOpenMetrics, Escaping::kDots});
  EXPECT_THAT(page, HasSubstr("# TYPE promtally__usage__requests counter\n"
                              "promtally__usage__requests_total{code=\"200\",promtally__job=\"j\"} "
                              "1.5\n"
                              "promtally__usage__requests_created{"));
}

TEST_F(PageTest, RefusesAMetricOfANameThatUsageHas) {
  Add(Usage("requests", metering::ExportType::kCounter));
  MetricDefinition definition;
  for (const char* name : {"promtally_usage_requests", "promtally_usage_requests_total",
                           "promtally_usage_requests_created"}) {
    definition.name = name;
    EXPECT_EQ(metrics_.Create(definition, kNow).error().code, base::ErrorCode::kConflict) << name;
  }
}

TEST_F(PageTest, LeavesOutAMetricWhoseNameUsageTookLater) {
  for (const char* name : {"promtally_usage_requests", "promtally_usage_requests_created"}) {
    MetricDefinition definition;
    definition.name = name;
    definition.help = "Made over HTTP.";
    ASSERT_TRUE(metrics_.Create(definition, kNow));
  }
  EXPECT_THAT(Page(kText), HasSubstr("promtally_usage_requests 0\n"));
  Add(Usage("requests", metering::ExportType::kCounter));
  EXPECT_THAT(Page(kText), Not(HasSubstr("Made over HTTP.")));
  ExpectReadable();
}

TEST_F(PageTest, FiltersEveryPart) {
  Add(Usage("requests", metering::ExportType::kBoth));
  EXPECT_EQ(Page(kText, NameFilter({"none"})), "");
  EXPECT_EQ(Page(kOpen, NameFilter({"none"})), "# EOF\n");
  const auto families = [&](const char* name) {
    const std::string page = Page(kText, NameFilter({name}));
    std::size_t count = 0;
    for (std::size_t at = page.find("# TYPE"); at != std::string::npos;
         at = page.find("# TYPE", at + 1)) {
      ++count;
    }
    return count;
  };
  for (const char* name :
       {"promtally_usage_requests_total", "promtally_build_info", "process_cpu_seconds_total",
        "process_cpu_seconds", "promtally_http_requests", "promtally_usage_requests_created",
        "promtally_http_request_duration_seconds",
        "promtally_http_request_duration_seconds_bucket"}) {
    EXPECT_EQ(families(name), 1U) << name;
  }
  EXPECT_EQ(families("app_requests"), 2U);  // and its _created
}

}  // namespace
}  // namespace promtally::exposition
