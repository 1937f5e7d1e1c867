// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "exposition/self_metrics.h"
#include "promtally/base/time.h"
#include "web/http.h"

namespace promtally::web {

/// What `/api/v1/status/…` tells, in Prometheus' envelope.
struct StatusFacts {
  std::string config_yaml;  ///< of the configuration in force, secrets masked
  std::vector<std::pair<std::string, std::string>> flags;
  exposition::BuildInfo build;
  base::Instant started;
  base::Instant config_loaded;  ///< when a configuration was taken last
  bool reload_successful = true;
};

[[nodiscard]] Response ConfigResponse(const StatusFacts& facts);
[[nodiscard]] Response FlagsResponse(const StatusFacts& facts);
[[nodiscard]] Response BuildInfoResponse(const StatusFacts& facts);
[[nodiscard]] Response RuntimeInfoResponse(const StatusFacts& facts);

}  // namespace promtally::web
