// SPDX-License-Identifier: Apache-2.0
#include "collector/round_facts.h"

#include <algorithm>

namespace promtally::collector {

void RoundFactsRequest::AddJob(const CatalogueJob& job) {
  if (std::find(jobs.begin(), jobs.end(), job.id) == jobs.end()) {
    jobs.push_back(job.id);
  }
  servers[job.settings.source].Keep(job.settings.empty_after);
}

base::Result<std::map<std::string, SourceFacts>> RecordRound(ledger::Ledger& ledger,
                                                             const RoundFactsRequest& request) {
  std::map<std::string, SourceFacts> facts;
  for (const auto& [name, server] : request.servers) {
    const auto id = ledger.RecordServer(name, server.identity.kind, server.identity.version,
                                        server.identity.closed_edges, server.seen_at);
    if (!id) {
      return tl::unexpected(id.error());
    }
    const auto up_since = ledger.UpSamplesSince(name);
    if (!up_since) {
      return tl::unexpected(up_since.error());
    }
    facts[name] = {*id, *up_since, {}};
    if (server.identity.kind == "thanos") {
      auto stores = ledger.SeeStores(name, {server.stores.begin(), server.stores.end()},
                                     request.now, request.now - server.store_memory);
      if (!stores) {
        return tl::unexpected(stores.error());
      }
      facts[name].stores = *std::move(stores);
    }
  }
  if (request.range) {
    for (const std::int64_t job : request.jobs) {
      if (auto status = ledger.RecordRequestedRange(job, *request.range, request.now); !status) {
        return tl::unexpected(status.error());
      }
    }
  }
  return facts;
}

}  // namespace promtally::collector
