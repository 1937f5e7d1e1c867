// SPDX-License-Identifier: Apache-2.0
// A real Prometheus scrapes the server.
#include <cctype>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/web/running_server.h"
#include "web/routes.h"

namespace promtally::web {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

constexpr const char* kPrometheus = "/usr/bin/prometheus";

std::string PercentEncoded(const std::string& text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4U];
      encoded += kDigits[byte & 15U];
    }
  }
  return encoded;
}

/// A Prometheus on a port of its own choice with its data in a temporary folder.
class PrometheusProcess {
 public:
  explicit PrometheusProcess(const std::string& target) {
    std::string folder = testing::TempDir() + "promtally-scrape-XXXXXX";
    folder_ = mkdtemp(folder.data());
    std::ofstream(folder_ + "/prometheus.yml")
        << "scrape_configs:\n- job_name: promtally\n  honor_labels: true\n"
           "  scrape_interval: 500ms\n  scrape_timeout: 500ms\n"
           "  static_configs:\n  - targets: ['"
        << target << "']\n";
    Spawn();
    port_ = ReadPort();
  }

  ~PrometheusProcess() {
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    if (log_ != nullptr) {
      fclose(log_);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  PrometheusProcess(const PrometheusProcess&) = delete;
  PrometheusProcess& operator=(const PrometheusProcess&) = delete;

  [[nodiscard]] bool IsUp() const { return port_ != 0; }

  /// The vector that an instant query gives.
  [[nodiscard]] json Query(const std::string& expression) const {
    RawClient client(port_);
    client.Send("GET /api/v1/query?query=" + PercentEncoded(expression) +
                " HTTP/1.0\r\nHost: localhost\r\n\r\n");
    const json answer = json::parse(BodyOf(client.ReadToEnd()), nullptr, false);
    return answer.is_object() && answer.contains("data") ? answer["data"]["result"] : json::array();
  }

  /// Asks until the query has an answer.
  [[nodiscard]] json Await(const std::string& expression) const {
    const auto end = steady_clock::now() + std::chrono::seconds(30);
    json result = Query(expression);
    while (result.empty() && steady_clock::now() < end) {
      result = Query(expression);
    }
    return result;
  }

 private:
  void Spawn() {
    std::vector<std::string> arguments{kPrometheus, "--config.file=" + folder_ + "/prometheus.yml",
                                       "--storage.tsdb.path=" + folder_ + "/data",
                                       "--web.listen-address=127.0.0.1:0"};
    std::vector<char*> raw;
    for (std::string& argument : arguments) {
      raw.push_back(argument.data());
    }
    raw.push_back(nullptr);
    int ends[2] = {-1, -1};
    ASSERT_EQ(pipe(ends), 0);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], 2);
    posix_spawn_file_actions_addclose(&files, ends[0]);
    EXPECT_EQ(posix_spawn(&process_, kPrometheus, &files, nullptr, raw.data(), environ), 0);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    log_ = fdopen(ends[0], "r");
  }

  // Prometheus logs the port that it got; 0 when it ends without.
  [[nodiscard]] std::uint16_t ReadPort() const {
    constexpr std::string_view kSaid = "msg=\"Listening on\" address=127.0.0.1:";
    char line[4096];
    while (log_ != nullptr && fgets(line, sizeof line, log_) != nullptr) {
      const std::string text(line);
      const std::size_t place = text.find(kSaid);
      if (place != std::string::npos) {
        return static_cast<std::uint16_t>(std::stoi(text.substr(place + kSaid.size())));
      }
    }
    return 0;
  }

  std::string folder_;
  pid_t process_ = -1;
  FILE* log_ = nullptr;
  std::uint16_t port_ = 0;
};

const std::vector<std::string>& Scopes() {
  static const std::vector<std::string> scopes{
      "p1", "p2", "\"} 1\nup{x=\"", "back\\slash", "tab\tand\rreturn", "größe", " "};
  return scopes;
}

base::Decimal PositiveOf(std::size_t index) {
  return base::Decimal::Parse("123456.789").value() + base::Decimal(static_cast<int>(index));
}

base::Decimal NewestOf(std::size_t index) {
  return base::Decimal::Parse("0.1").value() * base::Decimal(static_cast<int>(index) + 1);
}

exposition::UsageFamily Usage(const std::string& job) {
  exposition::UsageFamily usage;
  usage.definition.job = job;
  usage.definition.name = "requests";
  usage.definition.unit = "GiB";
  usage.definition.groupby = {"project_id", "instance"};
  usage.newest_answered = metering::Period{base::FromUnixSeconds(0), base::FromUnixSeconds(3600)};
  for (std::size_t i = 0; i < Scopes().size(); ++i) {
    exposition::UsageSeries series;
    series.labels = {{"instance", "node"}, {"project_id", Scopes()[i]}};
    series.positive = PositiveOf(i);
    series.newest = NewestOf(i);
    series.created = base::FromUnixSeconds(1748736000);
    usage.series.push_back(series);
  }
  return usage;
}

/// Value of each series of job "a" by project; a project that comes twice fails the test.
std::map<std::string, double> ByProject(const json& result) {
  std::map<std::string, double> values;
  for (const json& series : result) {
    EXPECT_EQ(series["metric"]["instance"], "node");
    const std::string project = series["metric"]["project_id"];
    EXPECT_TRUE(values.emplace(project, std::stod(std::string(series["value"][1]))).second)
        << project;
  }
  return values;
}

TEST(Scrape, GivesPrometheusEverySeriesOnceWithItsValue) {
  if (access(kPrometheus, X_OK) != 0) {
    GTEST_SKIP() << "prometheus is not installed";
  }
  exposition::UsagePage usage("promtally_usage_");
  exposition::SelfMetrics metrics(exposition::BuildInfo{});
  ASSERT_TRUE(usage.Update(Usage("a")));
  ASSERT_TRUE(usage.Update(Usage("b")));
  RoutesOptions options;
  options.version = "0";
  exposition::MetricStore store({});
  Routes routes(std::move(options), {&usage, &metrics, &store});
  const RunningServer server(routes.MakeHandler(), {}, routes.MakeObserver());
  const PrometheusProcess prometheus(server.Authority());
  ASSERT_TRUE(prometheus.IsUp());

  EXPECT_EQ(prometheus.Await("up == 1").size(), 1U);
  const auto newest = ByProject(prometheus.Await("promtally_usage_requests{promtally_job=\"a\"}"));
  const auto total =
      ByProject(prometheus.Query("promtally_usage_requests_total{promtally_job=\"a\"}"));
  ASSERT_EQ(newest.size(), Scopes().size());
  ASSERT_EQ(total.size(), Scopes().size());
  for (std::size_t i = 0; i < Scopes().size(); ++i) {
    EXPECT_EQ(newest.at(Scopes()[i]), NewestOf(i).ToDouble()) << Scopes()[i];
    EXPECT_EQ(total.at(Scopes()[i]), PositiveOf(i).ToDouble()) << Scopes()[i];
  }
  // Two jobs, three families, and two series a job that say what the spec is.
  const json count = prometheus.Query("count({promtally_job=~\".+\"})");
  EXPECT_EQ(std::stoul(std::string(count[0]["value"][1])), 2 * (3 * Scopes().size() + 2));
  EXPECT_EQ(prometheus.Query("up").size(), 1U);
}

}  // namespace
}  // namespace promtally::web
