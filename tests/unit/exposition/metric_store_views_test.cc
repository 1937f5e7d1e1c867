// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/exposition/metric_store_fixture.h"

namespace promtally::exposition {
namespace {

using base::ErrorCode;
using testing::HasSubstr;
using testing::Not;

TEST_F(MetricStoreTest, ListsMetricsAndSeriesPageByPage) {
  for (int i = 0; i < 25; ++i) {
    Make(Define("m" + std::to_string(100 + i), i % 2 == 0 ? MetricType::kGauge : MetricType::kInfo,
                {"a"}));
  }
  Make(Define("other", MetricType::kGauge));
  std::vector<std::string> names;
  std::string after;
  for (bool more = true; more;) {
    const MetricPage page = store_.List("m1", MetricType::kGauge, after, 4);
    for (const MetricView& view : page.metrics) {
      names.push_back(view.definition.name);
    }
    more = page.next.has_value();
    after = page.next.value_or("");
  }
  EXPECT_EQ(names.size(), 13U);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(store_.List("", std::nullopt, "", 100).metrics.size(), 26U);

  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Apply("m100", Change(i, {{"a", std::to_string(i)}})));
  }
  ASSERT_TRUE(store_.RemoveSeries("m100", {{"a", "4"}}));
  std::vector<double> values;
  after.clear();
  for (bool more = true; more;) {
    const auto page = store_.Series("m100", after, 3, kNow);
    ASSERT_TRUE(page);
    for (const SeriesView& view : page->series) {
      EXPECT_EQ(view.labels.at(0).second, NumberText(view.value));
      values.push_back(view.value);
    }
    more = page->next.has_value();
    after = page->next.value_or("");
  }
  EXPECT_EQ(values, (std::vector<double>{0, 1, 2, 3, 5, 6, 7, 8, 9}));
  EXPECT_EQ(store_.Series("m100", "x", 3, kNow).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_.Series("none", "", 3, kNow).error().code, ErrorCode::kNotFound);
}

TEST_F(MetricStoreTest, ShowsSeriesOfEveryTypeToTheApi) {
  auto histogram = Define("h", MetricType::kHistogram);
  histogram.buckets = {1, 2};
  Make(histogram);
  auto summary = Define("s", MetricType::kSummary, {"é"});
  summary.quantiles = {{0.5, 0.05}};
  Make(summary);
  Make(Define("i", MetricType::kInfo));
  for (const double value : {0.5, 1.0, 1.5, 7.0}) {
    ASSERT_TRUE(Apply("h", Change(value)));
    ASSERT_TRUE(Apply("s", Change(value, {{"é", "\""}})));
  }
  SampleChange info;
  info.info = {{"version", "1"}, {"ü", "\\"}};
  ASSERT_TRUE(Apply("i", info));
  const SeriesView h = store_.Series("h", "", 1, kNow)->series.at(0);
  EXPECT_EQ(h.count, 4U);
  EXPECT_EQ(h.value, 10);
  EXPECT_EQ(h.buckets,
            (std::vector<std::pair<double, std::uint64_t>>{{1, 2}, {2, 3}, {kInfinity, 4}}));
  EXPECT_EQ(h.created, kNow);
  const SeriesView s = store_.Series("s", "", 1, kNow)->series.at(0);
  EXPECT_EQ(s.labels, (base::LabelSet{{"é", "\""}}));
  EXPECT_EQ(s.count, 4U);
  EXPECT_EQ(s.quantiles.at(0).second, 1);
  EXPECT_EQ(store_.Series("i", "", 1, kNow)->series.at(0).info, info.info);
}

TEST_F(MetricStoreTest, FiltersByNamesOfFamiliesAndSamples) {
  Make(Define("c", MetricType::kCounter));
  Make(Define("g.x", MetricType::kGauge));
  for (const char* name : {"c", "c_total", "c_created"}) {
    EXPECT_THAT(Page({}, NameFilter({name})), HasSubstr("c_total 0\n")) << name;
  }
  EXPECT_EQ(Page({}, NameFilter({"c_count"})), "");
  EXPECT_EQ(Page({}, NameFilter({"g.x"})), Page({}, NameFilter({"none", "g_x"})));
  EXPECT_EQ(Page({}, NameFilter({"g_x"})), "# HELP g_x \n# TYPE g_x gauge\ng_x 0\n");
  const PageStyle dots{Format::kText, Escaping::kDots};
  EXPECT_EQ(Page(dots, NameFilter({"g_dot_x"})),
            "# HELP g_dot_x \n# TYPE g_dot_x gauge\ng_dot_x 0\n");
  const PageStyle values{Format::kText, Escaping::kValues};
  EXPECT_EQ(Page(values, NameFilter({"U__g_2e_x"})),
            "# HELP U__g_2e_x \n# TYPE U__g_2e_x gauge\nU__g_2e_x 0\n");
}

TEST_F(MetricStoreTest, LeavesOutWhatUsageHasTaken) {
  Make(Define("c", MetricType::kCounter));
  Make(Define("g", MetricType::kGauge));
  EXPECT_THAT(Page({}, {}, {"c_created"}), Not(HasSubstr("c_total")));
  EXPECT_THAT(Page({}, {}, {"g_total"}), Not(HasSubstr("g 0")));
  EXPECT_THAT(Page({}, {}, {"c", "g"}), "");
  EXPECT_THAT(Page({}, {}, {"other"}), HasSubstr("c_total"));
}

TEST_F(MetricStoreTest, ShowsASeriesOnceThoughItIsMadeAgainWhileThePageIsWritten) {
  Make(Define("a", MetricType::kGauge));
  Make(Define("g", MetricType::kGauge, {"n"}));
  const std::string filler(200, 'x');
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(Apply("g", Change(i, {{"n", std::to_string(i) + filler}})));
  }
  const auto reader = store_.Read({}, {}, kNow);
  std::string page;
  ASSERT_TRUE(reader->Next(page));
  ASSERT_LT(page.size(), 2 * kPieceBytes);
  for (const int gone : {0, 900}) {
    ASSERT_TRUE(store_.RemoveSeries("g", {{"n", std::to_string(gone) + filler}}));
  }
  ASSERT_TRUE(store_.Remove("a"));
  Make(Define("z", MetricType::kGauge));
  ASSERT_TRUE(Apply("g", Change(-1, {{"n", "0" + filler}})));  // gets a row that is to be read yet
  while (reader->Next(page)) {
  }
  const auto count = [&](const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = page.find(part); at != std::string::npos; at = page.find(part, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count("{n=\"0x"), 1U);
  EXPECT_EQ(count("{n=\"900x"), 0U);
  EXPECT_EQ(count("{n=\""), 999U);
  EXPECT_EQ(count("# TYPE z"), 0U);
  EXPECT_EQ(count("{n=\"999x"), 1U);
}

TEST_F(MetricStoreTest, SurvivesTheRemovalOfTheMetricThatIsBeingRead) {
  Make(Define("g", MetricType::kCounter, {"n"}));
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(Apply("g", Change(i, {{"n", std::to_string(i)}})));
  }
  const auto reader = store_.Read({}, {}, kNow);
  std::string page;
  ASSERT_TRUE(reader->Next(page));
  ASSERT_TRUE(store_.Remove("g"));
  Make(Define("g", MetricType::kCounter, {"n"}));
  ASSERT_TRUE(Apply("g", Change(1, {{"n", "1"}})));
  const std::string before = page;
  while (reader->Next(page)) {
  }
  EXPECT_EQ(page, before);
}

}  // namespace
}  // namespace promtally::exposition
