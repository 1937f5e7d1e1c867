// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/diagnostic.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"
#include "promtally/config/access_settings.h"
#include "promtally/config/http_client_settings.h"
#include "promtally/config/models_settings.h"
#include "promtally/config/self_metrics_settings.h"
#include "promtally/config/web_limits.h"
#include "promtally/metering/exact_options.h"
#include "promtally/metering/period.h"
#include "promtally/metering/quantity.h"
#include "promtally/metering/series_limits.h"

namespace promtally::config {

/// What one answer of a source may be; more is refused, and asked for in smaller parts.
struct SourceLimits {
  std::uint64_t answer_bytes = 64ULL << 20;  ///< decoded
  std::uint64_t compression_ratio = 100;     ///< decoded : received, looked at from 1 MiB on
};

/// How Grafana is asked: by its data source proxy, which hands Prometheus' answers on as they are,
/// by its own query API, or by the proxy first and the query API where the proxy is refused.
enum class GrafanaApi { kAuto, kProxy, kDsQuery };
/// What kind of server answers; `kAuto`: found by asking.
enum class DialectName { kAuto, kPrometheus2, kPrometheus3, kThanos, kMimir, kVictoriaMetrics };
[[nodiscard]] std::string_view ToText(DialectName dialect);

/// One entry of `sources:`.
struct SourceSettings {
  std::string name = "prometheus";
  std::string type = "prometheus";  ///< or grafana
  std::string url;                  ///< base URL, without /api/v1
  std::string datasource_uid;       ///< grafana: the data source
  GrafanaApi grafana_api = GrafanaApi::kAuto;
  base::Milliseconds timeout{60000};  ///< of one request, > 0
  int concurrency = 2;                ///< queries in flight, 1..64
  SourceLimits limits;
  DialectName dialect = DialectName::kAuto;
  std::int64_t max_samples = 2'000'000;  ///< of one raw answer; larger reads are split
  HttpClientSettings http;
};

enum class OnBadSeries { kReject, kHold };

/// `half_open`: `*_over_time` of a server whose windows are closed at both ends is asked without
/// the sample at begin.
enum class WindowEdges { kAsWritten, kHalfOpen };

/// One entry of `collect:`. Paths are as written; the caller joins them with the folder of the
/// file.
struct JobSettings {
  std::string job = "default";
  std::string source;  ///< name of a source; filled in when there is only one
  std::string metrics_file = "metrics.yml";
  metering::SchedulePolicy schedule;        ///< period, wait_periods, settle
  std::optional<std::string> scope_key;     ///< absent: one unscoped query a metric
  std::vector<std::string> include_scopes;  ///< scopes.include
  std::vector<std::string> exclude_scopes;  ///< scopes.exclude
  std::optional<base::Instant> start;
  metering::RoundingMode rounding = metering::RoundingMode::kExact;
  OnBadSeries on_bad_series = OnBadSeries::kReject;
  base::Milliseconds empty_after{86'400'000};
  double min_coverage = 0.5;  ///< 0 to 1, of the median number of `up` samples; 0: not asked for
  metering::SeriesLimits limits;
  metering::Evaluation evaluation = metering::Evaluation::kPromql;  ///< where metrics.yml has none
  WindowEdges window_edges = WindowEdges::kAsWritten;
  std::optional<base::Milliseconds> audit;  ///< absent: 24h for exact specs, 0s for others
  base::Milliseconds checkpoint_retention{std::chrono::hours(90 * 24)};
};

/// How long a committed period of a spec stays provisional, and is read again before it is final.
[[nodiscard]] base::Milliseconds AuditOf(const JobSettings& job, metering::Evaluation evaluation);

struct LedgerSettings {
  std::string type = "sqlite";
  std::string path = "promtally.db";
};

struct WebSettings {
  std::vector<std::string> listen{"localhost:9899"};
  std::string telemetry_path = "/metrics";
  std::string config_file;  ///< web.yml, as written; empty: neither TLS nor users
  Authentication authentication = Authentication::kAuto;
  std::optional<OidcSettings> oidc;  ///< absent: no tokens
  AccessSettings access;
  WebLimits limits;
  SelfMetricsSettings self_metrics;
};

struct ExportSettings {
  std::string prefix = "promtally_usage_";
  std::size_t max_series = 100'000;  ///< of one spec
  std::vector<StaticInfo> info;      ///< in the file's order
};

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };

struct LogSettings {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kLogfmt;
};

/// promtally.yml. Immutable once loaded.
struct Settings {
  std::vector<SourceSettings> sources;
  std::vector<JobSettings> jobs;
  LedgerSettings ledger;
  WebSettings web;
  HttpMetricsSettings http_metrics;
  ModelsSettings models;
  ExportSettings export_settings;
  LogSettings log;
};

/// What a whole promtally.yml says; `files` and `metrics_files` are empty where it has errors.
struct SettingsFile {
  Settings settings;
  base::Diagnostics diagnostics;
  std::vector<NamedFile> files;          ///< secrets and certificates of sources and models
  std::vector<NamedFile> metrics_files;  ///< one a job, in their order
};

/// Looks up an environment variable; nullopt when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// Reads promtally.yml: all problems at once. `${NAME}` and `${NAME:-default}` in values are taken
/// from `environment`.
[[nodiscard]] SettingsFile ReadSettings(std::string_view bytes, std::string_view file,
                                        const Environment& environment);

/// The settings in force as promtally.yml, defaults written out and every secret as `<secret>`.
[[nodiscard]] std::string ToYaml(const Settings& settings);

/// One job in force as text that the ledger keeps, and back.
[[nodiscard]] std::string ToYaml(const JobSettings& job);
[[nodiscard]] base::Result<JobSettings> JobFromYaml(std::string_view text);

/// True for a path that begins with `/` and is neither another route of `serve` nor below one.
[[nodiscard]] bool MayBeTelemetryPath(std::string_view path);

/// True when the file has a top-level key of promtally.yml (`check` decides by it which kind a file
/// is).
[[nodiscard]] bool LooksLikeSettings(std::string_view bytes);

/// Every key that the reader knows, as dotted path (`collect[].scopes.include`): documentation is
/// tested against it.
[[nodiscard]] std::vector<std::string> SettingsKeys();
[[nodiscard]] std::vector<std::string> MetricsKeys();

}  // namespace promtally::config
