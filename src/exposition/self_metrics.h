// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/piece_reader.h"
#include "exposition/text_encoder.h"
#include "promtally/base/labels.h"
#include "promtally/base/time.h"

namespace promtally::exposition {

/// Labels of promtally_build_info.
struct BuildInfo {
  std::string version;
  std::string revision;
  std::string branch;
  std::string compiler;
  std::string build_type;
  std::string features;
  std::string date;  ///< no label: when it was built, RFC 3339, or empty
};

/// One query that was answered or given up.
struct QueryObservation {
  std::chrono::microseconds wall{0};  ///< all tries together
  std::uint64_t bytes = 0;            ///< decoded body
  std::uint64_t retries = 0;          ///< tries after the first
  std::string_view outcome;           ///< `success`, or a reason of an open or failed period
};

/// Periods of a spec by state.
struct PeriodCounts {
  std::int64_t committed = 0;
  std::int64_t empty = 0;
  std::int64_t open = 0;
  std::int64_t failed = 0;
};

/// What one commit wrote and left out.
struct CommitObservation {
  std::chrono::microseconds wall{0};
  std::int64_t records = 0;
  std::int64_t rejected = 0;      ///< series
  std::int64_t unattributed = 0;  ///< series
  std::int64_t skipped = 0;       ///< series that the skip expression removed
  std::int64_t excluded = 0;      ///< series of scopes that the settings leave out
};

/// What the newest answered period of a spec looks like beside those before it.
struct WatchObservation {
  std::int64_t series = 0;
  double series_median = 0;
  std::int64_t absent_scopes = 0;
};

/// One HTTP exchange. `method` is one of the known ones or `other`, `route` a template or
/// `unmatched`, so that no client decides how many series there are.
struct HttpObservation {
  std::string_view method;
  std::string_view route;
  int code = 200;
  std::chrono::microseconds wall{0};
  std::uint64_t bytes = 0;
};

/// How the HTTP server's metrics are kept.
struct HttpMetricsOptions {
  bool by_route = true;         ///< with a label `route`
  std::vector<double> buckets;  ///< of the duration, seconds; empty: 14 from 5 ms to 10 s
  /// Whether exchanges of a route are counted; empty: all are.
  std::function<bool(std::string_view route)> is_counted;
  base::LabelSet labels;     ///< on each of them
  bool flask_names = false;  ///< as prometheus_flask_exporter calls them, as well
};

/// A gauge that is 1: what its labels say.
struct InfoMetric {
  std::string name;
  base::LabelSet labels;
};

/// What promtally measures of itself: `promtally_*`, `process_*` and
/// `promhttp_metric_handler_requests_total`. Values are of this process and restart at 0; nothing
/// here has a scope label. Durations are seconds on the page.
///
/// Series of sources, specs and routes start at 0 when they are registered; observing an
/// unregistered one registers it. Threads: any, each call is safe beside every other.
class SelfMetrics {
 public:
  explicit SelfMetrics(const BuildInfo& build, HttpMetricsOptions http = {},
                       const std::vector<InfoMetric>& infos = {});
  ~SelfMetrics();
  SelfMetrics(const SelfMetrics&) = delete;
  SelfMetrics& operator=(const SelfMetrics&) = delete;

  void RegisterSource(const std::string& source);
  /// Takes the source's series off the page.
  void RemoveSource(const std::string& source);
  void ObserveQuery(const std::string& source, const QueryObservation& query);
  void SetSourceUp(const std::string& source, bool up);
  /// Local clock minus the server's.
  void SetClockSkew(const std::string& source, base::Milliseconds skew);

  void RegisterSpec(const std::string& job, const std::string& name);
  /// Takes the spec's series off the page.
  void RemoveSpec(const std::string& job, const std::string& name);
  void SetPeriods(const std::string& job, const std::string& name, const PeriodCounts& counts);
  void SetPeriodLag(const std::string& job, const std::string& name, base::Milliseconds lag);
  void SetLastSuccess(const std::string& job, const std::string& name, base::Instant when);
  void ObserveCommit(const std::string& job, const std::string& name,
                     const CommitObservation& commit);
  void SetWatch(const std::string& job, const std::string& name, const WatchObservation& watch);
  /// Whether the spec's families are left out of the page because it has too many series.
  void SetExportLeftOut(const std::string& job, const std::string& name, bool left_out);
  void SetLedgerSize(std::uint64_t bytes);
  void CountLedgerFailure();
  void CountProviderFault();
  /// One prediction of a model block, made or failed.
  void CountPrediction(const std::string& job, const std::string& name, bool made);
  /// A configuration was read at `when`: taken, or refused and the one before kept.
  void SetConfigReload(bool successful, base::Instant when);

  void RegisterRoute(const std::string& route);
  void RequestStarted(const std::string& route);
  void RequestFinished(const std::string& route);
  void ObserveRequest(const HttpObservation& request);
  /// A handler failed by an exception, which was answered with 500.
  void CountException(const HttpObservation& request);
  /// Answers of the telemetry path.
  void CountScrape(int code);
  void SetScrapesInFlight(std::size_t scrapes);

  /// All of it as text 0.0.4, as it is now; families sorted by name, process_* last.
  /// Without `exporter_metrics` process_*, promhttp_* and promtally_http_* are left out.
  [[nodiscard]] std::string Text(bool exporter_metrics = true) const;
  /// The same in another style, and only the families that were asked for.
  [[nodiscard]] std::string Text(const PageStyle& style, const NameFilter& filter,
                                 bool exporter_metrics) const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

/// Every sample name of promtally's own (histograms with their suffixes): a spec's family of that
/// name is refused.
[[nodiscard]] bool IsOwnFamily(std::string_view name);

}  // namespace promtally::exposition
