// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collector/catalogue.h"
#include "collector/configured.h"
#include "exposition/self_metrics.h"
#include "ledger/reader.h"
#include "ledger/sqlite_ledger.h"
#include "promtally/config/settings.h"

namespace promtally::web {

struct ServiceRequest {
  collector::Configured configured;
  collector::ReadConfigured read;      ///< for reloads
  bool enable_lifecycle = false;       ///< `/-/reload` and `/-/quit`
  std::string route_prefix;            ///< of every path, `/x`; empty: none
  std::string external_host;           ///< a Host that loopback listeners take beside their own
  std::vector<int> inherited_sockets;  ///< in the place of web.listen
  std::size_t max_scrapes = 40;
  bool exporter_metrics = true;
  std::vector<std::pair<std::string, std::string>> flags;  ///< as `/api/v1/status/flags` shows them
  std::unique_ptr<ledger::WritableLedger> ledger;
  std::shared_ptr<ledger::Reader> reader;
  std::shared_ptr<collector::Catalogue> catalogue;
  exposition::BuildInfo build;
  std::function<base::Instant()> clock;
  std::chrono::milliseconds load_duration{0};  ///< of reading and registering the configuration
};

/// Schedules, collects and answers HTTP until SIGINT or SIGTERM; then nothing is left half done.
/// SIGHUP (and `/-/reload`) reads the configuration anew: it is taken between two rounds, or
/// changes nothing. A second signal ends the process at once (the ledger survives that). An error:
/// it could not listen. Blocks its caller.
[[nodiscard]] base::Status RunService(ServiceRequest request);

}  // namespace promtally::web
