// SPDX-License-Identifier: Apache-2.0
#include "exposition/self_metrics.h"

#include <algorithm>
#include <array>
#include <mutex>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "exposition/http_metrics.h"
#include "exposition/process_metrics.h"
#include "exposition/registry_text.h"

namespace promtally::exposition {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;
using Buckets = Histogram::BucketBoundaries;

// Known outcomes start at 0, so that rate() sees the first failure.
constexpr std::array<std::string_view, 15> kOutcomes{
    "success",    "unreachable", "timeout",   "http_status",      "incomplete_body",
    "not_json",   "bad_status",  "warnings",  "partial",          "query_error",
    "wrong_type", "redirect",    "too_large", "duplicate_series", "too_many_series"};
constexpr std::array<int, 3> kScrapeCodes{200, 500, 503};

const Buckets& CommitBuckets() {
  static const Buckets buckets{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10};
  return buckets;
}

const Buckets& QueryBuckets() {
  static const Buckets buckets{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120};
  return buckets;
}

double InSeconds(std::chrono::microseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

double InSeconds(base::Milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

Family<Counter>& AddCounter(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Gauge>& AddGauge(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Family<Histogram>& AddHistogram(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

Labels OfSpec(const std::string& job, const std::string& name) {
  return {{"promtally_job", job}, {"name", name}};
}

Labels OfSource(const std::string& source) { return {{"source", source}}; }

}  // namespace

// The mutex makes "look up a series and change it" one step beside RemoveSpec.
struct SelfMetrics::Families {
  std::mutex mutex;
  Registry registry;
  const base::Instant start =
      std::chrono::floor<base::Milliseconds>(std::chrono::system_clock::now());

  Family<Gauge>& build_info =
      AddGauge(registry, "promtally_build_info", "What this program was built from and with.");

  Family<Histogram>& query_duration =
      AddHistogram(registry, "promtally_source_query_duration_seconds",
                   "Time of a query to a source, all tries together.");
  Family<Counter>& response_bytes = AddCounter(registry, "promtally_source_response_bytes_total",
                                               "Bytes of decoded answers of a source.");
  Family<Counter>& queries =
      AddCounter(registry, "promtally_source_queries_total", "Queries to a source by outcome.");
  Family<Counter>& retries =
      AddCounter(registry, "promtally_source_retries_total", "Tries of queries after the first.");
  Family<Gauge>& source_up =
      AddGauge(registry, "promtally_source_up", "Whether the source answered last time.");
  Family<Gauge>& clock_skew =
      AddGauge(registry, "promtally_clock_skew_seconds", "Local clock minus the source's clock.");

  Family<Gauge>& periods =
      AddGauge(registry, "promtally_periods", "Periods of a spec in the ledger by state.");
  Family<Gauge>& period_lag =
      AddGauge(registry, "promtally_period_lag_seconds",
               "How far the end of the newest answered period of a spec lies behind what is due.");
  Family<Gauge>& last_success =
      AddGauge(registry, "promtally_last_success_timestamp_seconds",
               "When a period of the spec was answered last by this process; 0: never.");
  Family<Counter>& records =
      AddCounter(registry, "promtally_records_total", "Usage records that were committed.");
  Family<Counter>& rejected = AddCounter(registry, "promtally_rejected_series_total",
                                         "Series that were rejected, for example NaN.");
  Family<Counter>& unattributed = AddCounter(registry, "promtally_unattributed_series_total",
                                             "Series without a scope, which nobody pays.");
  Family<Counter>& skipped = AddCounter(registry, "promtally_skipped_series_total",
                                        "Series that the skip expression of the spec removed.");
  Family<Counter>& excluded =
      AddCounter(registry, "promtally_excluded_series_total",
                 "Series of scopes that the settings of the job leave out.");
  Family<Gauge>& series = AddGauge(registry, "promtally_period_series",
                                   "Series of the newest answered period of a spec.");
  Family<Gauge>& series_median =
      AddGauge(registry, "promtally_period_series_median",
               "Median number of series of the 24 answered periods before the newest one.");
  Family<Gauge>& absent_scopes = AddGauge(
      registry, "promtally_absent_scopes",
      "Scopes that had usage in the answered period before the newest one, and not in it.");
  Family<Gauge>& left_out =
      AddGauge(registry, "promtally_export_series_left_out",
               "1 where the usage of a spec is not exported because it has too many series.");

  Gauge& reload_successful = AddGauge(registry, "promtally_config_last_reload_successful",
                                      "Whether the configuration that was read last was taken.")
                                 .Add({});
  Gauge& reload_success_time =
      AddGauge(registry, "promtally_config_last_reload_success_timestamp_seconds",
               "When a configuration was taken last.")
          .Add({});

  Gauge& ledger_size =
      AddGauge(registry, "promtally_ledger_size_bytes", "Size of the ledger's files.").Add({});
  Counter& ledger_failures =
      AddCounter(registry, "promtally_ledger_write_failures_total",
                 "Rounds that ended because the ledger could not be written.")
          .Add({});
  prometheus::Family<Counter>& predictions =
      AddCounter(registry, "promtally_predictions_total",
                 "Predictions of committed usage by what became of them.");
  Counter& provider_faults =
      AddCounter(registry, "promtally_identity_provider_faults_total",
                 "Requests to the identity provider that gave nothing usable.")
          .Add({});
  Histogram& commit_duration = AddHistogram(registry, "promtally_ledger_commit_duration_seconds",
                                            "Time of the durable commit of a period.")
                                   .Add({}, CommitBuckets());

  std::unique_ptr<HttpMetrics> http;
  Family<Counter>& scrapes = AddCounter(registry, "promhttp_metric_handler_requests_total",
                                        "Total number of scrapes by HTTP status code.");

  Gauge& scrapes_in_flight = AddGauge(registry, "promhttp_metric_handler_requests_in_flight",
                                      "Current number of scrapes being served.")
                                 .Add({});

  // Calls `change` with each gauge or counter family that has a series a spec.
  template <typename Change>
  void ForEachOfSpec(Change change) {
    for (Family<Gauge>* family :
         {&period_lag, &last_success, &left_out, &series, &series_median, &absent_scopes}) {
      change(*family);
    }
    for (Family<Counter>* family : {&records, &rejected, &unattributed, &skipped, &excluded}) {
      change(*family);
    }
  }

  Gauge& PeriodsIn(const std::string& job, const std::string& name, const char* state) {
    Labels labels = OfSpec(job, name);
    labels.emplace("state", state);
    return periods.Add(labels);
  }
};

SelfMetrics::SelfMetrics(const BuildInfo& build, HttpMetricsOptions http,
                         const std::vector<InfoMetric>& infos)
    : families_(std::make_unique<Families>()) {
  families_->http =
      std::make_unique<HttpMetrics>(families_->registry, std::move(http), build.version);
  for (const InfoMetric& info : infos) {
    prometheus::BuildGauge()
        .Name(info.name)
        .Help("Information that the settings declare.")
        .Register(families_->registry)
        .Add({info.labels.begin(), info.labels.end()})
        .Set(1);
  }
  families_->build_info
      .Add({{"version", build.version},
            {"revision", build.revision},
            {"branch", build.branch},
            {"compiler", build.compiler},
            {"build_type", build.build_type},
            {"features", build.features}})
      .Set(1);
  for (const int code : kScrapeCodes) {
    families_->scrapes.Add({{"code", std::to_string(code)}});
  }
}

SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::RegisterSource(const std::string& source) {
  const std::lock_guard lock(families_->mutex);
  const Labels labels = OfSource(source);
  families_->query_duration.Add(labels, QueryBuckets());
  families_->response_bytes.Add(labels);
  families_->retries.Add(labels);
  families_->source_up.Add(labels);
  families_->clock_skew.Add(labels);
  for (const std::string_view outcome : kOutcomes) {
    families_->queries.Add({{"source", source}, {"outcome", std::string(outcome)}});
  }
}

void SelfMetrics::RemoveSource(const std::string& source) {
  const std::lock_guard lock(families_->mutex);
  const Labels labels = OfSource(source);
  const auto remove = [&labels](auto& family, auto&... arguments) {
    family.Remove(&family.Add(labels, arguments...));
  };
  remove(families_->query_duration, QueryBuckets());
  remove(families_->response_bytes);
  remove(families_->retries);
  remove(families_->source_up);
  remove(families_->clock_skew);
  for (const std::string_view outcome : kOutcomes) {
    families_->queries.Remove(
        &families_->queries.Add({{"source", source}, {"outcome", std::string(outcome)}}));
  }
}

void SelfMetrics::SetConfigReload(bool successful, base::Instant when) {
  families_->reload_successful.Set(successful ? 1 : 0);
  if (successful) {
    families_->reload_success_time.Set(InSeconds(when.time_since_epoch()));
  }
}

void SelfMetrics::ObserveQuery(const std::string& source, const QueryObservation& query) {
  const std::lock_guard lock(families_->mutex);
  const Labels labels = OfSource(source);
  families_->query_duration.Add(labels, QueryBuckets()).Observe(InSeconds(query.wall));
  families_->response_bytes.Add(labels).Increment(static_cast<double>(query.bytes));
  families_->retries.Add(labels).Increment(static_cast<double>(query.retries));
  families_->queries.Add({{"source", source}, {"outcome", std::string(query.outcome)}}).Increment();
}

void SelfMetrics::SetSourceUp(const std::string& source, bool up) {
  const std::lock_guard lock(families_->mutex);
  families_->source_up.Add(OfSource(source)).Set(up ? 1 : 0);
}

void SelfMetrics::SetClockSkew(const std::string& source, base::Milliseconds skew) {
  const std::lock_guard lock(families_->mutex);
  families_->clock_skew.Add(OfSource(source)).Set(InSeconds(skew));
}

void SelfMetrics::RegisterSpec(const std::string& job, const std::string& name) {
  const std::lock_guard lock(families_->mutex);
  families_->ForEachOfSpec([&](auto& family) { family.Add(OfSpec(job, name)); });
  for (const char* state : {"committed", "empty", "open", "failed"}) {
    families_->PeriodsIn(job, name, state);
  }
}

void SelfMetrics::RemoveSpec(const std::string& job, const std::string& name) {
  const std::lock_guard lock(families_->mutex);
  families_->ForEachOfSpec([&](auto& family) { family.Remove(&family.Add(OfSpec(job, name))); });
  for (const char* state : {"committed", "empty", "open", "failed"}) {
    families_->periods.Remove(&families_->PeriodsIn(job, name, state));
  }
}

void SelfMetrics::SetPeriods(const std::string& job, const std::string& name,
                             const PeriodCounts& counts) {
  const std::lock_guard lock(families_->mutex);
  families_->PeriodsIn(job, name, "committed").Set(static_cast<double>(counts.committed));
  families_->PeriodsIn(job, name, "empty").Set(static_cast<double>(counts.empty));
  families_->PeriodsIn(job, name, "open").Set(static_cast<double>(counts.open));
  families_->PeriodsIn(job, name, "failed").Set(static_cast<double>(counts.failed));
}

void SelfMetrics::SetPeriodLag(const std::string& job, const std::string& name,
                               base::Milliseconds lag) {
  const std::lock_guard lock(families_->mutex);
  families_->period_lag.Add(OfSpec(job, name)).Set(InSeconds(lag));
}

void SelfMetrics::SetLastSuccess(const std::string& job, const std::string& name,
                                 base::Instant when) {
  const std::lock_guard lock(families_->mutex);
  families_->last_success.Add(OfSpec(job, name)).Set(InSeconds(when.time_since_epoch()));
}

void SelfMetrics::ObserveCommit(const std::string& job, const std::string& name,
                                const CommitObservation& commit) {
  const std::lock_guard lock(families_->mutex);
  const Labels labels = OfSpec(job, name);
  families_->commit_duration.Observe(InSeconds(commit.wall));
  families_->records.Add(labels).Increment(static_cast<double>(commit.records));
  families_->rejected.Add(labels).Increment(static_cast<double>(commit.rejected));
  families_->unattributed.Add(labels).Increment(static_cast<double>(commit.unattributed));
  families_->skipped.Add(labels).Increment(static_cast<double>(commit.skipped));
  families_->excluded.Add(labels).Increment(static_cast<double>(commit.excluded));
}

void SelfMetrics::SetWatch(const std::string& job, const std::string& name,
                           const WatchObservation& watch) {
  const std::lock_guard lock(families_->mutex);
  const Labels labels = OfSpec(job, name);
  families_->series.Add(labels).Set(static_cast<double>(watch.series));
  families_->series_median.Add(labels).Set(watch.series_median);
  families_->absent_scopes.Add(labels).Set(static_cast<double>(watch.absent_scopes));
}

void SelfMetrics::SetExportLeftOut(const std::string& job, const std::string& name, bool left_out) {
  const std::lock_guard lock(families_->mutex);
  families_->left_out.Add(OfSpec(job, name)).Set(left_out ? 1 : 0);
}

void SelfMetrics::SetLedgerSize(std::uint64_t bytes) {
  families_->ledger_size.Set(static_cast<double>(bytes));
}

void SelfMetrics::CountLedgerFailure() { families_->ledger_failures.Increment(); }

void SelfMetrics::CountPrediction(const std::string& job, const std::string& name, bool made) {
  families_->predictions
      .Add({{"promtally_job", job}, {"name", name}, {"outcome", made ? "made" : "failed"}})
      .Increment();
}

void SelfMetrics::CountProviderFault() { families_->provider_faults.Increment(); }

void SelfMetrics::RegisterRoute(const std::string& route) {
  const std::lock_guard lock(families_->mutex);
  families_->http->RegisterRoute(route);
}

void SelfMetrics::RequestStarted(const std::string& route) {
  const std::lock_guard lock(families_->mutex);
  families_->http->Started(route);
}

void SelfMetrics::RequestFinished(const std::string& route) {
  const std::lock_guard lock(families_->mutex);
  families_->http->Finished(route);
}

void SelfMetrics::ObserveRequest(const HttpObservation& request) {
  const std::lock_guard lock(families_->mutex);
  families_->http->Observe(request);
}

void SelfMetrics::CountException(const HttpObservation& request) {
  const std::lock_guard lock(families_->mutex);
  families_->http->CountException(request);
}

void SelfMetrics::CountScrape(int code) {
  const std::lock_guard lock(families_->mutex);
  families_->scrapes.Add({{"code", std::to_string(code)}}).Increment();
}

void SelfMetrics::SetScrapesInFlight(std::size_t scrapes) {
  families_->scrapes_in_flight.Set(static_cast<double>(scrapes));
}

std::string SelfMetrics::Text(bool exporter_metrics) const {
  return Text({}, {}, exporter_metrics);
}

std::string SelfMetrics::Text(const PageStyle& style, const NameFilter& filter,
                              bool exporter_metrics) const {
  std::string text;
  auto families = families_->registry.Collect();
  if (!exporter_metrics) {
    std::erase_if(families, [](const prometheus::MetricFamily& family) {
      return family.name.starts_with("promhttp_") || HttpMetrics::IsFamily(family.name);
    });
  }
  AppendRegistry(text, std::move(families), style, filter);
  if (exporter_metrics) {
    AppendProcessMetrics(text, ReadProcessFigures(families_->start), style, filter);
  }
  return text;
}

}  // namespace promtally::exposition
