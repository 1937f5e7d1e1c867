// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "exposition/metric_definition.h"
#include "exposition/self_metrics.h"
#include "promtally/config/settings.h"
#include "web/server.h"

namespace promtally::web {

// What the settings say, as those parts want it that do not know the settings.

[[nodiscard]] ServerLimits LimitsOf(const config::WebLimits& settings);
[[nodiscard]] exposition::StoreLimits LimitsOf(const config::HttpMetricsSettings& settings);

[[nodiscard]] exposition::HttpMetricsOptions SelfMetricsOf(
    const config::SelfMetricsSettings& settings);
[[nodiscard]] std::vector<exposition::InfoMetric> InfosOf(const config::ExportSettings& settings);
/// Whether `export.info` has a metric of that name.
[[nodiscard]] bool IsStaticInfo(const config::ExportSettings& settings, std::string_view name);

/// Names of the settings that differ and that a running process cannot change.
[[nodiscard]] std::vector<const char*> ChangedForARestart(const config::Settings& running,
                                                          const config::Settings& read);

}  // namespace promtally::web
