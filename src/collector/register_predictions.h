// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "collector/catalogue.h"

namespace promtally::collector {

struct PredictionRequest {
  const ConfiguredJob& configured;
  std::int64_t config_id = 0;
  base::Instant now;
};

/// Makes the ledger know what the models of a job's specs make, and puts it into the catalogue:
/// outputs that are new begin with the newest complete period, or with their spec's first one where
/// that is later; outputs that are gone are retired. Part of Register. Ledger thread.
[[nodiscard]] base::Status RegisterPredictions(ledger::Ledger& ledger,
                                               const PredictionRequest& request, CatalogueJob* job);

}  // namespace promtally::collector
