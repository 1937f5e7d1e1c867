// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "promtally/base/decimal.h"
#include "promtally/base/labels.h"
#include "promtally/base/time.h"
#include "promtally/metering/period.h"

namespace promtally::ledger {

/// What is exported of one series of a spec.
struct SeriesTotals {
  std::optional<std::string> scope;
  base::LabelSet labels;
  base::Decimal positive;
  base::Decimal negative;               ///< <= 0
  base::Instant created;                ///< begin of the series' first period
  std::optional<base::Decimal> newest;  ///< its quantity in the newest answered period
  base::Decimal correction;             ///< the signed sum of what later revisions changed
};

/// What is exported of a spec.
struct ExportState {
  std::optional<metering::Period> newest_answered;  ///< committed or empty, by begin
  std::vector<SeriesTotals> series;
  bool too_many = false;  ///< more than max_series: `series` is empty
};

}  // namespace promtally::ledger
