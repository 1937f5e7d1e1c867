// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include "collector/event_log.h"
#include "exposition/self_metrics.h"
#include "ledger/reader.h"

namespace promtally::collector {

/// Looks at the newest answered period of specs beside those before it, and says once what an
/// operator should see: scopes that are gone, far fewer series than usual. One thread uses an
/// object.
class SpecWatcher {
 public:
  void Look(ledger::Reader& reader, const std::string& job, const std::string& name,
            exposition::SelfMetrics& metrics, const EventLog& log);

 private:
  /// The newest period of each spec (job, name) that was looked at.
  std::map<std::pair<std::string, std::string>, base::Instant> seen_;
};

/// What is worth a warning, as one line for people each; empty when nothing is.
[[nodiscard]] std::vector<std::string> WarningsOf(const ledger::SpecWatch& watch);

}  // namespace promtally::collector
