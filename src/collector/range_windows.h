// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "promtally/config/settings.h"
#include "promtally/metering/model_block.h"
#include "promtally/metering/period.h"
#include "promtally/metering/scope_filter.h"
#include "source/range_source.h"

namespace promtally::collector {

/// What windows of a range query are asked for.
struct RangeWindowRequest {
  std::string source;  ///< name of the job's
  const metering::ModelInput* input = nullptr;
  int steps_back = 0;
  std::optional<std::string> scope_key;
  std::shared_ptr<const metering::ScopeFilter> filter;  ///< nullptr: all scopes
  base::Instant end;                                    ///< time of the newest value
};

/// Windows of model blocks that look at a range query. Values lie `step` apart and end at the
/// request's end; a step without a sample, or with NaN or an infinite one, is a gap. Any thread;
/// waits for the source.
class RangeWindows {
 public:
  explicit RangeWindows(const std::vector<config::SourceSettings>& sources);

  /// By label set. An error: the source gave no answer, or one that cannot be taken: none at all,
  /// or two series that differ in labels only that are not kept. kCancelled after Stop.
  [[nodiscard]] base::Result<std::vector<ledger::UsageWindow>> Ask(
      const RangeWindowRequest& request);

  /// Ends what is under way; later requests are refused.
  void Stop();

 private:
  [[nodiscard]] base::Result<std::shared_ptr<source::RangeSource>> Open(const std::string& name);

  const std::vector<config::SourceSettings> sources_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<source::RangeSource>> open_;
  bool stopped_ = false;
};

/// The windows that an answer gives.
[[nodiscard]] base::Result<std::vector<ledger::UsageWindow>> WindowsOfAnswer(
    const RangeWindowRequest& request, const std::vector<source::RangeSeries>& answer);

}  // namespace promtally::collector
