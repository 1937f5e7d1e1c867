// SPDX-License-Identifier: Apache-2.0
#include "ledger/sqlite.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <sqlite3.h>

#include "ledger/page_checksums.h"

namespace promtally::ledger {
namespace {

constexpr int kBusyTimeoutMilliseconds = 10'000;

base::ErrorCode CodeOf(int sqlite_code) {
  // A write that did not succeed (quota, size limit) was rolled back. A failed fsync says nothing
  // about what is on the disk: that is not to be tried again.
  if (sqlite_code == SQLITE_IOERR_WRITE) {
    return base::ErrorCode::kUnavailable;
  }
  switch (sqlite_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return base::ErrorCode::kUnavailable;
    case SQLITE_INTERRUPT:
      return base::ErrorCode::kCancelled;
    default:
      return base::ErrorCode::kInternal;
  }
}

/// A path as an SQLite URI: everything that has a meaning in one is escaped.
std::string ToUri(const std::string& path, std::string_view parameters) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%') {
      uri += "%25";
    } else if (c == '?') {
      uri += "%3f";
    } else if (c == '#') {
      uri += "%23";
    } else {
      uri += c;
    }
  }
  return uri.append(parameters);
}

}  // namespace

void ThrowDatabaseError(sqlite3* db, int code, const std::string& path) {
  std::string text = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (code == SQLITE_IOERR_DATA) {
    text =
        "a page is not as it was written (its checksum differs), `promtally verify` names the"
        " periods";
  }
  // The generic text hides what an I/O error was about; the extended code says it.
  throw DatabaseError(
      CodeOf(code), "ledger " + path + ": " + text + " (SQLite code " + std::to_string(code) + ")");
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(sqlite3* db, std::string_view sql, const std::string& path) : path_(&path) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) {
    ThrowDatabaseError(db, code, path);
  }
}

void Statement::Check(int code) const {
  if (code != SQLITE_OK) {
    ThrowDatabaseError(sqlite3_db_handle(statement_.get()), code, *path_);
  }
}

void Statement::BindInteger(int index, std::int64_t value) {
  Check(sqlite3_bind_int64(statement_.get(), index, value));
}

void Statement::Bind(int index, std::string_view text) {
  // A null pointer would bind NULL.
  const char* data = text.data() != nullptr ? text.data() : "";
  Check(sqlite3_bind_text64(statement_.get(), index, data, text.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8));
}

void Statement::BindStatic(int index, std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";
  Check(
      sqlite3_bind_text64(statement_.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::Bind(int index, base::Milliseconds duration) {
  BindInteger(index, duration.count());
}

void Statement::Bind(int index, const base::Digest& blob) {
  Check(sqlite3_bind_blob64(statement_.get(), index, blob.data(), blob.size(), SQLITE_TRANSIENT));
}

void Statement::Bind(int index, std::nullptr_t) {
  Check(sqlite3_bind_null(statement_.get(), index));
}

bool Statement::Step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code != SQLITE_DONE) {
    ThrowDatabaseError(sqlite3_db_handle(statement_.get()), code, *path_);
  }
  return false;
}

void Statement::Run() {
  while (Step()) {
  }
  Reset();
}

// The result repeats the error of the last step, which has been reported.
void Statement::Reset() { sqlite3_reset(statement_.get()); }

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

bool Statement::IsInteger(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_INTEGER;
}

bool Statement::IsText(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_TEXT;
}

std::int64_t Statement::Int(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::Text(int column) const {
  // The blob call returns the same bytes and does not need SQLite's unsigned char cast.
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

base::Digest Statement::Digest(int column) const {
  const std::string_view bytes = Text(column);
  base::Digest digest{};
  if (bytes.size() != digest.size()) {
    throw DatabaseError(base::ErrorCode::kInternal,
                        "ledger " + *path_ + ": a digest of " + std::to_string(bytes.size()) +
                            " bytes instead of " + std::to_string(digest.size()));
  }
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

std::optional<base::Instant> Statement::MaybeInstant(int column) const {
  return IsNull(column) ? std::nullopt : std::optional(Instant(column));
}

std::optional<std::string> Statement::MaybeText(int column) const {
  return IsNull(column) ? std::nullopt : std::optional<std::string>(Text(column));
}

Lease::Lease(Statement& statement) : statement_(&statement) {
  if (statement.leased_) {
    throw std::logic_error("a prepared statement is used while it is in use");
  }
  statement.leased_ = true;
}

Lease::~Lease() {
  if (statement_ != nullptr) {
    statement_->Reset();
    sqlite3_clear_bindings(statement_->statement_.get());
    statement_->leased_ = false;
  }
}

namespace {

/// Before SQLite is used for the first time. Nobody asks for its memory statistics, which take a
/// lock at every allocation.
void PrepareLibrary() {
  static std::once_flag once;
  std::call_once(once, [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    RegisterChecksumVfs();
  });
}

}  // namespace

void Connection::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Connection::Connection(std::string path, Mode mode) : path_(std::move(path)) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI;
  flags |=
      mode == Mode::kCreate ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const std::string uri = ToUri(path_, mode == Mode::kImmutable ? "?immutable=1" : "");
  PrepareLibrary();
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(uri.c_str(), &db, flags, kChecksumVfs);
  db_.reset(db);
  if (code != SQLITE_OK) {
    ThrowDatabaseError(db, code, path_);
  }
  sqlite3_busy_timeout(db, kBusyTimeoutMilliseconds);
}

Lease Connection::Use(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) {
    return Lease(found->second);
  }
  return Lease(statements_.emplace(sql, Statement(db_.get(), sql, path_)).first->second);
}

void Connection::Execute(const std::string& script) {
  const int code = sqlite3_exec(db_.get(), script.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    ThrowDatabaseError(db_.get(), code, path_);
  }
}

std::int64_t Connection::LastId() const { return sqlite3_last_insert_rowid(db_.get()); }
std::int64_t Connection::Changes() const { return sqlite3_changes64(db_.get()); }

Transaction::Transaction(Connection& db, Kind kind)
    : db_(db), is_part_(sqlite3_get_autocommit(db.handle()) == 0) {
  db_.Execute(is_part_ ? "savepoint part" : kind == Kind::kWrite ? "begin immediate" : "begin");
}

Transaction::~Transaction() {
  // SQLite has rolled back on its own after some errors (disk full).
  if (open_ && sqlite3_get_autocommit(db_.handle()) == 0) {
    const char* const undo = is_part_ ? "rollback to part; release part" : "rollback";
    sqlite3_exec(db_.handle(), undo, nullptr, nullptr, nullptr);
  }
}

void Transaction::Commit() {
  db_.Execute(is_part_ ? "release part" : "commit");
  open_ = false;
}

}  // namespace promtally::ledger
