// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "ledger/ledger.h"
#include "ledger/period_digest.h"
#include "ledger/sqlite.h"

namespace promtally::ledger {

/// One row of the revision table: what a period's answer came to.
struct RevisionRow {
  std::int64_t period_id = 0;
  PeriodState state = PeriodState::kEmpty;  ///< of the period; not in the row
  base::Instant committed_at;
  std::int64_t version_id = 0;
  AnswerCounts counts;
  std::int64_t records = 0;
  base::Decimal positive;
  base::Decimal negative;
  std::string reason;
  base::Digest digest{};  ///< with the counts
  std::int64_t revision = 0;
  metering::Evaluation evaluation = metering::Evaluation::kPromql;
  std::string warnings;  ///< one a line
};

/// True when the period is committed or empty already.
[[nodiscard]] bool IsAnswered(Connection& db, std::int64_t spec_id, metering::UsageKind kind,
                              base::Instant begin);

/// Inserts the period's row, or turns an open or failed one into an answered one. Returns its id.
[[nodiscard]] std::int64_t PutAnsweredPeriod(Connection& db, const PeriodCommit& commit,
                                             PeriodState state);

/// Writes a revision of a period, under the next commit_seq.
void InsertRevision(Connection& db, const RevisionRow& row);

}  // namespace promtally::ledger
