// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "web/landing_page.h"

namespace promtally::web {
namespace {

constexpr const char* kUnmatched = "unmatched";

// Methods beyond these are counted as `other`: a client must not be able to add series.
std::string_view KnownMethod(std::string_view method) {
  constexpr std::array<std::string_view, 9> kMethods{
      "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"};
  const auto found = std::find(kMethods.begin(), kMethods.end(), method);
  return found == kMethods.end() ? "other" : *found;
}

}  // namespace

Routes::Routes(RoutesOptions options, const exposition::UsagePage& usage,
               exposition::SelfMetrics& metrics)
    : options_(std::move(options)), usage_(usage), metrics_(metrics) {
  routes_.push_back({options_.telemetry_path, [this] { return Metrics(); }});
  routes_.push_back({"/-/healthy", [] { return TextResponse(200, "promtally is Healthy.\n"); }});
  routes_.push_back({"/-/ready", [this] { return Ready(); }});
  routes_.push_back({"/", [this] {
                       return LandingResponse({options_.version, options_.telemetry_path});
                     }});
  for (const Route& route : routes_) {
    metrics_.RegisterRoute(route.path);
  }
  metrics_.RegisterRoute(kUnmatched);
}

Response Routes::Handle(const Request& request) {
  const Route* route = Find(request.path);
  const std::string name = route == nullptr ? kUnmatched : route->path;
  metrics_.RequestStarted(name);
  Response response;
  if (route == nullptr) {
    response = TextResponse(404, "404 page not found\n");
  } else if (request.method != "GET" && request.method != "HEAD") {
    response = TextResponse(405, "Method Not Allowed\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
  } else {
    response = route->answer();
  }
  response.route = name;
  return response;
}

void Routes::Observe(const Exchange& exchange) {
  if (exchange.handled) {
    metrics_.RequestFinished(exchange.route);
  }
  exposition::HttpObservation seen;
  seen.method = KnownMethod(exchange.method);
  seen.route = exchange.route;
  seen.code = exchange.status;
  seen.wall = exchange.wall;
  seen.bytes = exchange.bytes;
  metrics_.ObserveRequest(seen);
  if (exchange.route == options_.telemetry_path) {
    metrics_.CountScrape(exchange.status);
  }
}

Handler Routes::MakeHandler() {
  return [this](const Request& request) { return Handle(request); };
}

Observer Routes::MakeObserver() {
  return [this](const Exchange& exchange) { Observe(exchange); };
}

const Routes::Route* Routes::Find(const std::string& path) const {
  const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const Route& route) {
    return path == route.path || (&route == &routes_.front() && path == route.path + "/");
  });
  return found == routes_.end() ? nullptr : &*found;
}

Response Routes::Metrics() const {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = usage_.Snapshot();
  response.body.push_back(std::make_shared<const std::string>(metrics_.Text()));
  return response;
}

Response Routes::Ready() const {
  const Readiness readiness = readiness_;
  if (readiness == Readiness::kReady) {
    return TextResponse(200, "promtally is Ready.\n");
  }
  Response response = TextResponse(503, "Service Unavailable\n");
  response.headers.emplace_back("X-Prometheus-Stopping",
                                readiness == Readiness::kStopping ? "true" : "false");
  return response;
}

}  // namespace promtally::web
