// SPDX-License-Identifier: Apache-2.0
#include "exposition/http_metrics.h"

#include <chrono>
#include <utility>

namespace promtally::exposition {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using Buckets = prometheus::Histogram::BucketBoundaries;

const Buckets& DefaultBuckets() {
  static const Buckets buckets{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10};
  return buckets;
}

const Buckets& SizeBuckets() {
  static const Buckets buckets{100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
  return buckets;
}

HttpMetricsOptions WithDefaults(HttpMetricsOptions options) {
  if (options.buckets.empty()) {
    options.buckets = DefaultBuckets();
  }
  return options;
}

double Seconds(const HttpObservation& request) {
  return std::chrono::duration<double>(request.wall).count();
}

}  // namespace

HttpMetrics::HttpMetrics(prometheus::Registry& registry, HttpMetricsOptions options,
                         const std::string& version)
    : options_(WithDefaults(std::move(options))),
      requests_(BuildCounter()
                    .Name("promtally_http_requests_total")
                    .Help("HTTP requests by route and code.")
                    .Register(registry)),
      duration_(BuildHistogram()
                    .Name("promtally_http_request_duration_seconds")
                    .Help("Time from a request's header to the end of its response.")
                    .Register(registry)),
      in_flight_(BuildGauge()
                     .Name("promtally_http_requests_in_flight")
                     .Help("HTTP requests that are being answered.")
                     .Register(registry)),
      response_size_(BuildHistogram()
                         .Name("promtally_http_response_size_bytes")
                         .Help("Size of HTTP responses without header.")
                         .Register(registry)),
      exceptions_(BuildCounter()
                      .Name("promtally_http_exceptions_total")
                      .Help("HTTP requests that failed by an exception.")
                      .Register(registry)) {
  if (options_.flask_names) {
    AddFlask(registry, version);
  }
}

void HttpMetrics::AddFlask(prometheus::Registry& registry, const std::string& version) {
  BuildGauge()
      .Name("flask_exporter_info")
      .Help("Information about the Prometheus Flask exporter")
      .Register(registry)
      .Add({{"version", version}})
      .Set(1);
  flask_requests_ = &BuildCounter()
                         .Name("flask_http_request_total")
                         .Help("Total number of HTTP requests")
                         .Register(registry);
  flask_duration_ = &BuildHistogram()
                         .Name("flask_http_request_duration_seconds")
                         .Help("Flask HTTP request duration in seconds")
                         .Register(registry);
  flask_exceptions_ = &BuildCounter()
                           .Name("flask_http_request_exceptions_total")
                           .Help("Total number of HTTP requests which resulted in an exception")
                           .Register(registry);
}

const HttpMetrics::OfOneRoute& HttpMetrics::RouteOf(std::string_view route) {
  const auto known = routes_.find(route);
  if (known != routes_.end()) {
    return known->second;
  }
  OfOneRoute series;
  if (IsCounted(route)) {
    const Labels labels = OfRoute(route);
    series = {&in_flight_.Add(labels), &exceptions_.Add(labels),
              &response_size_.Add(labels, SizeBuckets())};
  }
  return routes_.emplace(route, series).first->second;
}

const HttpMetrics::OfOneKind& HttpMetrics::KindOf(const HttpObservation& request) {
  const auto known = kinds_.find(std::tuple(request.method, request.route, request.code));
  if (known != kinds_.end()) {
    return known->second;
  }
  return kinds_.emplace(std::tuple(request.method, request.route, request.code), MakeKind(request))
      .first->second;
}

HttpMetrics::OfOneKind HttpMetrics::MakeKind(const HttpObservation& request) {
  OfOneKind series;
  series.size = RouteOf(request.route).size;
  if (series.size == nullptr) {
    return series;
  }
  const Labels labels = OfRequest(request);
  series.requests = &requests_.Add(labels);
  series.duration = &duration_.Add(labels, options_.buckets);
  if (flask_requests_ != nullptr) {
    Labels flask{{"method", std::string(request.method)}, {"status", std::to_string(request.code)}};
    series.flask_requests = &flask_requests_->Add(flask);
    if (options_.by_route) {
      flask.emplace("path", request.route);
    }
    series.flask_duration = &flask_duration_->Add(flask, options_.buckets);
  }
  return series;
}

void HttpMetrics::RegisterRoute(const std::string& route) { static_cast<void>(RouteOf(route)); }

void HttpMetrics::Started(std::string_view route) {
  if (prometheus::Gauge* gauge = RouteOf(route).in_flight) {
    gauge->Increment();
  }
}

void HttpMetrics::Finished(std::string_view route) {
  if (prometheus::Gauge* gauge = RouteOf(route).in_flight) {
    gauge->Decrement();
  }
}

void HttpMetrics::Observe(const HttpObservation& request) {
  const OfOneKind& series = KindOf(request);
  if (series.size == nullptr) {
    return;
  }
  series.requests->Increment();
  series.duration->Observe(Seconds(request));
  series.size->Observe(static_cast<double>(request.bytes));
  if (series.flask_requests != nullptr) {
    series.flask_requests->Increment();
    series.flask_duration->Observe(Seconds(request));
  }
}

void HttpMetrics::CountException(const HttpObservation& request) {
  prometheus::Counter* const counter = RouteOf(request.route).exceptions;
  if (counter == nullptr) {
    return;
  }
  counter->Increment();
  if (flask_exceptions_ != nullptr) {
    flask_exceptions_->Add({{"method", std::string(request.method)}, {"status", "500"}})
        .Increment();
  }
}

bool HttpMetrics::IsFamily(std::string_view name) {
  return name.starts_with("promtally_http_") || name.starts_with("flask_");
}

bool HttpMetrics::IsCounted(std::string_view route) const {
  return !options_.is_counted || options_.is_counted(route);
}

HttpMetrics::Labels HttpMetrics::OfRoute(std::string_view route) const {
  Labels labels(options_.labels.begin(), options_.labels.end());
  if (options_.by_route) {
    labels.emplace("route", route);
  }
  return labels;
}

HttpMetrics::Labels HttpMetrics::OfRequest(const HttpObservation& request) const {
  Labels labels = OfRoute(request.route);
  labels.emplace("method", request.method);
  labels.emplace("code", std::to_string(request.code));
  return labels;
}

}  // namespace promtally::exposition
