// SPDX-License-Identifier: Apache-2.0
#include "ledger/row_feed.h"

#include <exception>
#include <memory>
#include <new>

#include <sqlite3.h>

namespace promtally::ledger {
namespace {

// An eponymous virtual table (https://sqlite.org/vtab.html#epovtab): SQLite calls these functions,
// and owns what xConnect and xOpen make.
struct FeedTable : sqlite3_vtab {
  RowFeed* const* slot = nullptr;
};

struct FeedCursor : sqlite3_vtab_cursor {
  RowFeed* feed = nullptr;
  std::size_t row = 0;
  std::size_t rows = 0;
};

FeedCursor& Cursor(sqlite3_vtab_cursor* cursor) { return *static_cast<FeedCursor*>(cursor); }

int Connect(sqlite3* db, void* slot, int, const char* const*, sqlite3_vtab** table, char**) {
  const int code = sqlite3_declare_vtab(
      db, "create table feed(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11)");
  if (code != SQLITE_OK) {
    return code;
  }
  auto made = std::unique_ptr<FeedTable>(new (std::nothrow) FeedTable());
  if (made == nullptr) {
    return SQLITE_NOMEM;
  }
  made->slot = static_cast<RowFeed* const*>(slot);
  *table = made.release();
  return SQLITE_OK;
}

int Disconnect(sqlite3_vtab* table) {
  const std::unique_ptr<FeedTable> gone(static_cast<FeedTable*>(table));
  return SQLITE_OK;
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info*) { return SQLITE_OK; }

int Open(sqlite3_vtab* table, sqlite3_vtab_cursor** cursor) {
  auto made = std::unique_ptr<FeedCursor>(new (std::nothrow) FeedCursor());
  if (made == nullptr) {
    return SQLITE_NOMEM;
  }
  made->feed = *static_cast<FeedTable*>(table)->slot;
  made->rows = made->feed == nullptr ? 0 : made->feed->size();
  *cursor = made.release();
  return SQLITE_OK;
}

int Close(sqlite3_vtab_cursor* cursor) {
  const std::unique_ptr<FeedCursor> gone(&Cursor(cursor));
  return SQLITE_OK;
}

int Filter(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) {
  Cursor(cursor).row = 0;
  return SQLITE_OK;
}

int Next(sqlite3_vtab_cursor* cursor) {
  ++Cursor(cursor).row;
  return SQLITE_OK;
}

int Eof(sqlite3_vtab_cursor* cursor) { return Cursor(cursor).row >= Cursor(cursor).rows ? 1 : 0; }

// No exception may pass through SQLite: its locks and memory would stay as they are.
int Column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int column) noexcept {
  const FeedCursor& at = Cursor(cursor);
  try {
    at.feed->Read(at.row, column, ColumnValue(context));
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  } catch (const std::exception&) {
    return SQLITE_INTERNAL;
  }
  return SQLITE_OK;
}

int Rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* rowid) {
  *rowid = static_cast<sqlite3_int64>(Cursor(cursor).row);
  return SQLITE_OK;
}

sqlite3_module MakeModule() {
  sqlite3_module module{};
  module.iVersion = 1;
  module.xConnect = Connect;
  module.xBestIndex = BestIndex;
  module.xDisconnect = Disconnect;
  module.xOpen = Open;
  module.xClose = Close;
  module.xFilter = Filter;
  module.xNext = Next;
  module.xEof = Eof;
  module.xColumn = Column;
  module.xRowid = Rowid;
  return module;
}

}  // namespace

void ColumnValue::Set(std::int64_t value) { sqlite3_result_int64(context_, value); }

void ColumnValue::Set(std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";  // else it would be null
  sqlite3_result_text64(context_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void ColumnValue::Set(const base::Digest& blob) {
  sqlite3_result_blob64(context_, blob.data(), blob.size(), SQLITE_STATIC);
}

void RegisterRowFeed(Connection& db, RowFeed** slot) {
  static const sqlite3_module kModule = MakeModule();
  const int code = sqlite3_create_module_v2(db.handle(), "feed", &kModule, slot, nullptr);
  if (code != SQLITE_OK) {
    ThrowDatabaseError(db.handle(), code, db.path());
  }
}

}  // namespace promtally::ledger
