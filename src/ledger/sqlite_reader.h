// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ledger/catalog.h"
#include "ledger/reader.h"
#include "ledger/sqlite.h"

namespace promtally::ledger {

/// Opens a ledger of the current schema for reading; kNotFound when there is none. Works beside a
/// writer, and where nothing may be written at all.
[[nodiscard]] base::Result<std::unique_ptr<Connection>> OpenForReading(const std::string& path);

// The reports of reader.h over an open snapshot; they throw DatabaseError.
void ReadRecords(Connection& db, const UsageFilter& filter, const std::optional<RecordPlace>& after,
                 const RecordVisitor& visit);
[[nodiscard]] std::vector<UsageTotal> ReadTotals(Connection& db, const UsageFilter& filter,
                                                 const UsageGrouping& grouping);
[[nodiscard]] std::vector<SpecStatus> ReadStatuses(Connection& db, base::Instant now);
[[nodiscard]] std::vector<PeriodLine> ReadPeriodLines(Connection& db, const PeriodFilter& filter,
                                                      const std::optional<PeriodPlace>& after,
                                                      std::size_t limit, base::Instant now);
[[nodiscard]] std::optional<SpecWatch> ReadWatch(Connection& db, std::string_view job,
                                                 std::string_view name);

/// Whether a report with this filter speaks of the spec.
[[nodiscard]] bool Takes(const UsageFilter& filter, const Job& job, const Spec& spec);

}  // namespace promtally::ledger
