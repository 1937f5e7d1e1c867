// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

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

  // Series stay once they are there, and looking one up by its labels takes longer than counting:
  // they are remembered. Null: the route is not counted, or there are no flask_names.
  struct OfOneRoute {
    prometheus::Gauge* in_flight = nullptr;
    prometheus::Counter* exceptions = nullptr;
    prometheus::Histogram* size = nullptr;
  };
  struct OfOneKind {
    prometheus::Counter* requests = nullptr;
    prometheus::Histogram* duration = nullptr;
    prometheus::Histogram* size = nullptr;
    prometheus::Counter* flask_requests = nullptr;
    prometheus::Histogram* flask_duration = nullptr;
  };

  [[nodiscard]] const OfOneRoute& RouteOf(std::string_view route);
  [[nodiscard]] const OfOneKind& KindOf(const HttpObservation& request);
  [[nodiscard]] OfOneKind MakeKind(const HttpObservation& request);
  [[nodiscard]] bool IsCounted(std::string_view route) const;
  [[nodiscard]] Labels OfRoute(std::string_view route) const;
  [[nodiscard]] Labels OfRequest(const HttpObservation& request) const;
  void AddFlask(prometheus::Registry& registry, const std::string& version);

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
  std::map<std::string, OfOneRoute, std::less<>> routes_;
  std::map<std::tuple<std::string, std::string, int>, OfOneKind, std::less<>> kinds_;
};

}  // namespace promtally::exposition
