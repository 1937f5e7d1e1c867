// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "exposition/self_metrics.h"

namespace promtally::exposition {
namespace {

constexpr std::array<std::string_view, 38> kPlain{
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
    "promhttp_metric_handler_requests_in_flight",
    "promhttp_metric_handler_requests_total",
    "promtally_absent_scopes",
    "promtally_build_info",
    "promtally_clock_skew_seconds",
    "promtally_config_last_reload_success_timestamp_seconds",
    "promtally_config_last_reload_successful",
    "promtally_excluded_series_total",
    "promtally_export_series_left_out",
    "promtally_http_exceptions_total",
    "promtally_http_requests_in_flight",
    "promtally_http_requests_total",
    "promtally_identity_provider_faults_total",
    "promtally_last_success_timestamp_seconds",
    "promtally_ledger_size_bytes",
    "promtally_ledger_write_failures_total",
    "promtally_period_end_timestamp_seconds",
    "promtally_period_lag_seconds",
    "promtally_period_series",
    "promtally_period_series_median",
    "promtally_periods",
    "promtally_predictions_total",
    "promtally_records_total",
    "promtally_rejected_series_total",
    "promtally_skipped_series_total",
    "promtally_source_queries_total",
    "promtally_source_response_bytes_total",
    "promtally_source_retries_total",
    "promtally_source_up",
    "promtally_spec_info",
    "promtally_unattributed_series_total",
    "up",  // Prometheus adds it to every scrape
};

constexpr std::array<std::string_view, 4> kHistograms{
    "promtally_http_request_duration_seconds", "promtally_http_response_size_bytes",
    "promtally_ledger_commit_duration_seconds", "promtally_source_query_duration_seconds"};

}  // namespace

bool IsOwnFamily(std::string_view name) {
  if (std::find(kPlain.begin(), kPlain.end(), name) != kPlain.end()) {
    return true;
  }
  return std::any_of(kHistograms.begin(), kHistograms.end(), [&](std::string_view histogram) {
    if (!name.starts_with(histogram)) {
      return false;
    }
    const std::string_view suffix = name.substr(histogram.size());
    return suffix.empty() || suffix == "_bucket" || suffix == "_sum" || suffix == "_count";
  });
}

}  // namespace promtally::exposition
