// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/sqlite.h"

namespace promtally::ledger {

/// What writer and reader both read of jobs, specs and periods. All throw DatabaseError.
[[nodiscard]] std::vector<Job> ReadJobs(Connection& db);  // by name
[[nodiscard]] std::optional<Job> ReadJob(Connection& db, std::string_view name);
[[nodiscard]] std::vector<Spec> ReadSpecs(Connection& db,
                                          std::int64_t job_id);  // by name, predicted too
/// Open and failed rows of a spec, in period order.
[[nodiscard]] std::vector<PeriodEntry> ReadUnfinished(Connection& db, std::int64_t spec_id);

/// A row of: spec_id, spec_version_id, begin, end, state, reason, detail, attempts, first_empty_at,
/// next_retry, accepted_at.
[[nodiscard]] PeriodEntry ReadEntry(const Statement& row);

/// Labels and name lists of a row; text that promtally did not write is a DatabaseError.
[[nodiscard]] base::LabelSet RequireLabels(const Statement& row, int column);
[[nodiscard]] std::vector<std::string> RequireNames(const Statement& row, int column);

}  // namespace promtally::ledger
