// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collector/catalogue.h"

namespace promtally::collector {

/// A spec as the planner sees it. A stored version that cannot be read is warned about.
[[nodiscard]] CatalogueSpec EntryOf(ledger::Spec row, base::Seconds length,
                                    std::vector<std::string>* warnings);

/// The scopes of a job. kParse: an expression that cannot be read.
[[nodiscard]] base::Result<std::shared_ptr<const metering::ScopeFilter>> FilterOf(
    const config::JobSettings& settings);

}  // namespace promtally::collector
