// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cli/load.h"
#include "cli/options.h"

namespace promtally::cli {

/// `collect --dry-run`: prints the queries that a run would send, changes nothing.
int RunCollectDry(const CollectOptions& options, const Configuration& configuration,
                  const std::optional<metering::Period>& range);

}  // namespace promtally::cli
