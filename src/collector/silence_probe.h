// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "collector/source_gate.h"

namespace promtally::collector {

/// What an empty answer of a source may mean. It is only believed when the server has data of that
/// time and targets were scraped in the period: a server that was restarted empty answers "no
/// series" with the best conscience. Asks at most once a period. Loop thread only; held by
/// shared_ptr.
class SilenceProbe : public std::enable_shared_from_this<SilenceProbe> {
 public:
  struct Finding {
    /// The source had `up` samples before, and has none in the period or does not say.
    bool went_silent = false;
    bool before_oldest_data = false;  ///< the period lies before everything that the server has
  };

  /// `up_since`: the earliest time at which the source is known to have had `up` samples. `on_up`
  /// is told of an earlier one.
  SilenceProbe(std::shared_ptr<SourceGate> gate, std::optional<base::Instant> up_since,
               std::function<void(base::Instant)> on_up);

  /// Looks for `up` samples in a period when none are known yet; `done` comes in any case.
  void LookForUp(metering::Period period, std::function<void()> done);
  /// Explains an empty answer of a period.
  void Explain(metering::Period period, std::function<void(Finding)> done);
  /// True while an answer is on its way.
  [[nodiscard]] bool busy() const { return asking_ > 0; }

 private:
  void AskUp(metering::Period period, std::function<void()> then);
  void OnUp(metering::Period period, const source::QueryOutcome& outcome);

  std::shared_ptr<SourceGate> gate_;
  std::optional<base::Instant> up_since_;
  std::function<void(base::Instant)> on_up_;
  std::map<metering::Period, bool> up_;  // false: none, or the server did not say
  std::map<metering::Period, std::vector<std::function<void()>>> waiting_for_up_;
  std::optional<base::Instant> data_since_;  // there are data at or before this time
  int asking_ = 0;
};

}  // namespace promtally::collector
