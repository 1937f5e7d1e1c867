// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "collector/catalogue.h"

namespace promtally::collector {

/// Retires the specs of jobs that the ledger knows and the configuration does not. What they have
/// open is collected with the settings that the job had last, where its source is still configured;
/// else it stays open, and a warning says so. Ledger thread.
[[nodiscard]] base::Status LeaveJobs(ledger::Ledger& ledger, const RegisterRequest& request,
                                     Catalogue* catalogue);

}  // namespace promtally::collector
