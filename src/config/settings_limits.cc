// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "config/settings_reader.h"

namespace promtally::config {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

/// A whole number into a limit, which keeps its default where the value is wrong.
template <typename Number>
void ReadLimit(ValueReader& reader, const Node& value, std::int64_t least, std::int64_t most,
               Number& limit) {
  if (const auto number = reader.Integer(value, least, most)) {
    limit = static_cast<Number>(*number);
  }
}

constexpr std::array<Field<SourceLimits>, 2> kSourceLimits{{
    {"answer_bytes",
     [](ValueReader& reader, const Node& value, SourceLimits& limits) {
       ReadLimit(reader, value, 1024, 4096 * kMiB, limits.answer_bytes);
     }},
    {"compression_ratio",
     [](ValueReader& reader, const Node& value, SourceLimits& limits) {
       ReadLimit(reader, value, 1, 10'000, limits.compression_ratio);
     }},
}};

constexpr std::array<Field<metering::SeriesLimits>, 4> kSeriesLimits{{
    {"series",
     [](ValueReader& reader, const Node& value, metering::SeriesLimits& limits) {
       ReadLimit(reader, value, 1, 100'000'000, limits.series);
     }},
    {"labels",
     [](ValueReader& reader, const Node& value, metering::SeriesLimits& limits) {
       ReadLimit(reader, value, 1, 1024, limits.labels);
     }},
    {"label_name_bytes",
     [](ValueReader& reader, const Node& value, metering::SeriesLimits& limits) {
       ReadLimit(reader, value, 1, kMiB, limits.label_name_bytes);
     }},
    {"label_value_bytes",
     [](ValueReader& reader, const Node& value, metering::SeriesLimits& limits) {
       ReadLimit(reader, value, 1, kMiB, limits.label_value_bytes);
     }},
}};

/// A field of a limit that 0 switches off.
template <typename Limits, auto Member, std::int64_t kMost>
void ReadOptionalLimit(ValueReader& reader, const Node& value, Limits& limits) {
  ReadLimit(reader, value, 0, kMost, limits.*Member);
}

template <typename Limits, auto Member>
void ReadTime(ValueReader& reader, const Node& value, Limits& limits) {
  constexpr base::Milliseconds kMost = std::chrono::hours(24);
  const auto time = reader.Duration(value);
  if (time && *time > kMost) {
    reader.Wrong(value, "must be at most 24h", "0s is no limit");
  } else if (time) {
    limits.*Member = *time;
  }
}

constexpr std::int64_t kMany = 1'000'000'000;

constexpr std::array<Field<WebLimits>, 13> kWebLimits{{
    {"connections", ReadOptionalLimit<WebLimits, &WebLimits::connections, kMany>},
    {"connections_per_address",
     ReadOptionalLimit<WebLimits, &WebLimits::connections_per_address, kMany>},
    {"scrapes", ReadOptionalLimit<WebLimits, &WebLimits::scrapes, kMany>},
    {"header_timeout", ReadTime<WebLimits, &WebLimits::header_timeout>},
    {"body_timeout", ReadTime<WebLimits, &WebLimits::body_timeout>},
    {"idle_timeout", ReadTime<WebLimits, &WebLimits::idle_timeout>},
    {"write_timeout", ReadTime<WebLimits, &WebLimits::write_timeout>},
    {"header_bytes", ReadOptionalLimit<WebLimits, &WebLimits::header_bytes, kMiB>},
    {"headers", ReadOptionalLimit<WebLimits, &WebLimits::headers, kMany>},
    {"url_bytes", ReadOptionalLimit<WebLimits, &WebLimits::url_bytes, kMiB>},
    {"body_bytes", ReadOptionalLimit<WebLimits, &WebLimits::body_bytes, 4096 * kMiB>},
    {"import_bytes", ReadOptionalLimit<WebLimits, &WebLimits::import_bytes, 4096 * kMiB>},
    {"json_depth", [](ValueReader& reader, const Node& value,
                      WebLimits& limits) { ReadLimit(reader, value, 1, 1000, limits.json_depth); }},
}};

using HttpMetrics = HttpMetricsSettings;
constexpr std::array<Field<HttpMetrics>, 8> kHttpMetrics{{
    {"sync", ReadTime<HttpMetrics, &HttpMetrics::sync>},
    {"max_series", ReadOptionalLimit<HttpMetrics, &HttpMetrics::max_series, kMany>},
    {"max_series_per_metric",
     ReadOptionalLimit<HttpMetrics, &HttpMetrics::max_series_per_metric, kMany>},
    {"max_labels", ReadOptionalLimit<HttpMetrics, &HttpMetrics::max_labels, 1024>},
    {"name_bytes", ReadOptionalLimit<HttpMetrics, &HttpMetrics::name_bytes, kMiB>},
    {"label_value_bytes", ReadOptionalLimit<HttpMetrics, &HttpMetrics::label_value_bytes, kMiB>},
    {"help_bytes", ReadOptionalLimit<HttpMetrics, &HttpMetrics::help_bytes, kMiB>},
    {"created_series",
     [](ValueReader& reader, const Node& value, HttpMetrics& settings) {
       settings.created_series = reader.Bool(value).value_or(settings.created_series);
     }},
}};

}  // namespace

void ReadWebLimits(ValueReader& reader, const Node& value, WebSettings& web) {
  if (reader.IsMap(value)) {
    reader.ReadMap<WebLimits>(value, "web.limits", {kWebLimits}, web.limits);
  }
}

void ReadHttpMetrics(ValueReader& reader, const Node& value, Settings& settings) {
  if (reader.IsMap(value)) {
    reader.ReadMap<HttpMetrics>(value, "http_metrics", {kHttpMetrics}, settings.http_metrics);
  }
}

void ReadSourceLimits(ValueReader& reader, const Node& value, SourceLimits& limits) {
  if (reader.IsMap(value)) {
    reader.ReadMap<SourceLimits>(value, "sources[].limits", {kSourceLimits}, limits);
  }
}

void ReadSeriesLimits(ValueReader& reader, const Node& value, metering::SeriesLimits& limits) {
  if (reader.IsMap(value)) {
    reader.ReadMap<metering::SeriesLimits>(value, "collect[].limits", {kSeriesLimits}, limits);
  }
}

void AppendLimitKeys(std::vector<std::string>& keys) {
  AppendKeys<SourceLimits>("sources[].limits.", kSourceLimits, keys);
  AppendKeys<metering::SeriesLimits>("collect[].limits.", kSeriesLimits, keys);
  AppendKeys<WebLimits>("web.limits.", kWebLimits, keys);
  AppendKeys<HttpMetrics>("http_metrics.", kHttpMetrics, keys);
}

}  // namespace promtally::config
