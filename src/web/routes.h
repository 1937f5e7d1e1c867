// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "exposition/self_metrics.h"
#include "exposition/usage_page.h"
#include "web/http.h"

namespace promtally::web {

/// What `/-/ready` says.
enum class Readiness { kStarting, kReady, kStopping };

struct RoutesOptions {
  std::string version;
  std::string telemetry_path = "/metrics";  ///< begins with `/`; is no other route
};

/// Everything that this version answers: the telemetry path (with and without a slash behind it),
/// `/-/healthy`, `/-/ready` and `/`. GET and HEAD only; another method on a known path is 405 with
/// `Allow`, any other path 404. Exchanges are counted by route, never by path.
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
  struct Route {
    std::string path;
    std::function<Response()> answer;
  };

  [[nodiscard]] const Route* Find(const std::string& path) const;
  [[nodiscard]] Response Metrics() const;
  [[nodiscard]] Response Ready() const;

  const RoutesOptions options_;
  const exposition::UsagePage& usage_;
  exposition::SelfMetrics& metrics_;
  std::atomic<Readiness> readiness_{Readiness::kStarting};
  std::vector<Route> routes_;
};

}  // namespace promtally::web
