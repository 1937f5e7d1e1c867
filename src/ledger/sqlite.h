// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "promtally/base/result.h"
#include "promtally/base/sha256.h"
#include "promtally/base/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace promtally::ledger {

/// A failed SQLite call. It stays inside this room: Guarded() makes an Error of it. kUnavailable:
/// nothing was changed and another try may help (disk full, busy); kInternal: stop (I/O error,
/// damage).
class DatabaseError final : public std::runtime_error {
 public:
  DatabaseError(base::ErrorCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}
  [[nodiscard]] base::Error ToError() const { return {code_, what()}; }

 private:
  base::ErrorCode code_;
};

/// A prepared statement. Instants and durations are stored as whole milliseconds. Parameters and
/// columns count as in SQLite: parameters from 1, columns from 0.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql, const std::string& path);

  void Bind(int index, std::string_view text);  // copied
  void Bind(int index, base::Milliseconds duration);
  void Bind(int index, base::Instant instant) { Bind(index, instant.time_since_epoch()); }
  void Bind(int index, const base::Digest& blob);
  void Bind(int index, std::nullptr_t);
  template <std::signed_integral T>
  void Bind(int index, T value) {
    BindInteger(index, value);
  }
  template <std::unsigned_integral T>
  void Bind(int index, T value) {
    BindInteger(index, static_cast<std::int64_t>(value));
  }
  template <typename T>
  requires std::is_enum_v<T>
  void Bind(int index, T value) { BindInteger(index, static_cast<int>(value)); }
  template <typename T>
  void Bind(int index, const std::optional<T>& value) {
    if (value) {
      Bind(index, *value);
    } else {
      Bind(index, nullptr);
    }
  }
  /// Without a copy: the text outlives the step that uses it.
  void BindStatic(int index, std::string_view text);

  /// True while there is a row.
  bool Step();
  /// Steps to the end and resets; bindings stay.
  void Run();
  void Reset();

  [[nodiscard]] bool IsNull(int column) const;
  [[nodiscard]] bool IsInteger(int column) const;
  [[nodiscard]] bool IsText(int column) const;
  [[nodiscard]] std::int64_t Int(int column) const;
  /// Valid until the next step or reset.
  [[nodiscard]] std::string_view Text(int column) const;
  [[nodiscard]] base::Instant Instant(int column) const {
    return base::Instant(base::Milliseconds(Int(column)));
  }
  /// A 32-byte blob; another length is a DatabaseError.
  [[nodiscard]] base::Digest Digest(int column) const;
  [[nodiscard]] std::optional<base::Instant> MaybeInstant(int column) const;
  [[nodiscard]] std::optional<std::string> MaybeText(int column) const;

 private:
  friend class Lease;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void BindInteger(int index, std::int64_t value);
  void Check(int code) const;

  const std::string* path_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  bool leased_ = false;
};

/// A cached statement in use; reset when it goes.
class Lease {
 public:
  explicit Lease(Statement& statement);
  ~Lease();
  Lease(Lease&& other) noexcept : statement_(other.statement_) { other.statement_ = nullptr; }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Lease& operator=(Lease&&) = delete;

  bool Next() { return statement_->Step(); }
  Statement* operator->() { return statement_; }
  Statement& operator*() { return *statement_; }

 private:
  Statement* statement_;
};

/// One SQLite connection with its prepared statements. One thread at a time. Calls throw
/// DatabaseError with SQLite's text and the path.
class Connection {
 public:
  enum class Mode {
    kReadOnly,
    kImmutable,  ///< read-only in a folder that is read-only too; nobody may write meanwhile
    kCreate,     ///< read and write; created when missing
  };
  Connection(std::string path, Mode mode);

  [[nodiscard]] Lease Use(std::string_view sql);
  template <typename... Args>
  [[nodiscard]] Lease Query(std::string_view sql, const Args&... args) {
    Lease lease = Use(sql);
    int index = 0;
    (lease->Bind(++index, args), ...);
    return lease;
  }
  template <typename... Args>
  void Run(std::string_view sql, const Args&... args) {
    Query(sql, args...)->Run();
  }
  /// The first column of the first row; nullopt: no row.
  template <typename... Args>
  [[nodiscard]] std::optional<std::int64_t> Find(std::string_view sql, const Args&... args) {
    Lease lease = Query(sql, args...);
    if (!lease.Next()) {
      return std::nullopt;
    }
    return lease->Int(0);
  }
  /// Several statements without parameters.
  void Execute(const std::string& script);

  [[nodiscard]] std::int64_t LastId() const;
  [[nodiscard]] std::int64_t Changes() const;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] sqlite3* handle() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  const std::string path_;
  std::unique_ptr<sqlite3, Close> db_;
  std::unordered_map<std::string_view, Statement> statements_;  // keys are string literals
};

/// One transaction; rolled back unless Commit() was reached. Inside another one it is a part of
/// that one, which decides whether it lasts.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  Transaction(Connection& db, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void Commit();

 private:
  Connection& db_;
  bool is_part_;
  bool open_ = true;
};

/// Throws what a failed call of `db` says.
[[noreturn]] void ThrowDatabaseError(sqlite3* db, int code, const std::string& path);

/// Runs the body of a public call: a DatabaseError becomes its Error.
template <typename Body>
auto Guarded(const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (const DatabaseError& error) {
    return tl::unexpected<base::Error>(error.ToError());
  }
}

}  // namespace promtally::ledger
