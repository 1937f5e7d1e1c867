// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/row_feed.h"
#include "ledger/sqlite.h"

namespace promtally::ledger {

/// A row of: hash, time, value, replica, billed, start; a time that is null is a forgotten state.
[[nodiscard]] metering::Checkpoint ReadCheckpoint(const Statement& row);

/// Where the things of a spec stand at `begin` (Ledger::ExactStateAt).
[[nodiscard]] ExactState ReadExactState(Connection& db, std::int64_t spec_id, base::Instant begin,
                                        base::Milliseconds retention);

/// Evidence of one record.
struct EvidenceRow {
  std::int64_t series_id = 0;
  const metering::UsageEvidence* evidence = nullptr;
};

/// Writes the evidence of a revision's records. Inside an open transaction.
void InsertEvidence(Connection& db, RowFeed** feed, std::int64_t period_id, std::int64_t revision,
                    const std::vector<EvidenceRow>& rows);

/// Writes the checkpoints of a period that has none. Inside an open transaction.
void InsertCheckpoints(Connection& db, RowFeed** feed, std::int64_t spec_id,
                       metering::Period period,
                       const std::vector<metering::Checkpoint>& checkpoints);

/// Puts the checkpoints of a period in the place of those that it has; true when that changed any.
/// Inside an open transaction.
bool PutCheckpoints(Connection& db, RowFeed** feed, std::int64_t spec_id, metering::Period period,
                    const std::vector<metering::Checkpoint>& checkpoints);

/// The answered exact period that begins at `begin` is to be computed again: what it began with has
/// changed. Inside an open transaction, so that a crash cannot come between.
void MarkStale(Connection& db, std::int64_t spec_id, base::Instant begin);

/// Lets go of checkpoints that are older than `retention`; does its work once a day of periods.
void PruneCheckpoints(Connection& db, std::int64_t spec_id, metering::Period period,
                      base::Milliseconds retention);

/// One a line.
[[nodiscard]] std::string JoinWarnings(const std::vector<std::string>& warnings);

}  // namespace promtally::ledger
