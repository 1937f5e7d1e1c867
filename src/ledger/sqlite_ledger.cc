// SPDX-License-Identifier: Apache-2.0
#include "ledger/sqlite_ledger.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "ledger/catalog.h"
#include "ledger/durable_file.h"
#include "ledger/page_checksums.h"
#include "ledger/quantity_column.h"
#include "ledger/schema.h"
#include "ledger/sqlite_writer.h"

namespace promtally::ledger {
namespace {

/// synchronous=FULL: with NORMAL a power cut loses commits that were acknowledged.
constexpr const char* kSettings =
    "pragma synchronous = full; pragma foreign_keys = on; pragma cache_size = -16384;"
    "pragma wal_autocheckpoint = 4000; pragma temp_store = memory;";

std::uint64_t BytesOf(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

/// Series of the newest answered period with their quantities, sorted by id.
using Newest = std::vector<std::pair<std::int64_t, base::Decimal>>;

std::optional<metering::Period> ReadNewest(Connection& db, std::int64_t spec_id, Newest& newest) {
  auto found = db.Query(
      "select period_id, begin, end from period"
      " where spec_id = ?1 and kind = (select predicts is not null from spec where spec_id = ?1)"
      " and state in (2, 3) order by begin desc limit 1",
      spec_id);
  if (!found.Next()) {
    return std::nullopt;
  }
  auto rows = db.Query(
      "select series_id, quantity from record where period_id = ? order by series_id, revision",
      found->Int(0));
  while (rows.Next()) {
    if (!newest.empty() && newest.back().first == rows->Int(0)) {
      newest.pop_back();  // an older revision of the same record
    }
    if (!rows->IsNull(1)) {
      newest.emplace_back(rows->Int(0), RequireDecimal(*rows, 1, "a quantity"));
    }
  }
  return metering::Period{found->Instant(1), found->Instant(2)};
}

Ledger::SeriesTotals TotalsOf(const Statement& row, const Newest& newest) {
  Ledger::SeriesTotals totals;
  const std::int64_t id = row.Int(0);
  totals.scope = row.MaybeText(1);
  totals.labels = RequireLabels(row, 2);
  totals.positive = RequireDecimal(row, 3, "a total");
  totals.negative = RequireDecimal(row, 4, "a total");
  totals.created = row.Instant(5);
  totals.correction = RequireDecimal(row, 6, "a total");
  const auto found = std::lower_bound(
      newest.begin(), newest.end(), id,
      [](const auto& entry, std::int64_t series_id) { return entry.first < series_id; });
  if (found != newest.end() && found->first == id) {
    totals.newest = found->second;
  }
  return totals;
}

}  // namespace

SqliteLedger::SqliteLedger(LockFile lock, const std::string& path)
    : lock_(std::move(lock)), db_(path, Connection::Mode::kCreate) {
  const FileState state = Inspect(db_);
  RefuseForeignAndNewer(state, path);
  if (state.kind == FileKind::kNew) {
    db_.Execute("pragma page_size = 16384");  // before the first page is written
    RequestPageChecksums(db_.handle());
  }
  db_.Execute("pragma journal_mode = wal");
  db_.Execute(kSettings);
  RegisterRowFeed(db_, &feed_);
  Migrate(db_, state.version, SchemaSteps());
  if (!HasPageChecksums(db_.handle())) {
    RequestPageChecksums(db_.handle());
    db_.Execute("vacuum");  // once: a ledger from before there were any
  }
}

base::Result<Ledger::ExportState> SqliteLedger::Export(std::int64_t spec_id,
                                                       std::size_t max_series) {
  return Guarded([&]() -> base::Result<ExportState> {
    Transaction snapshot(db_, Transaction::Kind::kRead);
    ExportState state;
    Newest newest;
    state.newest_answered = ReadNewest(db_, spec_id, newest);
    auto rows = db_.Query(
        "select s.series_id, s.scope, s.labels, t.positive, t.negative, t.created, t.correction"
        " from series s join total t using(series_id) where s.spec_id = ?1"
        " and s.kind = (select predicts is not null from spec where spec_id = ?1) order by s.hash",
        spec_id);
    while (rows.Next()) {
      if (state.series.size() == max_series) {
        state.too_many = true;
        state.series.clear();
        break;
      }
      state.series.push_back(TotalsOf(*rows, newest));
    }
    return state;
  });
}

std::uint64_t SqliteLedger::SizeBytes() {
  return BytesOf(db_.path()) + BytesOf(db_.path() + "-wal") + BytesOf(db_.path() + "-shm");
}

base::Result<std::unique_ptr<WritableLedger>> OpenSqliteLedger(const std::string& path) {
  auto lock = LockFile::Take(path);
  if (!lock) {
    return base::Fail("open ledger", lock.error());
  }
  const bool existed = std::filesystem::exists(path);
  return Guarded([&]() -> base::Result<std::unique_ptr<WritableLedger>> {
    auto ledger = std::make_unique<SqliteLedger>(*std::move(lock), path);
    if (!existed) {
      if (auto synced = SyncFolder(FolderOf(path)); !synced) {
        return tl::unexpected(synced.error());
      }
    }
    return ledger;
  });
}

}  // namespace promtally::ledger
