// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/retries.h"
#include "promtally/metering/metric_spec.h"
#include "promtally/metering/period.h"
#include "promtally/metering/scope_filter.h"

namespace promtally::collector {

struct DiscoveryRequest {
  std::shared_ptr<const metering::MetricSpec> spec;
  std::string scope_key;
  metering::Period period;
  std::shared_ptr<const metering::ScopeFilter> filter;  ///< nullptr: all scopes
  Retries retries;
  std::function<void()> on_room;  ///< a next try is waited for; may be empty
};

struct Discovery {
  std::vector<std::string> scopes;  ///< sorted, those that the filter admits
  std::optional<source::QueryFailure> failure;
  int attempts = 0;
};

/// Lists the scopes that have series of a spec in a period. A list that is too much for one answer
/// is asked in parts, by the first characters of the ids; so is one whose length is a round number
/// (a multiple of 1,000), as servers cut lists at such a limit without a word. `done` comes once,
/// unless the gate abandons it. Loop thread only.
void DiscoverScopes(DiscoveryRequest request, std::function<void(Discovery)> done);

}  // namespace promtally::collector
