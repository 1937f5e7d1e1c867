// SPDX-License-Identifier: Apache-2.0
#include "ledger/sqlite_reader.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "ledger/backup.h"
#include "ledger/exact_writer.h"
#include "ledger/schema.h"
#include "ledger/sqlite_ledger.h"
#include "ledger/verify.h"

namespace promtally::ledger {
namespace {

constexpr const char* kSettings = "pragma cache_size = -16384; pragma temp_store = memory;";

std::unique_ptr<Connection> OpenChecked(const std::string& path, Connection::Mode mode) {
  auto db = std::make_unique<Connection>(path, mode);
  RequireCurrentLedger(*db);
  db->Execute(kSettings);
  return db;
}

/// True when the file itself holds everything and nobody is about to write.
bool IsAtRest(const std::string& path) {
  std::error_code error;
  const std::uintmax_t wal_bytes = std::filesystem::file_size(path + "-wal", error);
  return (error || wal_bytes == 0) && !LedgerHolder(path);
}

class SqliteReader final : public Reader {
 public:
  explicit SqliteReader(std::unique_ptr<Connection> db) : db_(std::move(db)) {}

  base::Status RecordsAfter(const UsageFilter& filter, const std::optional<RecordPlace>& after,
                            const RecordVisitor& visit) override {
    return Guarded([&]() -> base::Status {
      Transaction snapshot(*db_, Transaction::Kind::kRead);
      ReadRecords(*db_, filter, after, visit);
      return {};
    });
  }

  base::Result<std::vector<UsageTotal>> Totals(const UsageFilter& filter,
                                               const UsageGrouping& grouping) override {
    return Guarded([&]() -> base::Result<std::vector<UsageTotal>> {
      Transaction snapshot(*db_, Transaction::Kind::kRead);
      return ReadTotals(*db_, filter, grouping);
    });
  }

  base::Result<std::vector<SpecStatus>> Statuses(base::Instant now) override {
    return Guarded([&]() -> base::Result<std::vector<SpecStatus>> {
      Transaction snapshot(*db_, Transaction::Kind::kRead);
      return ReadStatuses(*db_, now);
    });
  }

  base::Result<std::vector<PeriodLine>> Periods(const PeriodFilter& filter,
                                                const std::optional<PeriodPlace>& after,
                                                std::size_t limit, base::Instant now) override {
    return Guarded([&]() -> base::Result<std::vector<PeriodLine>> {
      Transaction snapshot(*db_, Transaction::Kind::kRead);
      return ReadPeriodLines(*db_, filter, after, limit, now);
    });
  }

  base::Result<std::optional<SpecWatch>> Watch(std::string_view job,
                                               std::string_view name) override {
    return Guarded([&]() -> base::Result<std::optional<SpecWatch>> {
      Transaction snapshot(*db_, Transaction::Kind::kRead);
      return ReadWatch(*db_, job, name);
    });
  }

  base::Result<ExactState> ExactStateAt(std::string_view job, std::string_view name,
                                        base::Instant begin,
                                        base::Milliseconds retention) override {
    return Guarded([&]() -> base::Result<ExactState> {
      Transaction snapshot(*db_, Transaction::Kind::kRead);
      const auto spec_id = db_->Find(
          "select s.spec_id from spec s join job j using(job_id) where j.name = ?"
          " and s.name = ?",
          job, name);
      return spec_id ? ReadExactState(*db_, *spec_id, begin, retention) : ExactState{};
    });
  }

  base::Result<VerifyReport> Verify() override {
    return Guarded([&]() -> base::Result<VerifyReport> {
      Transaction snapshot(*db_, Transaction::Kind::kRead);
      return VerifyLedger(*db_);
    });
  }

  base::Status Backup(const std::string& target) override {
    return Guarded([&]() -> base::Status { return BackUp(*db_, target); });
  }

 private:
  std::unique_ptr<Connection> db_;
};

bool IsAmong(const std::vector<std::string>& wanted, std::string_view name) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
}

}  // namespace

bool Takes(const UsageFilter& filter, const Job& job, const Spec& spec) {
  return IsAmong(filter.jobs, job.name) &&
         (IsAmong(filter.names, spec.name) ||
          std::any_of(spec.versions.begin(), spec.versions.end(), [&](const SpecVersion& version) {
            return IsAmong(filter.names, version.name);
          }));
}

base::Result<std::unique_ptr<Connection>> OpenForReading(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return base::Fail(base::ErrorCode::kNotFound, "there is no ledger " + path);
  }
  using Opened = base::Result<std::unique_ptr<Connection>>;
  auto opened = Guarded([&]() -> Opened { return OpenChecked(path, Connection::Mode::kReadOnly); });
  // A WAL database wants to write its index beside it even to be read. Where it may not, the file
  // alone will do as long as nobody writes.
  if (!opened && opened.error().code == base::ErrorCode::kUnavailable && IsAtRest(path)) {
    return Guarded([&]() -> Opened { return OpenChecked(path, Connection::Mode::kImmutable); });
  }
  return opened;
}

base::Result<std::unique_ptr<Reader>> OpenSqliteReader(const std::string& path) {
  auto db = OpenForReading(path);
  if (!db) {
    return tl::unexpected(db.error());
  }
  return std::make_unique<SqliteReader>(*std::move(db));
}

}  // namespace promtally::ledger
