// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collector/catalogue.h"
#include "ledger/ledger.h"
#include "source/source.h"

namespace promtally::collector {

/// What the ledger is told at the beginning of a round.
struct RoundFactsRequest {
  struct Server {
    source::ServerIdentity identity;
    base::Instant seen_at;
    std::set<std::string> stores;       ///< label sets of those that answer
    base::Milliseconds store_memory{};  ///< a store that was last seen earlier is believed gone

    /// The longest of the jobs' `empty_after`: what is gone holds a period as long as an empty
    /// answer does.
    void Keep(base::Milliseconds empty_after) {
      store_memory = std::max(store_memory, empty_after);
    }
  };
  std::map<std::string, Server> servers;  ///< by source
  std::vector<std::int64_t> jobs;
  std::optional<metering::Period> range;  ///< requested by hand
  base::Instant now;

  /// Once however often a job has work.
  void AddJob(const CatalogueJob& job);
};

/// What it knows of a source.
struct SourceFacts {
  std::int64_t server_id = 0;
  std::optional<base::Instant> up_since;
  std::vector<ledger::SeenStore> stores;
};

/// Records servers and requested range; returns what is known of each source. Ledger thread.
[[nodiscard]] base::Result<std::map<std::string, SourceFacts>> RecordRound(
    ledger::Ledger& ledger, const RoundFactsRequest& request);

}  // namespace promtally::collector
