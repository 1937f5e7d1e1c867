// SPDX-License-Identifier: Apache-2.0
#include "exposition/self_metrics.h"

#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exposition/usage_page.h"
#include "unit/exposition/page_readers.h"

namespace promtally::exposition {
namespace {

using std::chrono::microseconds;
using testing::HasSubstr;
using testing::Not;

BuildInfo Build() { return {"0.1.0", "abc", "main", "GCC 12", "Debug", "sqlite", ""}; }

void FillAll(SelfMetrics& metrics) {
  metrics.RegisterSource("prometheus");
  metrics.RegisterSpec("default", "requests");
  metrics.RegisterRoute("/metrics");
  metrics.ObserveQuery("prometheus", {microseconds(1500), 1000, 2, "success"});
  metrics.ObserveCommit("default", "requests", {microseconds(9000), 5, 1, 2, 3});
  metrics.ObserveRequest({"GET", "/metrics", 200, microseconds(100), 4096});
}

TEST(SelfMetrics, WritesBuildInfo) {
  const SelfMetrics metrics(Build());
  EXPECT_THAT(metrics.Text(),
              HasSubstr("# TYPE promtally_build_info gauge\n"
                        "promtally_build_info{branch=\"main\",build_type=\"Debug\",compiler=\"GCC "
                        "12\",features=\"sqlite\",revision=\"abc\",version=\"0.1.0\"} 1\n"));
}

TEST(SelfMetrics, StartsSeriesThatAreKnownAtZero) {
  SelfMetrics metrics(Build());
  metrics.RegisterSource("prometheus");
  metrics.RegisterSpec("default", "requests");
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("promtally_source_queries_total{outcome=\"timeout\",source="
                              "\"prometheus\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("promtally_source_query_duration_seconds_bucket{source=\"prometheus\""
                              ",le=\"+Inf\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("promtally_source_up{source=\"prometheus\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("promtally_rejected_series_total{name=\"requests\",promtally_job="
                              "\"default\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("promtally_periods{name=\"requests\",promtally_job=\"default\","
                              "state=\"failed\"} 0\n"));
  for (const char* code : {"200", "500", "503"}) {
    EXPECT_THAT(text, HasSubstr("promhttp_metric_handler_requests_total{code=\"" +
                                std::string(code) + "\"} 0\n"));
  }
}

TEST(SelfMetrics, CountsQueries) {
  SelfMetrics metrics(Build());
  metrics.ObserveQuery("a", {microseconds(1500), 1000, 2, "success"});
  metrics.ObserveQuery("a", {microseconds(500000), 24, 0, "http_status"});
  metrics.SetClockSkew("a", base::Milliseconds(-2500));
  metrics.SetSourceUp("a", true);
  const std::string text = metrics.Text();
  EXPECT_THAT(text,
              HasSubstr("promtally_source_queries_total{outcome=\"success\",source=\"a\"} 1\n"));
  EXPECT_THAT(
      text, HasSubstr("promtally_source_queries_total{outcome=\"http_status\",source=\"a\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("promtally_source_response_bytes_total{source=\"a\"} 1024\n"));
  EXPECT_THAT(text, HasSubstr("promtally_source_retries_total{source=\"a\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("_duration_seconds_bucket{source=\"a\",le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_duration_seconds_bucket{source=\"a\",le=\"0.5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("_duration_seconds_sum{source=\"a\"} 0.5015\n"));
  EXPECT_THAT(text, HasSubstr("promtally_clock_skew_seconds{source=\"a\"} -2.5\n"));
  EXPECT_THAT(text, HasSubstr("promtally_source_up{source=\"a\"} 1\n"));
}

TEST(SelfMetrics, CountsCommitsAndPeriods) {
  SelfMetrics metrics(Build());
  metrics.ObserveCommit("j", "s", {microseconds(9000), 5, 1, 2, 3, 4});
  metrics.SetWatch("j", "s", {7, 12.5, 2});
  metrics.SetPeriods("j", "s", {24, 3, 2, 1});
  metrics.SetPeriodLag("j", "s", base::Milliseconds(90500));
  metrics.SetLastSuccess("j", "s", base::Instant(base::Milliseconds(1748736000250)));
  metrics.SetExportLeftOut("j", "s", true);
  metrics.SetLedgerSize(4096);
  metrics.CountLedgerFailure();
  const std::string text = metrics.Text();
  const std::string spec = "{name=\"s\",promtally_job=\"j\"} ";
  EXPECT_THAT(text, HasSubstr("promtally_records_total" + spec + "5\n"));
  EXPECT_THAT(text, HasSubstr("promtally_rejected_series_total" + spec + "1\n"));
  EXPECT_THAT(text, HasSubstr("promtally_unattributed_series_total" + spec + "2\n"));
  EXPECT_THAT(text, HasSubstr("promtally_skipped_series_total" + spec + "3\n"));
  EXPECT_THAT(text, HasSubstr("promtally_excluded_series_total" + spec + "4\n"));
  EXPECT_THAT(text, HasSubstr("promtally_period_series" + spec + "7\n"));
  EXPECT_THAT(text, HasSubstr("promtally_period_series_median" + spec + "12.5\n"));
  EXPECT_THAT(text, HasSubstr("promtally_absent_scopes" + spec + "2\n"));
  EXPECT_THAT(text, HasSubstr("promtally_period_lag_seconds" + spec + "90.5\n"));
  EXPECT_THAT(text,
              HasSubstr("promtally_last_success_timestamp_seconds" + spec + "1748736000.25\n"));
  EXPECT_THAT(text, HasSubstr("promtally_export_series_left_out" + spec + "1\n"));
  EXPECT_THAT(text, HasSubstr("state=\"committed\"} 24\n"));
  EXPECT_THAT(text, HasSubstr("promtally_ledger_size_bytes 4096\n"));
  EXPECT_THAT(text, HasSubstr("promtally_ledger_write_failures_total 1\n"));
  EXPECT_THAT(text, HasSubstr("promtally_ledger_commit_duration_seconds_bucket{le=\"0.01\"} 1\n"));
}

TEST(SelfMetrics, CountsRequests) {
  SelfMetrics metrics(Build());
  metrics.RequestStarted("/metrics");
  metrics.RequestStarted("/metrics");
  metrics.RequestFinished("/metrics");
  metrics.ObserveRequest({"GET", "/metrics", 200, microseconds(100), 4096});
  metrics.CountScrape(200);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("promtally_http_requests_in_flight{route=\"/metrics\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("promtally_http_requests_total{code=\"200\",method=\"GET\",route="
                              "\"/metrics\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("promtally_http_response_size_bytes_sum{route=\"/metrics\"} 4096\n"));
  EXPECT_THAT(text, HasSubstr("promhttp_metric_handler_requests_total{code=\"200\"} 1\n"));
}

TEST(SelfMetrics, TakesARemovedSpecOffThePage) {
  SelfMetrics metrics(Build());
  metrics.RegisterSpec("j", "gone");
  metrics.RegisterSpec("j", "here");
  metrics.RemoveSpec("j", "gone");
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("gone")));
  EXPECT_THAT(metrics.Text(), HasSubstr("here"));
}

TEST(SelfMetrics, TakesEveryFamilyForItsOwn) {
  SelfMetrics metrics(Build());
  FillAll(metrics);
  std::istringstream lines(metrics.Text());
  std::string line;
  int samples = 0;
  while (std::getline(lines, line)) {
    if (!line.starts_with('#')) {
      ++samples;
      EXPECT_TRUE(IsOwnFamily(line.substr(0, line.find_first_of("{ ")))) << line;
    }
  }
  EXPECT_GT(samples, 50);
  EXPECT_FALSE(IsOwnFamily("promtally_usage_requests"));
}

TEST(SelfMetrics, MayBeCalledFromManyThreads) {
  SelfMetrics metrics(Build());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) {
        metrics.ObserveQuery("a", {microseconds(1), 1, 0, "success"});
        metrics.RegisterSpec("j", "s");
        metrics.SetPeriodLag("j", "s", base::Milliseconds(n));
        metrics.RemoveSpec("j", "s");
      }
    });
  }
  for (int n = 0; n < 20; ++n) {
    EXPECT_THAT(metrics.Text(), HasSubstr("promtally_build_info"));
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_THAT(metrics.Text(),
              HasSubstr("promtally_source_response_bytes_total{source=\"a\"} 800\n"));
}

TEST(SelfMetrics, PassesPrometheusLinterTogetherWithUsage) {
  if (!HasPromtool()) {
    GTEST_SKIP() << "promtool is not installed";
  }
  SelfMetrics metrics(Build());
  FillAll(metrics);
  UsagePage usage("promtally_usage_");
  UsageFamily family;
  family.definition.job = "default";
  family.definition.name = "requests";
  family.definition.unit = "GiB";
  family.definition.groupby = {"project_id"};
  UsageSeries series;
  series.labels = {{"project_id", std::string("\"} 1\n\\up{x=\"\0\r\t\u00e9", 17)}};
  series.positive = base::Decimal(3);
  series.newest = base::Decimal(1);
  family.series = {series};
  ASSERT_TRUE(usage.Update(family));
  std::string page;
  for (const PagePiece& piece : usage.Snapshot()) {
    page += *piece;
  }
  page += metrics.Text();
  const auto [status, said] = Promtool(page);
  EXPECT_EQ(status, 0) << said;
  EXPECT_EQ(said, "");
}

TEST(SelfMetrics, TheLinterTestCanFail) {
  if (!HasPromtool()) {
    GTEST_SKIP() << "promtool is not installed";
  }
  EXPECT_EQ(Promtool("# HELP x a \\y\n# TYPE x gauge\nx 1\n").first, 1);
}

}  // namespace
}  // namespace promtally::exposition
