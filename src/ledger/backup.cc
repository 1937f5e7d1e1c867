// SPDX-License-Identifier: Apache-2.0
#include "ledger/backup.h"

#include <cstdio>
#include <filesystem>
#include <system_error>

#include <sqlite3.h>
#include <unistd.h>

#include "ledger/durable_file.h"
#include "ledger/lock_file.h"
#include "ledger/schema.h"
#include "ledger/sqlite_ledger.h"
#include "ledger/sqlite_reader.h"

namespace promtally::ledger {
namespace {

/// A file that goes away unless it was moved to its place.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) { Remove(); }
  ~TemporaryFile() { Remove(); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void Remove() {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      unlink((path_ + suffix).c_str());
    }
  }
  std::string path_;
};

/// Copies a snapshot; throws DatabaseError.
void CopyDatabase(Connection& source, const std::string& path) {
  Connection copy(path, Connection::Mode::kCreate);
  // While a transaction reads, the source keeps one state and the copy never starts anew.
  Transaction snapshot(source, Transaction::Kind::kRead);
  [[maybe_unused]] const auto pin = source.Find("select 1 from sqlite_schema limit 1");
  sqlite3_backup* backup = sqlite3_backup_init(copy.handle(), "main", source.handle(), "main");
  if (backup == nullptr) {
    ThrowDatabaseError(copy.handle(), sqlite3_errcode(copy.handle()), path);
  }
  const int step = sqlite3_backup_step(backup, -1);
  const int finish = sqlite3_backup_finish(backup);
  if (step != SQLITE_DONE) {
    ThrowDatabaseError(finish == SQLITE_OK ? nullptr : copy.handle(), step, path);
  }
  copy.Execute("pragma journal_mode = delete");  // one file, readable anywhere
}

std::vector<std::string> FirstColumn(Connection& db, std::string_view sql) {
  std::vector<std::string> texts;
  auto rows = db.Query(sql);
  while (rows.Next()) {
    texts.emplace_back(rows->Text(0));
  }
  return texts;
}

/// Empties the old ledger's WAL: one that was left behind would be applied to the new file. A
/// ledger that is too damaged for that has nothing in it that is worth keeping.
void EmptyWal(const std::string& path) {
  try {
    Connection old(path, Connection::Mode::kCreate);
    old.Execute("pragma wal_checkpoint(truncate)");
  } catch (const DatabaseError&) {
  }
  unlink((path + "-wal").c_str());
  unlink((path + "-shm").c_str());
}

/// Copies a backup that was found sound to a temporary file beside the ledger.
base::Status CopyChecked(const std::string& backup, const std::string& temporary) {
  return Guarded([&]() -> base::Status {
    auto source = OpenForReading(backup);
    if (!source) {
      return tl::unexpected(source.error());
    }
    const auto problems = IntegrityProblems(**source);
    if (!problems.empty()) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        backup + " is damaged: " + problems.front());
    }
    CopyDatabase(**source, temporary);
    return SyncFile(temporary);
  });
}

}  // namespace

std::vector<std::string> IntegrityProblems(Connection& db) {
  std::vector<std::string> problems;
  try {
    problems = FirstColumn(db, "pragma integrity_check");
    std::erase(problems, "ok");
    for (const std::string& table : FirstColumn(db, "pragma foreign_key_check")) {
      problems.push_back("a row of table " + table + " refers to a row that is not there");
    }
  } catch (const DatabaseError& error) {
    problems.emplace_back(error.what());
  }
  return problems;
}

base::Status BackUp(Connection& source, const std::string& target) {
  if (std::filesystem::exists(target)) {
    return base::Fail(base::ErrorCode::kConflict, target + " exists already");
  }
  const TemporaryFile temporary(target + ".tmp" + std::to_string(getpid()));
  CopyDatabase(source, temporary.path());
  if (auto synced = SyncFile(temporary.path()); !synced) {
    return synced;
  }
  return RenameToNew(temporary.path(), target);
}

base::Result<std::vector<std::string>> CheckIntegrity(const std::string& path) {
  return Guarded([&]() -> base::Result<std::vector<std::string>> {
    auto db = OpenForReading(path);
    if (!db) {
      return tl::unexpected(db.error());
    }
    return IntegrityProblems(**db);
  });
}

base::Status RestoreSqliteLedger(const std::string& backup, const std::string& path, bool replace) {
  const auto lock = LockFile::Take(path);
  if (!lock) {
    return base::Fail("restore", lock.error());
  }
  const bool exists = std::filesystem::exists(path);
  if (exists && !replace) {
    return base::Fail(base::ErrorCode::kConflict, "ledger " + path + " exists already");
  }
  const TemporaryFile temporary(path + ".restore" + std::to_string(getpid()));
  if (auto copied = CopyChecked(backup, temporary.path()); !copied) {
    return copied;
  }
  if (exists) {
    AdoptOwner(temporary.path(), path);
    EmptyWal(path);
  }
  if (std::rename(temporary.path().c_str(), path.c_str()) != 0) {
    return tl::unexpected(SystemError("rename", temporary.path()));
  }
  return SyncFolder(FolderOf(path));
}

}  // namespace promtally::ledger
