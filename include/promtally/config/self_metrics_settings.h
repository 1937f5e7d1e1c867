// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "promtally/base/labels.h"

namespace promtally::config {

/// `web.self_metrics`: how the metrics of the HTTP server itself are kept.
struct SelfMetricsSettings {
  bool by_route = true;         ///< group_by: route, or none
  std::vector<double> buckets;  ///< seconds, ascending; empty: the 14 defaults
  /// Routes that are not counted: templates, or `/expressions/` (RE2, anchored at both ends).
  std::vector<std::string> exclude;
  base::LabelSet labels;     ///< on every HTTP self metric
  bool flask_names = false;  ///< flask_http_… as well
  [[nodiscard]] bool operator==(const SelfMetricsSettings&) const = default;
};

/// A gauge that is 1, whose labels say something: `app_info{version="1.0.3"}`.
struct StaticInfo {
  std::string name;
  base::LabelSet labels;
  [[nodiscard]] bool operator==(const StaticInfo&) const = default;
};

}  // namespace promtally::config
