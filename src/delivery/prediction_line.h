// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "promtally/base/decimal.h"
#include "promtally/metering/period.h"
#include "promtally/metering/usage_record.h"

namespace promtally::delivery {

/// What a model block would predict of one series.
struct PredictionLine {
  std::optional<std::string> job;  ///< absent without settings
  std::string name;
  std::string model;
  std::string model_version;
  std::optional<std::string> scope;
  metering::OrderedLabels labels;
  metering::Period period;                           ///< that the prediction speaks of
  std::vector<std::optional<base::Decimal>> window;  ///< oldest first
  std::optional<base::Decimal> prediction;           ///< absent: see reason
  std::optional<base::Decimal> lower;
  std::optional<base::Decimal> upper;
  std::string reason;
};

}  // namespace promtally::delivery
