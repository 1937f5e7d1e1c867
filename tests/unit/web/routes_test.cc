// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/web/running_server.h"

namespace promtally::web {
namespace {

using testing::HasSubstr;
using testing::Not;

class RoutesTest : public testing::Test {
 protected:
  static RoutesOptions Options(std::string path = "/metrics") {
    RoutesOptions options;
    options.version = "1.2<3>\"&'";
    options.telemetry_path = std::move(path);
    return options;
  }

  static Request Ask(const std::string& method, const std::string& path) {
    Request request;
    request.method = method;
    request.path = path;
    return request;
  }

  static std::string Body(const Response& response) {
    std::string body;
    for (const auto& piece : response.body) {
      body += *piece;
    }
    while (response.source != nullptr && response.source->Next(body)) {
    }
    return body;
  }

  static std::string Header(const Response& response, const std::string& name) {
    for (const auto& [header, value] : response.headers) {
      if (header == name) {
        return value;
      }
    }
    return "(none)";
  }

  exposition::UsagePage usage_{"promtally_usage_"};
  exposition::SelfMetrics metrics_{exposition::BuildInfo{}};
  exposition::MetricStore store_{exposition::MetricStore::Options{}};
  RouteParts parts_{&usage_, &metrics_, &store_};
  Routes routes_{Options(), parts_};
};

TEST_F(RoutesTest, ServesUsageAndSelfMetricsAsText004) {
  exposition::UsageFamily usage;
  usage.definition.job = "default";
  usage.definition.name = "requests";
  usage.definition.groupby = {"project_id"};
  exposition::UsageSeries series;
  series.labels = {{"project_id", "p1"}};
  series.positive = base::Decimal(36);
  usage.series = {series};
  ASSERT_TRUE(usage_.Update(usage));
  for (const char* path : {"/metrics", "/metrics/"}) {
    const Response response = routes_.Handle(Ask("GET", path));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
    const std::string body = Body(response);
    EXPECT_THAT(body, HasSubstr("promtally_usage_requests_total{project_id=\"p1\","
                                "promtally_job=\"default\"} 36\n"));
    EXPECT_THAT(body, HasSubstr("promtally_build_info{"));
    EXPECT_THAT(body, HasSubstr("process_cpu_seconds_total "));
  }
}

TEST_F(RoutesTest, ServesOpenMetricsAndGzipWhereTheyAreAskedFor) {
  Request request = Ask("GET", "/metrics");
  request.headers = {{"Accept", "application/openmetrics-text"}, {"Accept-Encoding", "gzip"}};
  const Response response = routes_.Handle(request);
  EXPECT_EQ(response.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(Header(response, "Content-Encoding"), "gzip");
  EXPECT_TRUE(Body(response).starts_with("\x1F\x8B"));
}

TEST_F(RoutesTest, ServesTheFamiliesThatAreNamed) {
  Request request = Ask("GET", "/metrics");
  request.query = "name%5B%5D=promtally_build_info&other=1";
  const std::string body = Body(routes_.Handle(request));
  EXPECT_THAT(body, HasSubstr("promtally_build_info{"));
  EXPECT_THAT(body, Not(HasSubstr("process_cpu_seconds_total")));
}

TEST_F(RoutesTest, ServesMetricsWhereTheSettingsSay) {
  Routes moved(Options("/prom"), parts_);
  EXPECT_EQ(moved.Handle(Ask("GET", "/prom")).status, 200);
  EXPECT_EQ(moved.Handle(Ask("GET", "/metrics")).status, 404);
  EXPECT_THAT(Body(moved.Handle(Ask("GET", "/"))), HasSubstr("href=\"/prom\""));
}

TEST_F(RoutesTest, IsHealthyAlways) {
  const Response response = routes_.Handle(Ask("GET", "/-/healthy"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Body(response), "promtally is Healthy.\n");
}

TEST_F(RoutesTest, IsReadyBetweenStartAndStop) {
  const Response starting = routes_.Handle(Ask("GET", "/-/ready"));
  EXPECT_EQ(starting.status, 503);
  EXPECT_EQ(Body(starting), "Service Unavailable\n");
  EXPECT_EQ(Header(starting, "X-Prometheus-Stopping"), "false");
  routes_.SetReadiness(Readiness::kReady);
  const Response ready = routes_.Handle(Ask("GET", "/-/ready"));
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(Body(ready), "promtally is Ready.\n");
  routes_.SetReadiness(Readiness::kStopping);
  EXPECT_EQ(Header(routes_.Handle(Ask("GET", "/-/ready")), "X-Prometheus-Stopping"), "true");
}

TEST_F(RoutesTest, EscapesTheLandingPageAndLetsItFetchNothing) {
  const Response response = routes_.Handle(Ask("GET", "/"));
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(Header(response, "Content-Security-Policy"),
            "default-src 'none'; style-src 'unsafe-inline'");
  EXPECT_THAT(Body(response), HasSubstr("1.2&lt;3&gt;&quot;&amp;&#39;"));
  EXPECT_THAT(Body(response), HasSubstr("href=\"/metrics\""));
  EXPECT_THAT(Body(response), HasSubstr("href=\"/-/healthy\""));
  EXPECT_THAT(Body(response), Not(HasSubstr("http:")));
}

TEST_F(RoutesTest, TreatsHeadAsGet) {
  for (const char* path : {"/", "/metrics", "/-/healthy"}) {
    EXPECT_EQ(routes_.Handle(Ask("HEAD", path)).status, 200) << path;
  }
}

TEST_F(RoutesTest, TellsWhichMethodsARouteHas) {
  const Response response = routes_.Handle(Ask("POST", "/metrics"));
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(Header(response, "Allow"), "GET, HEAD");
}

TEST_F(RoutesTest, KnowsNoOtherPath) {
  for (const char* path :
       {"/nope", "/metrics//", "//metrics", "/-/ready/", "/Metrics", "/%6detrics"}) {
    const Response response = routes_.Handle(Ask("GET", path));
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
  }
}

TEST_F(RoutesTest, CountsByRouteAndKnownMethodOnly) {
  {
    RunningServer server(routes_.MakeHandler(), {}, routes_.MakeObserver());
    RawClient client(server.port());
    client.Send(Get("/a") + Get("/b") + Get("/metrics"));
    for (int i = 0; i < 3; ++i) {
      client.ReadResponse();
    }
    client.Send("BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.ReadResponse();
    client.Send("GET / HTTP/1.1\r\nHost: evil\r\n\r\n");
    client.EndSending();
    client.ReadToEnd();
  }
  const std::string text = metrics_.Text();
  const std::string requests = "promtally_http_requests_total";
  EXPECT_THAT(text, HasSubstr(requests + "{code=\"404\",method=\"GET\",route=\"unmatched\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(requests + "{code=\"200\",method=\"GET\",route=\"/metrics\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr(requests + "{code=\"404\",method=\"other\",route=\"unmatched\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(requests + "{code=\"403\",method=\"GET\",route=\"unmatched\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("promhttp_metric_handler_requests_total{code=\"200\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("promtally_http_requests_in_flight{route=\"/metrics\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("promtally_http_requests_in_flight{route=\"unmatched\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("/pot")));
}

}  // namespace
}  // namespace promtally::web
