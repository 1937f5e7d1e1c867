// SPDX-License-Identifier: Apache-2.0
#include "source/prometheus_source.h"

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/fake_server.h"
#include "unit/source/ask.h"

namespace promtally::source {
namespace {

using test::FakeServer;
using test::Reply;
using test::SeenRequest;

constexpr base::Instant kTime = base::FromUnixSeconds(1748743200);

std::string Vector(const std::string& value) {
  return R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,")" +
         value + "\"]}]}}";
}

std::string Names(const std::string& names) {
  return R"({"status":"success","data":[)" + names + "]}";
}

std::string Path(const SeenRequest& request) {
  return request.target.substr(0, request.target.find('?'));
}

/// Answers by path; 404 elsewhere.
FakeServer::Script ByPath(std::map<std::string, Reply> replies) {
  return [replies = std::move(replies)](const SeenRequest& request) {
    const auto found = replies.find(Path(request));
    return found == replies.end() ? Reply::Of(404, "404 page not found\n") : found->second;
  };
}

TEST(PrometheusSource, PostsQueryTimeAndTimeOut) {
  FakeServer server(ByPath({{"/prom/api/v1/query", Reply::Of(200, Vector("1"))}}));
  const auto source = MakePrometheusSource(SettingsFor(server.url() + "/prom/"));
  const std::string query = "sum(x{a=\"b+c&d=e%\\\"\n\"}[1h])";
  EXPECT_FALSE(Ask(*source, query, kTime).failure.has_value());
  EXPECT_FALSE(Ask(*source, query, kTime + base::Milliseconds(50)).failure.has_value());
  const std::vector<SeenRequest> seen = server.requests();
  EXPECT_EQ(seen[0].method, "POST");
  EXPECT_EQ(seen[0].target, "/prom/api/v1/query");
  EXPECT_EQ(seen[0].Field("query"), query);
  EXPECT_EQ(seen[0].Field("time"), "1748743200");
  EXPECT_EQ(seen[0].Field("timeout"), "10s");
  EXPECT_EQ(seen[0].Header("accept-encoding"), "");
  EXPECT_EQ(seen[1].Field("time"), "1748743200.050");
  EXPECT_EQ(server.connections(), 1);
}

TEST(PrometheusSource, AsksForCompressionOnlyOfAServerElsewhere) {
  FakeServer proxy([](const SeenRequest&) { return Reply::Of(200, Vector("1")); });
  config::SourceSettings settings = SettingsFor("http://prometheus.example:9090");
  settings.http.proxy_url = proxy.url();
  const auto source = MakePrometheusSource(settings);
  EXPECT_FALSE(Ask(*source, "up", kTime).failure.has_value());
  EXPECT_EQ(proxy.requests().at(0).Header("accept-encoding"), "gzip");
}

TEST(PrometheusSource, RemembersThatAServerTakesGetOnly) {
  for (const int refusal : {403, 405}) {
    FakeServer server([&](const SeenRequest& request) {
      return request.method == "POST" ? Reply::Of(refusal, "no") : Reply::Of(200, Vector("1"));
    });
    const auto source = MakePrometheusSource(SettingsFor(server.url()));
    EXPECT_FALSE(Ask(*source, "a + b", kTime).failure.has_value());
    EXPECT_FALSE(Ask(*source, "a + b", kTime).failure.has_value());
    const std::vector<SeenRequest> seen = server.requests();
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[1].method, "GET");
    EXPECT_EQ(seen[1].Field("query"), "a + b");
    EXPECT_EQ(seen[2].method, "GET");
  }
}

TEST(PrometheusSource, TriesPostAgainWhenGetIsRefusedAsWell) {
  FakeServer server([&](const SeenRequest&) { return Reply::Of(403, "forbidden"); });
  const auto source = MakePrometheusSource(SettingsFor(server.url()));
  for (int query = 0; query < 2; ++query) {
    const QueryOutcome outcome = Ask(*source, "up", kTime);
    ASSERT_TRUE(outcome.failure.has_value());
    EXPECT_EQ(outcome.failure->reason, "http_status");
  }
  ASSERT_EQ(server.requests().size(), 4U);
  EXPECT_EQ(server.requests()[2].method, "POST");
}

TEST(PrometheusSource, CallsBackWhatIsInFlightWhenItIsDestroyed) {
  FakeServer server([](const SeenRequest&) {
    return Reply::Of(200, Vector("1")).After(std::chrono::minutes(5));
  });
  std::atomic<int> called = 0;
  {
    const auto source = MakePrometheusSource(SettingsFor(server.url()));
    source->Query("up", kTime, [&](const QueryOutcome& outcome) {
      called += outcome.failure.has_value() && !outcome.failure->connection ? 1 : 0;
    });
    source->Identify([&](const ServerIdentity& identity) { called += identity.kind == "unknown"; });
    source->HasDataUpTo(kTime, [&](std::optional<bool> has) { called += has ? 0 : 1; });
    ASSERT_TRUE(server.WaitForRequests(3));
  }
  EXPECT_EQ(called, 3);
}

struct Kind {
  const char* name;
  std::map<std::string, Reply> replies;
  const char* kind;
  const char* version;
  std::optional<bool> closed;
  const char* field;  ///< that later queries carry
};

Reply Build(const std::string& data, const Reply::Headers& headers = {}) {
  return Reply::Of(200, R"({"status":"success","data":)" + data + "}", headers);
}

std::vector<Kind> KindsOfServers() {
  const Reply runtime = Build(R"({"storageRetention":"15d"})");
  const Reply bare_runtime = Build(R"({"CWD":"/"})");
  const char* const go = R"({"version":"2.42.0","revision":"","goVersion":"go1.19"})";
  return {
      {"prometheus 2",
       {{"/api/v1/status/buildinfo", Build(go)},
        {"/api/v1/status/runtimeinfo", runtime},
        {"/api/v1/query", Reply::Of(200, Vector("3"))}},
       "prometheus",
       "2.42.0",
       true,
       ""},
      {"prometheus 3",
       {{"/api/v1/status/buildinfo", Build(R"({"version":"","revision":""})")},
        {"/api/v1/status/runtimeinfo", runtime},
        {"/api/v1/query", Reply::Of(200, Vector("2"))}},
       "prometheus",
       "",
       false,
       ""},
      {"thanos",
       {{"/api/v1/status/buildinfo", Build(go)},
        {"/api/v1/status/runtimeinfo", bare_runtime},
        {"/api/v1/stores", Build("{}")},
        {"/api/v1/query", Reply::Of(200, Vector("2"))}},
       "thanos",
       "2.42.0",
       false,
       "partial_response"},
      {"mimir",
       {{"/api/v1/status/buildinfo",
         Build(R"({"application":"Grafana Mimir","version":"3.0.5"})")}},
       "mimir",
       "3.0.5",
       std::nullopt,
       ""},
      {"victoriametrics 1.79",
       {{"/api/v1/status/buildinfo", Build("{}", {{"X-Server-Hostname", "vm"}})},
        {"/api/v1/query", Reply::Of(200, Vector("2"))}},
       "victoriametrics",
       "",
       false,
       "nocache"},
      {"victoriametrics behind a proxy",
       {{"/api/v1/status/buildinfo", Build(R"({"version":"2.24.0"})")},
        {"/api/v1/query", Reply::Of(200, Vector("5"))}},
       "victoriametrics",
       "",
       std::nullopt,
       "nocache"},
      {"something else", {}, "unknown", "", std::nullopt, ""},
  };
}

TEST(PrometheusSource, TellsTheKindsOfServersApart) {
  for (const Kind& kind : KindsOfServers()) {
    SCOPED_TRACE(kind.name);
    FakeServer server(ByPath(kind.replies));
    const auto source = MakePrometheusSource(SettingsFor(server.url()));
    const ServerIdentity identity = Identify(*source);
    EXPECT_EQ(identity.kind, kind.kind);
    EXPECT_EQ(identity.version, kind.version);
    EXPECT_EQ(identity.closed_edges, kind.closed);
    EXPECT_TRUE(identity.reachable);
    const SeenRequest probe = server.requests().back();
    EXPECT_EQ(probe.Field("query"), "count_over_time(vector(1)[2m:1m])");
    EXPECT_EQ(std::stoll(probe.Field("time")) % 60, 0);
    Ask(*source, "up", kTime);
    const SeenRequest query = server.requests().back();
    EXPECT_EQ(query.Field("nocache"), std::string(kind.field) == "nocache" ? "1" : "");
    EXPECT_EQ(query.Field("deny_partial_response"),
              std::string(kind.field) == "nocache" ? "1" : "");
    EXPECT_EQ(query.Field("partial_response"),
              std::string(kind.field) == "partial_response" ? "false" : "");
  }
}

TEST(PrometheusSource, SaysUnreachableAfterOneRequestWithoutAConnection) {
  FakeServer server([](const SeenRequest&) { return Reply::Raw("", Reply::End::kReset); });
  const auto source = MakePrometheusSource(SettingsFor(server.url()));
  const ServerIdentity identity = Identify(*source);
  EXPECT_FALSE(identity.reachable);
  EXPECT_EQ(identity.kind, "unknown");
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(PrometheusSource, TakesTheServersTimeFromItsDate) {
  FakeServer server([](const SeenRequest&) {
    return Reply::Of(404, "", {{"Date", "Sun, 22 Nov 2026 10:04:30 GMT"}});
  });
  const auto source = MakePrometheusSource(SettingsFor(server.url()));
  EXPECT_EQ(Identify(*source).server_date, base::FromUnixSeconds(1795341870));
  EXPECT_EQ(server.requests().back().Field("time"), "1795341540");
}

TEST(PrometheusSource, ListsLabelValuesSortedAndWithoutTheEmptyOne) {
  FakeServer server(
      ByPath({{"/api/v1/label/project_id/values", Reply::Of(200, Names(R"("p2","","p1","p2")"))}}));
  const auto source = MakePrometheusSource(SettingsFor(server.url()));
  const metering::Period period{kTime, kTime + std::chrono::hours(1)};
  const Source::LabelValues values = LabelValuesOf(*source, "project_id", "x{a=\"b\"}", period);
  EXPECT_FALSE(values.failure.has_value());
  EXPECT_EQ(values.values, (std::vector<std::string>{"p1", "p2"}));
  const SeenRequest seen = server.requests().at(0);
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.Field("match[]"), "x{a=\"b\"}");
  EXPECT_EQ(seen.Field("start"), "1748743200");
  EXPECT_EQ(seen.Field("end"), "1748746800");
}

TEST(PrometheusSource, GivesNoLabelValuesFromADoubtfulAnswer) {
  const metering::Period period{kTime, kTime + std::chrono::hours(1)};
  const std::map<std::string, std::string> reasons = {
      {R"({"status":"success","data":["p1"],"warnings":["store died"]})", "warnings"},
      {R"({"status":"success","isPartial":true,"data":["p1"]})", "partial"},
      {R"({"status":"success","data":{"resultType":"vector","result":[]}})", "wrong_type"},
      {R"({"status":"success","data":["p1",5]})", "wrong_type"},
      {R"({"status":"success","data":["p1")", "not_json"}};
  for (const auto& [body, reason] : reasons) {
    FakeServer server([&body = body](const SeenRequest&) { return Reply::Of(200, body); });
    const auto source = MakePrometheusSource(SettingsFor(server.url()));
    const Source::LabelValues values = LabelValuesOf(*source, "project_id", "x", period);
    ASSERT_TRUE(values.failure.has_value()) << body;
    EXPECT_EQ(values.failure->reason, reason);
    EXPECT_TRUE(values.values.empty());
  }
}

TEST(PrometheusSource, AsksVictoriaMetricsForLabelsOfAFewDaysOnly) {
  FakeServer server([](const SeenRequest& request) {
    return Path(request) == "/api/v1/status/buildinfo" ? Build("{}", {{"X-Server-Hostname", "vm"}})
                                                       : Reply::Of(200, Names("\"job\""));
  });
  const auto source = MakePrometheusSource(SettingsFor(server.url()));
  HasDataUpTo(*source, kTime);
  EXPECT_EQ(server.requests().back().Field("start"), "0");
  Identify(*source);
  HasDataUpTo(*source, kTime);
  EXPECT_EQ(server.requests().back().Field("start"), std::to_string(1748743200 - 30 * 86400));
  EXPECT_EQ(server.requests().back().Field("end"), "1748743200");
}

TEST(PrometheusSource, SaysThatDataAreTooOldOnlyWhereThereAreNewerOnes) {
  const auto ask = [](const std::string& early, const std::string& late) {
    FakeServer server([&](const SeenRequest& request) {
      return Reply::Of(200, request.Field("end") == "1748743200" ? early : late);
    });
    const auto source = MakePrometheusSource(SettingsFor(server.url()));
    return HasDataUpTo(*source, kTime);
  };
  EXPECT_EQ(ask(Names("\"job\""), "unused"), true);
  EXPECT_EQ(ask(Names(""), Names("\"job\"")), false);
  EXPECT_EQ(ask(Names(""), Names("")), std::nullopt);
  EXPECT_EQ(ask(Names(""), "{}"), std::nullopt);
  EXPECT_EQ(ask("<html>", Names("\"job\"")), std::nullopt);
  EXPECT_EQ(ask(R"({"status":"success","data":[],"warnings":["store died"]})", Names("\"job\"")),
            std::nullopt);
}

}  // namespace
}  // namespace promtally::source
