// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "collector/period_task.h"
#include "collector/round_facts.h"
#include "collector/up_probe.h"

namespace promtally::collector {

using TaskPtr = std::shared_ptr<PeriodTask>;

/// Periods of a source that may be fetched ahead of their decision: bounds what answers cost.
inline constexpr int kFetchedAhead = 8;

/// A source during a round.
struct SourceRun {
  std::shared_ptr<SourceGate> gate;
  std::shared_ptr<UpProbe> probe;
  source::ServerIdentity identity;
  base::Instant now;  // the smaller of both clocks
  std::int64_t server_id = 0;
  std::deque<TaskPtr> waiting;  // not asked yet, oldest period first
  int undecided = 0;            // asked, not settled yet

  /// Once what the ledger knows of the source is there; `samples` hears of its `up` samples.
  void Begin(const SourceFacts& facts,
             std::function<void(metering::Period, std::int64_t)> samples) {
    server_id = facts.server_id;
    gate->completeness().Remember(facts.stores);
    probe = std::make_shared<UpProbe>(gate, facts.up_since, std::move(samples));
  }
};

}  // namespace promtally::collector
