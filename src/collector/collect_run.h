// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "collector/predictor.h"
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

struct CollectListeners {
  std::function<void(RoundReport)> on_round;  ///< of every round
  std::function<void(const PredictionsReport&)> on_predictions = [](const PredictionsReport&) {};
};

/// Collects what is due, predicts from what was committed, and returns; periods whose next try is
/// only seconds away are waited for. SIGINT and SIGTERM end it after the commits that have begun.
/// Blocks its caller.
void RunCollection(CollectRequest request, const CollectListeners& listeners);

}  // namespace promtally::collector
