// SPDX-License-Identifier: Apache-2.0
#include "web/settings_limits.h"

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

}  // namespace promtally::web
