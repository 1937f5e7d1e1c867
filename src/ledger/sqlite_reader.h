// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ledger/reader.h"
#include "ledger/sqlite.h"

namespace promtally::ledger {

/// Opens a ledger of the current schema for reading; kNotFound when there is none. Works beside a
/// writer, and where nothing may be written at all.
[[nodiscard]] base::Result<std::unique_ptr<Connection>> OpenForReading(const std::string& path);

// The reports of reader.h over an open snapshot; they throw DatabaseError.
void ReadRecords(Connection& db, const UsageFilter& filter,
                 const std::function<bool(const metering::UsageRecord&)>& visit);
[[nodiscard]] std::vector<UsageTotal> ReadTotals(Connection& db, const UsageFilter& filter,
                                                 const UsageGrouping& grouping);
[[nodiscard]] std::vector<SpecStatus> ReadStatuses(Connection& db, base::Instant now);
[[nodiscard]] std::optional<SpecWatch> ReadWatch(Connection& db, std::string_view job,
                                                 std::string_view name);

}  // namespace promtally::ledger
