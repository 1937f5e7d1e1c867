// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "collector/round.h"
#include "promtally/config/settings.h"

namespace promtally::collector {

/// One run of `collect`.
struct CollectRequest {
  const config::Settings* settings = nullptr;  ///< sources
  std::unique_ptr<ledger::WritableLedger> ledger;
  std::shared_ptr<Catalogue> catalogue;
  RoundScope scope;
  std::function<base::Instant()> clock;
  RoundObserver* observer = nullptr;
};

/// Collects what is due and returns; periods whose next try is only seconds away are waited for.
/// SIGINT and SIGTERM end it after the commits that have begun. `on_round` is told of every round.
/// Blocks its caller.
void RunCollection(CollectRequest request, const std::function<void(RoundReport)>& on_round);

}  // namespace promtally::collector
