// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/metric_store.h"
#include "exposition/page.h"
#include "exposition/self_metrics.h"
#include "promtally/base/result.h"
#include "web/access.h"
#include "web/body_thread.h"
#include "web/docs_routes.h"
#include "web/http.h"
#include "web/icos_routes.h"
#include "web/landing_page.h"
#include "web/ledger_routes.h"
#include "web/metric_keeper.h"
#include "web/metric_routes.h"
#include "web/model_routes.h"
#include "web/query_routes.h"
#include "web/router.h"
#include "web/status_routes.h"

namespace promtally::web {

/// What `/-/ready` says.
enum class Readiness { kStarting, kReady, kStopping };

/// What `/-/reload` and `/-/quit` do. Loop thread.
struct LifecycleRoutes {
  bool enabled = false;  ///< else both are 403
  /// Reads the configuration anew; the callback comes once, with why it was not taken.
  std::function<void(std::function<void(const base::Status&)>)> reload;
  std::function<void()> quit;
};

struct RoutesOptions {
  std::string version;
  std::string telemetry_path = "/metrics";  ///< begins with `/`; is no other route
  LifecycleRoutes lifecycle;
  std::function<StatusFacts()> status;
  std::function<base::Instant()> clock = [] {
    return std::chrono::floor<base::Milliseconds>(std::chrono::system_clock::now());
  };
  std::string prefix;            ///< of every path, `/x`; empty: none
  std::size_t max_scrapes = 40;  ///< at a time; above: 503. 0: no limit
  std::size_t json_depth = 64;   ///< of a body
  bool exporter_metrics = true;  ///< process_* and those of the HTTP server on the page
  Access* access = nullptr;      ///< who may use what; nullptr: everybody everything
};

/// What routes show and change; all of it outlives them.
struct RouteParts {
  const exposition::UsagePage* usage = nullptr;
  exposition::SelfMetrics* self = nullptr;
  exposition::MetricStore* metrics = nullptr;
  MetricKeeper* keeper = nullptr;
  LedgerRoutes* ledger = nullptr;
  QueryRoutes* queries = nullptr;
  ModelRoutes* models = nullptr;
  BodyThread* bodies = nullptr;  ///< nullptr: bodies are read on the loop thread
};

/// Everything that this version answers; etc. `router().routes()` lists it. Exchanges are counted
/// by route, never by path.
///
/// Threads: Handle and Observe on the loop thread; SetReadiness on any. It must outlive the server
/// that calls it.
class Routes {
 public:
  Routes(RoutesOptions options, const RouteParts& parts);
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;

  [[nodiscard]] Response Handle(const Request& request);
  void Observe(const Exchange& exchange);
  void SetReadiness(Readiness readiness) { readiness_ = readiness; }

  /// Handle and Observe as the server wants them.
  [[nodiscard]] Handler MakeHandler();
  [[nodiscard]] Observer MakeObserver();

  [[nodiscard]] const Router& router() const { return router_; }

 private:
  void AddProbes();
  void AddLifecycle();
  void AddStatus();
  void AddMetrics();
  void AddUsage();
  void AddIcos();
  void AddModels();
  void AddPages();
  void AddDocs();

  [[nodiscard]] Response GuardAndCatch(const Request& request, Router::Match match,
                                       const std::string& route);
  [[nodiscard]] Response Guard(const Request& request, Router::Match match);
  [[nodiscard]] StatusFacts Status() const;
  [[nodiscard]] Response Metrics(const Request& request) const;
  [[nodiscard]] Response Landing() const;
  [[nodiscard]] Response Ready() const;
  [[nodiscard]] Response Reload() const;
  [[nodiscard]] Response Quit() const;
  [[nodiscard]] Response Scrape(const Request& request);
  [[nodiscard]] Response Acknowledge(Response response) const;

  const RoutesOptions options_;
  const RouteParts parts_;
  exposition::SelfMetrics& self_;
  MetricRoutes metric_routes_;
  IcosRoutes icos_;
  const DocsRoutes docs_;
  Router router_;
  std::atomic<Readiness> readiness_{Readiness::kStarting};
  std::size_t scrapes_ = 0;  // that are being answered; loop thread
};

}  // namespace promtally::web
