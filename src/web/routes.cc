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
  routes_ = {
      {options_.telemetry_path, Group::kMetrics, Methods::kRead, [this] { return Scrape(); }},
      {"/-/healthy", Group::kHealth, Methods::kRead,
       [] { return TextResponse(200, "promtally is Healthy.\n"); }},
      {"/-/ready", Group::kHealth, Methods::kRead, [this] { return Ready(); }},
      {"/-/reload", Group::kAdmin, Methods::kChange, [this] { return Reload(); }},
      {"/-/quit", Group::kAdmin, Methods::kChange, [this] { return Quit(); }},
      {"/api/v1/status/config", Group::kRead, Methods::kRead,
       [this] { return ConfigResponse(Status()); }},
      {"/api/v1/status/flags", Group::kRead, Methods::kRead,
       [this] { return FlagsResponse(Status()); }},
      {"/api/v1/status/buildinfo", Group::kRead, Methods::kRead,
       [this] { return BuildInfoResponse(Status()); }},
      {"/api/v1/status/runtimeinfo", Group::kRead, Methods::kRead,
       [this] { return RuntimeInfoResponse(Status()); }},
      {"/", Group::kDocs, Methods::kRead,
       [this] {
         return LandingResponse({options_.version, options_.prefix, options_.telemetry_path});
       }},
  };
  for (const Route& route : routes_) {
    metrics_.RegisterRoute(route.path);
  }
  metrics_.RegisterRoute(kUnmatched);
}

bool Routes::Takes(Methods methods, std::string_view method) {
  return methods == Methods::kRead ? method == "GET" || method == "HEAD"
                                   : method == "POST" || method == "PUT";
}

bool Routes::IsScrape(std::string_view method) { return Takes(Methods::kRead, method); }

Response Routes::Handle(const Request& request) {
  const Route* route = Find(request.path);
  const std::string name = route == nullptr ? kUnmatched : route->path;
  metrics_.RequestStarted(name);
  if (route == &routes_.front() && IsScrape(request.method)) {
    BeginScrape();
  }
  Response response =
      Guard(request, route == nullptr ? std::nullopt : std::optional(route->group),
            [route](const Request& asked, const Identity&) { return Answer(route, asked); });
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
    if (exchange.handled && IsScrape(exchange.method)) {
      --scrapes_;
      metrics_.SetScrapesInFlight(scrapes_);
    }
  }
}

Handler Routes::MakeHandler() {
  return [this](const Request& request) { return Handle(request); };
}

Observer Routes::MakeObserver() {
  return [this](const Exchange& exchange) { Observe(exchange); };
}

StatusFacts Routes::Status() const { return options_.status ? options_.status() : StatusFacts{}; }

const Routes::Route* Routes::Find(const std::string& full_path) const {
  if (!full_path.starts_with(options_.prefix)) {
    return nullptr;
  }
  const std::string path = full_path.substr(options_.prefix.size());
  const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const Route& route) {
    return path == route.path || (&route == &routes_.front() && path == route.path + "/");
  });
  return found == routes_.end() ? nullptr : &*found;
}

/// Every request comes through here.
Response Routes::Guard(const Request& request, std::optional<Group> group,
                       const GuardedAnswer& answer) {
  return options_.access == nullptr ? answer(request, Identity())
                                    : Guarded(*options_.access, request, group, answer);
}

Response Routes::Answer(const Route* route, const Request& request) {
  if (route == nullptr) {
    return TextResponse(404, "404 page not found\n");
  }
  if (!Takes(route->methods, request.method)) {
    Response response = TextResponse(405, "Method Not Allowed\n");
    response.headers.emplace_back("Allow",
                                  route->methods == Methods::kRead ? "GET, HEAD" : "POST, PUT");
    return response;
  }
  return route->answer();
}

/// Observe takes it back when the response is sent, whatever it was.
void Routes::BeginScrape() {
  ++scrapes_;
  metrics_.SetScrapesInFlight(scrapes_);
}

/// One of at most max_scrapes at a time.
Response Routes::Scrape() {
  return options_.max_scrapes > 0 && scrapes_ > options_.max_scrapes
             ? TextResponse(503, "Limit of concurrent requests reached, try again later.\n")
             : Metrics();
}

Response Routes::Metrics() const {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = usage_.Snapshot();
  response.body.push_back(
      std::make_shared<const std::string>(metrics_.Text(options_.exporter_metrics)));
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

Response Routes::Reload() const {
  if (!options_.lifecycle.enabled) {
    return TextResponse(403, "Lifecycle API is not enabled.\n");
  }
  Response response;
  const auto later = std::make_shared<Deferral>();
  response.later = later;
  options_.lifecycle.reload([later](const base::Status& status) {
    later->Resolve(
        status ? TextResponse(200, "")
               : TextResponse(500, "failed to reload config: " + status.error().message + "\n"));
  });
  return response;
}

Response Routes::Quit() const {
  if (!options_.lifecycle.enabled) {
    return TextResponse(403, "Lifecycle API is not enabled.\n");
  }
  options_.lifecycle.quit();
  return TextResponse(200, "Requesting termination... Goodbye!\n");
}

}  // namespace promtally::web
