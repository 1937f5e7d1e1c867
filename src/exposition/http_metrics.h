// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "exposition/self_metrics.h"

namespace promtally::exposition {

/// The metrics of the HTTP server in prometheus-cpp's registry: `promtally_http_*`, and `flask_*`
/// where they are wanted. Paths that no route has share the route `unmatched`. Its owner calls one
/// member at a time; the registry outlives it.
class HttpMetrics {
 public:
  HttpMetrics(prometheus::Registry& registry, HttpMetricsOptions options,
              const std::string& version);

  void RegisterRoute(const std::string& route);
  void Started(std::string_view route);
  void Finished(std::string_view route);
  void Observe(const HttpObservation& request);
  void CountException(const HttpObservation& request);

  /// Whether a family of that name is one of these.
  [[nodiscard]] static bool IsFamily(std::string_view name);

 private:
  using Labels = prometheus::Labels;

  [[nodiscard]] bool IsCounted(std::string_view route) const;
  [[nodiscard]] Labels OfRoute(std::string_view route) const;
  [[nodiscard]] Labels OfRequest(const HttpObservation& request) const;
  void AddFlask(prometheus::Registry& registry, const std::string& version);
  void ObserveFlask(const HttpObservation& request);

  const HttpMetricsOptions options_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& duration_;
  prometheus::Family<prometheus::Gauge>& in_flight_;
  prometheus::Family<prometheus::Histogram>& response_size_;
  prometheus::Family<prometheus::Counter>& exceptions_;
  // Null without flask_names.
  prometheus::Family<prometheus::Counter>* flask_requests_ = nullptr;
  prometheus::Family<prometheus::Histogram>* flask_duration_ = nullptr;
  prometheus::Family<prometheus::Counter>* flask_exceptions_ = nullptr;
};

}  // namespace promtally::exposition
