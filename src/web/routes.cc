// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <utility>

#include "exposition/negotiation.h"
#include "web/page_body.h"
#include "web/refusals.h"
#include "web/url_text.h"

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

bool IsScrape(std::string_view method) { return method == "GET" || method == "HEAD"; }

std::string HeaderText(const Request& request, std::string_view name) {
  std::string joined;
  for (const auto& [header, value] : request.headers) {
    if (EqualsIgnoringCase(header, name)) {
      joined += (joined.empty() ? "" : ", ") + value;
    }
  }
  return joined;
}

/// `name[]=` of a scrape; other parameters are Prometheus' (`params` of a job), and are ignored.
exposition::NameFilter NamesAskedFor(const Request& request) {
  std::vector<std::string> names;
  for (auto& [name, value] : ParseQuery(request.query).value_or(QueryParameters())) {
    if (name == "name[]") {
      names.push_back(std::move(value));
    }
  }
  return exposition::NameFilter(std::move(names));
}

}  // namespace

Routes::Routes(RoutesOptions options, const RouteParts& parts)
    : options_(std::move(options)),
      parts_(parts),
      self_(*parts.self),
      metric_routes_(*parts.metrics, options_.clock, options_.json_depth, parts.bodies),
      icos_(*parts.metrics, options_.clock, options_.json_depth),
      docs_({options_.version, options_.prefix, options_.telemetry_path}),
      router_(options_.prefix) {
  AddProbes();
  AddLifecycle();
  AddStatus();
  AddMetrics();
  AddUsage();
  AddIcos();
  AddModels();
  AddPages();
  AddDocs();
  for (const Route& route : router_.routes()) {
    self_.RegisterRoute(route.path);
  }
  self_.RegisterRoute(kUnmatched);
}

void Routes::AddProbes() {
  const auto healthy = [](const Call&) { return TextResponse(200, "promtally is Healthy.\n"); };
  router_.Add({"GET", "/-/healthy", Group::kHealth, ErrorStyle::kText, false, healthy});
  router_.Add({"GET", "/-/ready", Group::kHealth, ErrorStyle::kText, false,
               [this](const Call&) { return Ready(); }});
  router_.Add({"GET", "/healthz", Group::kHealth, ErrorStyle::kDetail, false,
               [](const Call&) { return JsonResponse(200, R"({"status":"ok"})"); }});
}

void Routes::AddLifecycle() {
  for (const char* method : {"POST", "PUT"}) {
    router_.Add({method, "/-/reload", Group::kAdmin, ErrorStyle::kText, false,
                 [this](const Call&) { return Reload(); }});
    router_.Add({method, "/-/quit", Group::kAdmin, ErrorStyle::kText, false,
                 [this](const Call&) { return Quit(); }});
  }
}

void Routes::AddStatus() {
  const auto add = [this](const char* what, Response (*answer)(const StatusFacts&)) {
    router_.Add({"GET", std::string("/api/v1/status/") + what, Group::kRead, ErrorStyle::kProblem,
                 false, [this, answer](const Call&) { return answer(Status()); }});
  };
  add("config", ConfigResponse);
  add("flags", FlagsResponse);
  add("buildinfo", BuildInfoResponse);
  add("runtimeinfo", RuntimeInfoResponse);
}

void Routes::AddMetrics() {
  using Action = Response (MetricRoutes::*)(const Call&);
  using View = Response (MetricRoutes::*)(const Call&) const;
  const std::string metric = "/api/v1/metrics/{name}";
  const auto change = [this](const char* method, const std::string& path, bool takes_json,
                             Action answer) {
    router_.Add(
        {method, path, Group::kWrite, ErrorStyle::kProblem, takes_json,
         [this, answer](const Call& call) { return Acknowledge((metric_routes_.*answer)(call)); }});
  };
  const auto view = [this](const std::string& path, View answer) {
    router_.Add({"GET", path, Group::kRead, ErrorStyle::kProblem, false,
                 [this, answer](const Call& call) { return (metric_routes_.*answer)(call); }});
  };
  view("/api/v1/metrics", &MetricRoutes::List);
  view(metric, &MetricRoutes::Show);
  change("PUT", metric, true, &MetricRoutes::Create);
  change("DELETE", metric, false, &MetricRoutes::Remove);
  change("POST", metric + "/samples", true, &MetricRoutes::Change);
  change("DELETE", metric + "/series", false, &MetricRoutes::RemoveSeries);
}

void Routes::AddUsage() {
  if (parts_.ledger == nullptr || parts_.queries == nullptr) {
    return;
  }
  router_.Add({"GET", "/api/v1/usage", Group::kRead, ErrorStyle::kProblem, false,
               [this](const Call& call) { return parts_.ledger->Usage(call); }, true});
  router_.Add({"GET", "/api/v1/periods", Group::kRead, ErrorStyle::kProblem, false,
               [this](const Call& call) { return parts_.ledger->Periods(call); }});
  router_.Add({"GET", "/api/v1/queries", Group::kRead, ErrorStyle::kProblem, false,
               [this](const Call& call) { return parts_.queries->Queries(call); }});
}

void Routes::AddIcos() {
  const auto add = [this](const char* path, Response (IcosRoutes::*answer)(const Request&)) {
    router_.Add(
        {"POST", path, Group::kWrite, ErrorStyle::kDetail, false,
         [this, answer](const Call& call) { return Acknowledge((icos_.*answer)(call.request)); }});
  };
  add("/create_metric", &IcosRoutes::CreateMetric);
  add("/unregister_metric", &IcosRoutes::UnregisterMetric);
}

void Routes::AddModels() {
  if (parts_.models == nullptr) {
    return;
  }
  const auto add = [this](const char* path, Response (ModelRoutes::*answer)(const Request&)) {
    router_.Add(
        {"POST", path, Group::kWrite, ErrorStyle::kDetail, false,
         [this, answer](const Call& call) { return (parts_.models->*answer)(call.request); }});
  };
  add("/create_model_metric", &ModelRoutes::CreateModelMetric);
  add("/stop_model_metrics", &ModelRoutes::StopModelMetrics);
  add("/train_model_metric", &ModelRoutes::TrainModelMetric);
  add("/show_models", &ModelRoutes::ShowModels);
  add("/remove_model", &ModelRoutes::RemoveModel);
  router_.Add({"GET", "/api/v1/predictions", Group::kRead, ErrorStyle::kProblem, false,
               [this](const Call& call) { return parts_.models->Predictions(call); }});
  router_.Add({"GET", "/api/v1/jobs/{id}", Group::kRead, ErrorStyle::kProblem, false,
               [this](const Call& call) { return parts_.models->Job(call); }});
}

void Routes::AddPages() {
  router_.Add({"GET", options_.telemetry_path, Group::kMetrics, ErrorStyle::kText, false,
               [this](const Call& call) { return Scrape(call.request); }});
  router_.AddAlias(options_.telemetry_path + "/", options_.telemetry_path);
}

void Routes::AddDocs() {
  router_.Add({"GET", "/", Group::kDocs, ErrorStyle::kText, false,
               [this](const Call&) { return Landing(); }});
  router_.Add({"GET", "/docs", Group::kDocs, ErrorStyle::kText, false,
               [this](const Call&) { return docs_.Page(); }});
  router_.Add({"GET", "/openapi.json", Group::kDocs, ErrorStyle::kText, false,
               [this](const Call&) { return docs_.Document(); }});
}

Response Routes::Handle(const Request& request) {
  Router::Match match = router_.Find(request);
  const std::string route = match.route != nullptr ? match.route->path : match.refusal.route;
  self_.RequestStarted(route);
  if (route == options_.telemetry_path && IsScrape(request.method)) {
    ++scrapes_;  // Observe takes it back when the response is sent, whatever it was
    self_.SetScrapesInFlight(scrapes_);
  }
  Response response = GuardAndCatch(request, std::move(match), route);
  response.route = route;
  return response;
}

/// No memory, or a defect: this request fails, the service goes on.
Response Routes::GuardAndCatch(const Request& request, Router::Match match,
                               const std::string& route) {
  const ErrorStyle errors = match.errors;
  try {
    return Guard(request, std::move(match));
  } catch (const std::exception&) {
    exposition::HttpObservation seen;
    seen.method = KnownMethod(request.method);
    seen.route = route;
    self_.CountException(seen);
    return ErrorResponse(errors, 500, "Internal Server Error");
  }
}

/// Every request comes through here, those for paths that do not exist included: users of web.yml
/// are asked for their password everywhere.
Response Routes::Guard(const Request& request, Router::Match match) {
  const std::optional<Group> group = match.group;
  const ErrorStyle errors = match.errors;
  const GuardedAnswer answer = [match = std::move(match)](const Request& asked,
                                                          const Identity& who) -> Response {
    if (match.route == nullptr) {
      return match.refusal;
    }
    if (who.scopes && match.group == Group::kRead && !match.route->shows_scopes) {
      return RefusalOf(match.errors, ForOneScopeOnly());
    }
    return match.route->answer({asked, match.path, who});
  };
  if (options_.access == nullptr) {
    return answer(request, Identity());
  }
  return Guarded(*options_.access, request, group, answer,
                 [errors](const Refusal& refusal) { return RefusalOf(errors, refusal); });
}

void Routes::Observe(const Exchange& exchange) {
  if (exchange.handled) {
    self_.RequestFinished(exchange.route);
  }
  exposition::HttpObservation seen;
  seen.method = KnownMethod(exchange.method);
  seen.route = exchange.route;
  seen.code = exchange.status;
  seen.wall = exchange.wall;
  seen.bytes = exchange.bytes;
  self_.ObserveRequest(seen);
  if (exchange.route != options_.telemetry_path) {
    return;
  }
  self_.CountScrape(exchange.status);
  if (exchange.handled && IsScrape(exchange.method)) {
    --scrapes_;
    self_.SetScrapesInFlight(scrapes_);
  }
}

Handler Routes::MakeHandler() {
  return [this](const Request& request) { return Handle(request); };
}

Observer Routes::MakeObserver() {
  return [this](const Exchange& exchange) { Observe(exchange); };
}

StatusFacts Routes::Status() const { return options_.status ? options_.status() : StatusFacts{}; }

/// A change that was taken is told when it is as durable as the settings want it.
Response Routes::Acknowledge(Response response) const {
  constexpr int kFirstRefusal = 300;
  if (const auto inner = response.later) {
    Response promise;
    promise.later = std::make_shared<Deferral>();
    inner->OnResolved([this, inner = inner.get(), outer = promise.later] {
      ResolveWith(outer, Acknowledge(inner->Take()));
    });
    return promise;
  }
  return parts_.keeper == nullptr || response.status >= kFirstRefusal
             ? response
             : parts_.keeper->Acknowledge(std::move(response));
}

/// One of at most max_scrapes at a time.
Response Routes::Scrape(const Request& request) {
  return options_.max_scrapes > 0 && scrapes_ > options_.max_scrapes
             ? TextResponse(503, "Limit of concurrent requests reached, try again later.\n")
             : Metrics(request);
}

Response Routes::Metrics(const Request& request) const {
  const auto form = exposition::NegotiateFormat(HeaderText(request, "Accept"));
  Response response;
  response.content_type = form.content_type;
  response.source = MakePageBody(exposition::ReadPage(
      {parts_.usage, parts_.metrics, &self_},
      {form.style, NamesAskedFor(request), options_.exporter_metrics, {}}, options_.clock()));
  response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  if (exposition::AcceptsGzip(HeaderText(request, "Accept-Encoding"))) {
    response.source = MakeGzipBody(std::move(response.source));
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

Response Routes::Landing() const {
  LandingPage page;
  page.version = options_.version;
  page.prefix = options_.prefix;
  page.telemetry_path = options_.telemetry_path;
  page.is_ready = readiness_ == Readiness::kReady;
  page.metrics = parts_.metrics->metrics();
  page.series = parts_.metrics->series();
  if (parts_.ledger == nullptr) {
    return LandingResponse(page);
  }
  return parts_.ledger->Statuses([page](const std::vector<ledger::SpecStatus>& statuses) {
    LandingPage with_jobs = page;
    with_jobs.jobs = JobsOf(statuses);
    return LandingResponse(with_jobs);
  });
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
