// SPDX-License-Identifier: Apache-2.0
#pragma once

struct sqlite3;

namespace promtally::ledger {

/// SQLite keeps no checksums in its file: a bit that flips on the disk becomes another quantity.
/// This VFS writes one into the last 8 bytes of each page of the database file and compares it when
/// the page is read: SQLITE_IOERR_DATA, which no call goes on from. Files that keep no room for
/// it (made by another program) are read and written as they are. The WAL has SQLite's own
/// checksums; a page gets this one when it is put in its place.
///
/// The algorithm and the place are those of SQLite's cksumvfs, so its tools can read them.
inline constexpr const char* kChecksumVfs = "promtally";
inline constexpr int kChecksumBytes = 8;

/// Makes the VFS known to SQLite; any thread, any number of times.
void RegisterChecksumVfs();

/// Whether the pages of an open database have room for checksums.
[[nodiscard]] bool HasPageChecksums(sqlite3* db);
/// Asks for that room: before the first page is written, or before a VACUUM.
void RequestPageChecksums(sqlite3* db);

}  // namespace promtally::ledger
