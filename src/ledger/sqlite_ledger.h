// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ledger/accept.h"
#include "ledger/ledger.h"
#include "ledger/reader.h"

namespace promtally::ledger {

/// A ledger in one SQLite file (WAL, synchronous=FULL). The writer holds `<path>.lock` for its
/// lifetime; a second one is refused with the holder's process id (kConflict). Readers need no
/// lock.
class WritableLedger : public Ledger {
 public:
  /// Closes open (suspect_empty) and failed (lost) periods of a range as empty, and lets the next
  /// answer of low_coverage ones be committed as it comes.
  virtual base::Result<AcceptReport> Accept(const AcceptRequest& request, base::Instant now) = 0;
};

/// Opens for writing; creates the file (and its schema) when it is missing, migrates an older
/// schema, refuses a newer one and files that are no promtally ledger.
[[nodiscard]] base::Result<std::unique_ptr<WritableLedger>> OpenSqliteLedger(
    const std::string& path);

/// Opens for reading; kNotFound when there is no ledger.
[[nodiscard]] base::Result<std::unique_ptr<Reader>> OpenSqliteReader(const std::string& path);

/// SQLite's own integrity and foreign key checks; the problems found, none when it is sound.
[[nodiscard]] base::Result<std::vector<std::string>> CheckIntegrity(const std::string& path);

/// Puts a backup in the place of a ledger: checks the copy first, takes the writer's lock, keeps
/// nothing half done. Refuses to replace an existing ledger unless `replace`.
[[nodiscard]] base::Status RestoreSqliteLedger(const std::string& backup, const std::string& path,
                                               bool replace);

}  // namespace promtally::ledger
