// SPDX-License-Identifier: Apache-2.0
// The same questions to real servers; skipped where they are not installed.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/server_process.h"
#include "support/temp_folder.h"
#include "unit/source/ask.h"

namespace promtally::source {
namespace {

using test::FreePort;
using test::ServerProcess;
using test::TempFolder;

// Half an hour of one sample a minute, 2025-06-01 00:00 to 00:30 UTC.
constexpr std::int64_t kFirst = 1748736000;
constexpr base::Instant kEnd = base::FromUnixSeconds(kFirst + 1800);
const char* const kHostile = R"("}[1s]) or max_over_time(up{job="x)";

void ExpectAnswers(Source& source) {
  const QueryOutcome one = Ask(source, "vector(1)", kEnd);
  ASSERT_FALSE(one.failure.has_value()) << one.failure->detail;
  ASSERT_EQ(one.answer.size(), 1U);
  EXPECT_EQ(one.answer.value(0), "1");
  EXPECT_EQ(one.answer.label_count(0), 0U);
  EXPECT_TRUE(one.server_date.has_value());

  const QueryOutcome sums = Ask(source, "sum by (project_id) (increase(m_total[1799s]))", kEnd);
  ASSERT_FALSE(sums.failure.has_value()) << sums.failure->detail;
  ASSERT_EQ(sums.answer.size(), 2U);
  const bool hostile_first = sums.answer.Label(0, "project_id") == kHostile;
  EXPECT_EQ(sums.answer.Label(hostile_first ? 1 : 0, "project_id"), "p1");
  EXPECT_EQ(sums.answer.Label(hostile_first ? 0 : 1, "project_id"), kHostile);

  const QueryOutcome unknown = Ask(source, "irange(m_total[1h])", kEnd);
  ASSERT_TRUE(unknown.failure.has_value());
  EXPECT_EQ(unknown.failure->disposition, Disposition::kPermanent);
  EXPECT_EQ(unknown.failure->reason, "query_error");

  const QueryOutcome matrix = Ask(source, "m_total[5m]", kEnd);
  ASSERT_TRUE(matrix.failure.has_value());
  EXPECT_EQ(matrix.failure->reason, "wrong_type");

  const QueryOutcome many = Ask(source, "m_total * on (job) m_total", kEnd);
  ASSERT_TRUE(many.failure.has_value());
  EXPECT_EQ(many.failure->disposition, Disposition::kPermanent) << many.failure->detail;
}

void ExpectLabelValues(Source& source) {
  const metering::Period period{base::FromUnixSeconds(kFirst), kEnd};
  const Source::LabelValues values =
      LabelValuesOf(source, "project_id", "m_total{job=\"j\"}", period);
  ASSERT_FALSE(values.failure.has_value()) << values.failure->detail;
  EXPECT_EQ(values.values, (std::vector<std::string>{kHostile, "p1"}));
  const Source::LabelValues none = LabelValuesOf(source, "project_id", "absent", period);
  EXPECT_FALSE(none.failure.has_value());
  EXPECT_TRUE(none.values.empty());
  EXPECT_EQ(HasDataUpTo(source, kEnd), true);
}

/// Sample lines of the text format, times in milliseconds or seconds.
std::string Samples(std::int64_t unit) {
  const std::string hostile = R"(\"}[1s]) or max_over_time(up{job=\"x)";
  std::string lines;
  for (const std::string& project : {std::string("p1"), hostile}) {
    for (int minute = 0; minute <= 30; ++minute) {
      lines += "m_total{job=\"j\",project_id=\"" + project + "\"} " + std::to_string(minute * 5) +
               " " + std::to_string((kFirst + minute * 60) * unit) + "\n";
    }
  }
  return lines;
}

TEST(RealServer, PrometheusAnswersAndIsKnown) {
  if (!std::filesystem::exists("/usr/bin/prometheus") ||
      !std::filesystem::exists("/usr/bin/promtool")) {
    GTEST_SKIP() << "/usr/bin/prometheus is not installed";
  }
  const TempFolder folder;
  const std::string data = folder.path() / "data";
  std::ofstream(folder.path() / "in.om") << "# TYPE m counter\n" << Samples(1) << "# EOF\n";
  std::ofstream(folder.path() / "prometheus.yml") << "scrape_configs: []\n";
  const std::string fill = "/usr/bin/promtool tsdb create-blocks-from openmetrics " +
                           (folder.path() / "in.om").string() + " " + data + " >/dev/null 2>&1";
  ASSERT_EQ(std::system(fill.c_str()), 0);
  const int port = FreePort();
  const ServerProcess server(
      {"/usr/bin/prometheus", "--config.file=" + (folder.path() / "prometheus.yml").string(),
       "--storage.tsdb.path=" + data, "--storage.tsdb.retention.time=100y",
       "--web.listen-address=127.0.0.1:" + std::to_string(port)},
      port, "/-/ready");
  ASSERT_TRUE(server.ready());
  const auto source = MakePrometheusSource(SettingsFor(server.url()));
  const ServerIdentity identity = Identify(*source);
  EXPECT_EQ(identity.kind, "prometheus");
  EXPECT_FALSE(identity.version.empty());
  EXPECT_EQ(identity.closed_edges, identity.version.starts_with("2."));
  EXPECT_TRUE(identity.server_date.has_value());
  ExpectAnswers(*source);
  ExpectLabelValues(*source);
  EXPECT_EQ(HasDataUpTo(*source, base::FromUnixSeconds(kFirst - 86400)), false);
}

TEST(RealServer, VictoriaMetricsAnswersAndIsKnown) {
  if (!std::filesystem::exists("/usr/bin/victoria-metrics")) {
    GTEST_SKIP() << "/usr/bin/victoria-metrics is not installed";
  }
  const TempFolder folder;
  const int port = FreePort();
  const ServerProcess server(
      {"/usr/bin/victoria-metrics", "-httpListenAddr=127.0.0.1:" + std::to_string(port),
       "-storageDataPath=" + (folder.path() / "data").string(), "-retentionPeriod=100y"},
      port, "/health");
  ASSERT_TRUE(server.ready());
  ASSERT_EQ(test::RawRequest(port, "POST", "/api/v1/import/prometheus", Samples(1000)), 204);
  ASSERT_EQ(test::RawRequest(port, "GET", "/internal/force_flush", ""), 200);
  const auto source = MakePrometheusSource(SettingsFor(server.url()));
  const ServerIdentity identity = Identify(*source);
  EXPECT_EQ(identity.kind, "victoriametrics");
  EXPECT_EQ(identity.closed_edges, false);
  EXPECT_TRUE(identity.server_date.has_value());
  ExpectAnswers(*source);
  ExpectLabelValues(*source);
}

}  // namespace
}  // namespace promtally::source
