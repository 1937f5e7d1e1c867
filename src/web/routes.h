// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/self_metrics.h"
#include "exposition/usage_page.h"
#include "promtally/base/result.h"
#include "web/access.h"
#include "web/http.h"
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
  std::string prefix;            ///< of every path, `/x`; empty: none
  std::size_t max_scrapes = 40;  ///< at a time; above: 503. 0: no limit
  bool exporter_metrics = true;  ///< process_* and those of the HTTP server on the page
  Access* access = nullptr;      ///< who may use what; nullptr: everybody everything
};

/// Everything that this version answers: the telemetry path (with and without a slash behind it),
/// `/-/healthy`, `/-/ready`, `/api/v1/status/…` and `/` to GET and HEAD, `/-/reload` and `/-/quit`
/// to PUT and POST. Another method on a known path is 405 with `Allow`, any other path 404.
/// Exchanges are counted by route, never by path.
///
/// Threads: Handle and Observe on the loop thread; SetReadiness on any. The page and the metrics
/// must outlive it, and it must outlive the server that calls it.
class Routes {
 public:
  Routes(RoutesOptions options, const exposition::UsagePage& usage,
         exposition::SelfMetrics& metrics);

  [[nodiscard]] Response Handle(const Request& request);
  void Observe(const Exchange& exchange);
  void SetReadiness(Readiness readiness) { readiness_ = readiness; }

  /// Handle and Observe as the server wants them.
  [[nodiscard]] Handler MakeHandler();
  [[nodiscard]] Observer MakeObserver();

 private:
  enum class Methods { kRead, kChange };  // GET and HEAD, or PUT and POST
  struct Route {
    std::string path;
    Group group;
    Methods methods;
    std::function<Response()> answer;
  };

  [[nodiscard]] StatusFacts Status() const;
  [[nodiscard]] static bool IsScrape(std::string_view method);
  [[nodiscard]] static bool Takes(Methods methods, std::string_view method);
  [[nodiscard]] const Route* Find(const std::string& path) const;
  [[nodiscard]] Response Metrics() const;
  [[nodiscard]] Response Ready() const;
  [[nodiscard]] Response Reload() const;
  [[nodiscard]] Response Quit() const;

  [[nodiscard]] Response Guard(const Request& request, std::optional<Group> group,
                               const GuardedAnswer& answer);
  [[nodiscard]] static Response Answer(const Route* route, const Request& request);
  void BeginScrape();
  [[nodiscard]] Response Scrape();

  const RoutesOptions options_;
  const exposition::UsagePage& usage_;
  exposition::SelfMetrics& metrics_;
  std::atomic<Readiness> readiness_{Readiness::kStarting};
  std::vector<Route> routes_;
  std::size_t scrapes_ = 0;  // that are being answered; loop thread
};

}  // namespace promtally::web
