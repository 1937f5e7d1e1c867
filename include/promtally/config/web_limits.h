// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "promtally/base/time.h"

namespace promtally::config {

/// `web.limits`: what one client of `serve` may take; 0: no limit.
struct WebLimits {
  std::size_t connections = 512;
  std::size_t connections_per_address = 64;
  std::size_t scrapes = 40;  ///< at a time; `--web.max-requests`
  base::Milliseconds header_timeout{5000};
  base::Milliseconds body_timeout{30000};
  base::Milliseconds idle_timeout{60000};
  base::Milliseconds write_timeout{60000};
  std::uint32_t header_bytes = 16384;
  std::size_t headers = 64;
  std::size_t url_bytes = 8192;
  std::uint64_t body_bytes = std::uint64_t{1} << 20;
  std::uint64_t import_bytes = std::uint64_t{64} << 20;  ///< of a body of samples
  std::size_t json_depth = 64;                           ///< at least 1
  [[nodiscard]] bool operator==(const WebLimits&) const = default;
};

/// `http_metrics`: metrics that are made over HTTP; 0: no limit.
struct HttpMetricsSettings {
  base::Milliseconds sync{1000};  ///< until a change survives a power cut; 0: before it is answered
  std::size_t max_series = 2'000'000;
  std::size_t max_series_per_metric = 1'000'000;
  std::size_t max_labels = 64;
  std::size_t name_bytes = 256;
  std::size_t label_value_bytes = 4096;
  std::size_t help_bytes = 4096;
  bool created_series = true;  ///< whether `_created` is shown
  [[nodiscard]] bool operator==(const HttpMetricsSettings&) const = default;
};

}  // namespace promtally::config
