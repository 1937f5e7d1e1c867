// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "promtally/base/time.h"

namespace promtally::ledger {

/// A server behind a source that joins several, by what it adds to its series.
struct SeenStore {
  std::string labels;
  base::Instant seen_at;
};

}  // namespace promtally::ledger
