// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "collector/source_gate.h"

namespace promtally::collector {

/// How many `up` samples a source has in a period: the one thing that tells whether it saw the
/// period. A server that was restarted empty answers "no series" with the best conscience, one that
/// was down for most of an hour answers with what little it has. Asks at most once a period. Loop
/// thread only; held by shared_ptr.
class UpProbe : public std::enable_shared_from_this<UpProbe> {
 public:
  /// What an empty answer may mean.
  struct Finding {
    /// The source had `up` samples before, and has none in the period or does not say.
    bool went_silent = false;
    bool before_oldest_data = false;  ///< the period lies before everything that the server has
  };
  using OnSamples = std::function<void(metering::Period, std::int64_t samples)>;

  /// `up_since`: the earliest time at which the source is known to have had `up` samples.
  /// `on_samples` is told of every period that was answered, before those who wait for it.
  UpProbe(std::shared_ptr<SourceGate> gate, std::optional<base::Instant> up_since,
          OnSamples on_samples);

  /// Asks for a period; `done` comes in any case, at once where the answer is there.
  void Ask(metering::Period period, std::function<void()> done);
  /// The same for a source of which no `up` samples are known yet; for another `done` comes at
  /// once.
  void LookForUp(metering::Period period, std::function<void()> done);
  /// Explains an empty answer of a period.
  void Explain(metering::Period period, std::function<void(Finding)> done);
  /// Of a period that was asked for; nullopt: the server did not say.
  [[nodiscard]] std::optional<std::int64_t> SamplesOf(metering::Period period) const;
  /// True while an answer is on its way.
  [[nodiscard]] bool busy() const { return asking_ > 0; }

 private:
  void OnUp(metering::Period period, const source::QueryOutcome& outcome);

  std::shared_ptr<SourceGate> gate_;
  std::optional<base::Instant> up_since_;
  OnSamples on_samples_;
  std::map<metering::Period, std::optional<std::int64_t>> samples_;
  std::map<metering::Period, std::vector<std::function<void()>>> waiting_;
  std::optional<base::Instant> data_since_;  // there are data at or before this time
  int asking_ = 0;
};

}  // namespace promtally::collector
