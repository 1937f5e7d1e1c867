// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "collector/period_fetch.h"
#include "promtally/metering/exact_usage.h"
#include "promtally/metering/period_result.h"

namespace promtally::collector {

/// Exact usage of one spec without a ledger: the state of a period goes on to the next one, as long
/// as they follow each other.
class ExactPreview {
 public:
  [[nodiscard]] metering::PeriodResult Convert(const metering::ConversionContext& context,
                                               metering::Period period, base::Milliseconds settle,
                                               FetchResult* fetched, bool with_steps = false);
  /// Where things stand at `begin`, for the period that begins there.
  void Start(base::Instant begin, bool adjacent, const std::vector<metering::Checkpoint>& state);
  /// Of the last period.
  [[nodiscard]] const metering::ExactUsage& usage() const { return usage_; }

 private:
  std::map<metering::ThingId, metering::Checkpoint> state_;
  std::optional<base::Instant> last_end_;
  bool adjacent_ = false;
  metering::ExactUsage usage_;
};

}  // namespace promtally::collector
