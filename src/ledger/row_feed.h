// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ledger/sqlite.h"

struct sqlite3_context;

namespace promtally::ledger {

/// Where the value of one column of one row goes. Texts and blobs are not copied: they outlive the
/// statement that reads them.
class ColumnValue {
 public:
  explicit ColumnValue(sqlite3_context* context) : context_(context) {}
  void Set(std::int64_t value);
  void Set(std::string_view text);
  void Set(const base::Digest& blob);

 private:
  sqlite3_context* context_;
};

/// Rows in memory that one statement reads as the table `feed`, with columns c0 to c11: an `insert
/// … select … from feed` costs half of a statement that is stepped once a row.
class RowFeed {
 public:
  static constexpr int kColumns = 12;

  virtual ~RowFeed() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// Sets column 0 to 11 of a row; an unset one is null. What it throws ends the statement with a
  /// DatabaseError.
  virtual void Read(std::size_t row, int column, ColumnValue value) = 0;
};

/// Makes `feed` known to a connection: empty, but for the rows that a FeedScope puts into `slot`,
/// which outlives the connection.
void RegisterRowFeed(Connection& db, RowFeed** slot);

/// While it lives, `feed` has these rows.
class FeedScope {
 public:
  FeedScope(RowFeed** slot, RowFeed& feed) : slot_(slot) { *slot_ = &feed; }
  ~FeedScope() { *slot_ = nullptr; }
  FeedScope(const FeedScope&) = delete;
  FeedScope& operator=(const FeedScope&) = delete;

 private:
  RowFeed** const slot_;
};

}  // namespace promtally::ledger
