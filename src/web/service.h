// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "collector/catalogue.h"
#include "exposition/self_metrics.h"
#include "ledger/reader.h"
#include "ledger/sqlite_ledger.h"
#include "promtally/config/settings.h"

namespace promtally::web {

struct ServiceRequest {
  const config::Settings* settings = nullptr;  ///< sources, web, export, log; outlives the call
  std::string ledger_path;
  std::unique_ptr<ledger::WritableLedger> ledger;
  std::shared_ptr<ledger::Reader> reader;
  std::shared_ptr<collector::Catalogue> catalogue;
  exposition::BuildInfo build;
  std::function<base::Instant()> clock;
};

/// Schedules, collects and answers HTTP until SIGINT or SIGTERM; then nothing is left half done. A
/// second signal ends the process at once (the ledger survives that). An error: it could not
/// listen. Blocks its caller.
[[nodiscard]] base::Status RunService(ServiceRequest request);

}  // namespace promtally::web
