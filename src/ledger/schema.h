// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "ledger/sqlite.h"

namespace promtally::ledger {

/// What `pragma application_id` of a ledger says: "ptly".
inline constexpr std::int64_t kApplicationId = 0x70746c79;
/// `pragma user_version`; docs/ledger.md describes the tables.
inline constexpr int kSchemaVersion = 6;

/// What kind of file a connection has opened.
enum class FileKind { kNew, kLedger, kForeign };

struct FileState {
  FileKind kind = FileKind::kNew;
  int version = 0;
};

/// Reads only. A file that is no database is kForeign as well.
[[nodiscard]] FileState Inspect(Connection& db);

/// Brings a new or older file to the newest version, each step in one transaction. Step i leads
/// from version i to i + 1.
void Migrate(Connection& db, int from, std::span<const char* const> steps);

/// The steps of this program; the first creates everything.
[[nodiscard]] std::span<const char* const> SchemaSteps();

/// Throws unless the connection has a ledger of exactly this version open.
void RequireCurrentLedger(Connection& db);

/// Throws for a foreign file and for a schema that is newer than this program.
void RefuseForeignAndNewer(const FileState& state, const std::string& path);

}  // namespace promtally::ledger
