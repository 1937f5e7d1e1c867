// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "exposition/metric_definition.h"
#include "promtally/config/web_limits.h"
#include "web/server.h"

namespace promtally::web {

/// The limits of the settings as those who keep them want them.
[[nodiscard]] ServerLimits LimitsOf(const config::WebLimits& settings);
[[nodiscard]] exposition::StoreLimits LimitsOf(const config::HttpMetricsSettings& settings);

}  // namespace promtally::web
