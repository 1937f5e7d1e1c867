// SPDX-License-Identifier: Apache-2.0
#include "exposition/http_series.h"

namespace promtally::exposition {
namespace {

using prometheus::Histogram;
using prometheus::Labels;

Labels OfRoute(std::string_view route) { return {{"route", std::string(route)}}; }

}  // namespace

HttpSeries::HttpSeries(prometheus::Registry& registry)
    : requests_(prometheus::BuildCounter()
                    .Name("promtally_http_requests_total")
                    .Help("HTTP requests by route and code.")
                    .Register(registry)),
      duration_(prometheus::BuildHistogram()
                    .Name("promtally_http_request_duration_seconds")
                    .Help("Time from a request's header to the end of its response.")
                    .Register(registry)),
      in_flight_(prometheus::BuildGauge()
                     .Name("promtally_http_requests_in_flight")
                     .Help("HTTP requests that are being answered.")
                     .Register(registry)),
      size_(prometheus::BuildHistogram()
                .Name("promtally_http_response_size_bytes")
                .Help("Size of HTTP responses without header.")
                .Register(registry)) {}

void HttpSeries::RegisterRoute(std::string_view route) {
  static_cast<void>(InFlight(route));
  SizeOf(route);
}

prometheus::Gauge& HttpSeries::InFlight(std::string_view route) {
  auto known = in_flight_of_.find(route);
  if (known == in_flight_of_.end()) {
    known = in_flight_of_.emplace(route, &in_flight_.Add(OfRoute(route))).first;
  }
  return *known->second;
}

Histogram& HttpSeries::SizeOf(std::string_view route) {
  static const Histogram::BucketBoundaries bounds{100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
  return size_.Add(OfRoute(route), bounds);
}

const HttpSeries::Exchanges& HttpSeries::ExchangesOf(const HttpObservation& request) {
  static const Histogram::BucketBoundaries bounds{.005, .01, .025, .05, .075, .1,  .25,
                                                  .5,   .75, 1,    2.5, 5,    7.5, 10};
  const auto known = exchanges_.find(std::tuple(request.method, request.route, request.code));
  if (known != exchanges_.end()) {
    return known->second;
  }
  const Labels labels{{"method", std::string(request.method)},
                      {"route", std::string(request.route)},
                      {"code", std::to_string(request.code)}};
  const Exchanges made{&requests_.Add(labels), &duration_.Add(labels, bounds),
                       &SizeOf(request.route)};
  return exchanges_.emplace(std::tuple(request.method, request.route, request.code), made)
      .first->second;
}

void HttpSeries::Observe(const HttpObservation& request) {
  const Exchanges& series = ExchangesOf(request);
  series.requests->Increment();
  series.duration->Observe(std::chrono::duration<double>(request.wall).count());
  series.size->Observe(static_cast<double>(request.bytes));
}

}  // namespace promtally::exposition
