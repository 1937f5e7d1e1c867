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

/// The series of the HTTP server among the self metrics. They stay once they are there, and looking
/// one up by its labels takes longer than counting: they are remembered. Not synchronized.
class HttpSeries {
 public:
  /// The registry must outlive it.
  explicit HttpSeries(prometheus::Registry& registry);

  /// From here on the route is on the page.
  void RegisterRoute(std::string_view route);
  [[nodiscard]] prometheus::Gauge& InFlight(std::string_view route);
  void Observe(const HttpObservation& request);

 private:
  struct Exchanges {
    prometheus::Counter* requests;
    prometheus::Histogram* duration;
    prometheus::Histogram* size;
  };

  const Exchanges& ExchangesOf(const HttpObservation& request);
  prometheus::Histogram& SizeOf(std::string_view route);

  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& duration_;
  prometheus::Family<prometheus::Gauge>& in_flight_;
  prometheus::Family<prometheus::Histogram>& size_;
  std::map<std::tuple<std::string, std::string, int>, Exchanges, std::less<>> exchanges_;
  std::map<std::string, prometheus::Gauge*, std::less<>> in_flight_of_;
};

}  // namespace promtally::exposition
