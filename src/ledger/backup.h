// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ledger/sqlite.h"
#include "promtally/base/result.h"

namespace promtally::ledger {

/// A consistent copy of an open database, whatever a writer does meanwhile; the copy is one file
/// (no WAL), durable when this returns. Refuses an existing target (kConflict).
[[nodiscard]] base::Status BackUp(Connection& source, const std::string& target);

/// What SQLite's integrity and foreign key checks find; empty when nothing.
[[nodiscard]] std::vector<std::string> IntegrityProblems(Connection& db);

}  // namespace promtally::ledger
