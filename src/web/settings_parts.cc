// SPDX-License-Identifier: Apache-2.0
#include "web/settings_parts.h"

#include <algorithm>
#include <memory>

#include "promtally/metering/scope_filter.h"

namespace promtally::web {

ServerLimits LimitsOf(const config::WebLimits& settings) {
  ServerLimits limits;
  limits.connections = settings.connections;
  limits.connections_per_address = settings.connections_per_address;
  limits.header_timeout = settings.header_timeout;
  limits.body_timeout = settings.body_timeout;
  limits.idle_timeout = settings.idle_timeout;
  limits.write_timeout = settings.write_timeout;
  limits.header_bytes = settings.header_bytes;
  limits.headers = settings.headers;
  limits.url_bytes = settings.url_bytes;
  limits.body_bytes = settings.body_bytes;
  limits.import_bytes = settings.import_bytes;
  return limits;
}

exposition::StoreLimits LimitsOf(const config::HttpMetricsSettings& settings) {
  return {settings.max_series,    settings.max_series_per_metric, settings.max_labels,
          settings.name_bytes,    settings.label_value_bytes,     settings.help_bytes,
          settings.created_series};
}

exposition::HttpMetricsOptions SelfMetricsOf(const config::SelfMetricsSettings& settings) {
  exposition::HttpMetricsOptions options;
  options.by_route = settings.by_route;
  options.buckets = settings.buckets;
  options.labels = settings.labels;
  options.flask_names = settings.flask_names;
  if (!settings.exclude.empty()) {
    // Expressions were checked when the settings were read.
    auto filter = std::make_shared<metering::ScopeFilter>(
        metering::ScopeFilter::Make({}, settings.exclude).value_or(metering::ScopeFilter()));
    options.is_counted = [filter](std::string_view route) { return filter->Admits(route); };
  }
  return options;
}

std::vector<exposition::InfoMetric> InfosOf(const config::ExportSettings& settings) {
  std::vector<exposition::InfoMetric> infos;
  for (const config::StaticInfo& info : settings.info) {
    infos.push_back({info.name, info.labels});
  }
  return infos;
}

bool IsStaticInfo(const config::ExportSettings& settings, std::string_view name) {
  return std::any_of(settings.info.begin(), settings.info.end(),
                     [&](const config::StaticInfo& info) { return info.name == name; });
}

std::vector<const char*> ChangedForARestart(const config::Settings& running,
                                            const config::Settings& read) {
  std::vector<const char*> changed;
  const auto compare = [&changed](const char* name, const auto& one, const auto& other) {
    if (!(one == other)) {
      changed.push_back(name);
    }
  };
  compare("web.listen", running.web.listen, read.web.listen);
  compare("web.telemetry_path", running.web.telemetry_path, read.web.telemetry_path);
  compare("web.config_file", running.web.config_file, read.web.config_file);
  compare("web.limits", running.web.limits, read.web.limits);
  compare("web.self_metrics", running.web.self_metrics, read.web.self_metrics);
  compare("models", config::ToYaml(running.models), config::ToYaml(read.models));
  compare("http_metrics", running.http_metrics, read.http_metrics);
  compare("export.info", running.export_settings.info, read.export_settings.info);
  return changed;
}

}  // namespace promtally::web
