// SPDX-License-Identifier: Apache-2.0
// Bit rot: no byte of a ledger's file can change what is read from it without being noticed.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "ledger/page_checksums.h"
#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

namespace fs = std::filesystem;

/// Flips of random bits; PROMTALLY_LONG=1: a flip in every byte of the file.
constexpr int kFlips = 600;

class BitFlips : public LedgerTest {
 protected:
  BitFlips() {
    EXPECT_TRUE(ledger_->RecordRequestedRange(job_.id, {Hour(0), Hour(9)}, Hour(9)));
    EXPECT_TRUE(ledger_->RecordCoverage("prometheus", HourPeriod(0), 60));
    for (int hour = 0; hour < 5; ++hour) {
      PeriodCommit commit =
          Prepare(hour, {Requests("p1", "200", "1.25"), Requests("p2", std::to_string(hour), "-7"),
                         Requests("p3", "500", "NaN")});
      commit.queries.front().annotations = "PromQL info: metric might not be a counter";
      EXPECT_TRUE(ledger_->Commit(commit));
    }
    EXPECT_TRUE(Commit(5, {}));
    PeriodEntry attempt = Attempt(6, PeriodState::kOpen, "timeout");
    attempt.detail = "no answer within 30s";
    attempt.next_retry = Hour(7);
    EXPECT_TRUE(ledger_->RecordAttempt(attempt));
    Close();  // the file alone holds everything
    EXPECT_FALSE(fs::exists(path_ + "-wal"));
    records_ = Records().value();
    status_ = Statuses().value();
  }

  void FlipBit(std::uintmax_t byte, int bit) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(byte));
    const int old = file.get();
    file.seekp(static_cast<std::streamoff>(byte));
    file.put(static_cast<char>(old ^ (1 << bit)));
    ASSERT_TRUE(file.good());
  }

  /// All record lines, or why they cannot be read.
  [[nodiscard]] base::Result<std::string> Records() const {
    const auto reader = OpenSqliteReader(path_);
    if (!reader) {
      return tl::unexpected(reader.error());
    }
    std::string text;
    const auto read = (*reader)->Records({}, [&](const metering::UsageRecord& record) {
      text += record.id + " " + record.job + " " + record.name + " " + record.unit + " " +
              record.scope.value_or("-") + " " + base::ToText(record.period.begin) + " " +
              record.quantity + "\n";
      return true;
    });
    return read ? base::Result<std::string>(text) : tl::unexpected(read.error());
  }

  [[nodiscard]] base::Result<std::string> Statuses() const {
    const auto reader = OpenSqliteReader(path_);
    if (!reader) {
      return tl::unexpected(reader.error());
    }
    const auto statuses = (*reader)->Statuses(Hour(8));
    if (!statuses) {
      return tl::unexpected(statuses.error());
    }
    std::string text;
    for (const SpecStatus& status : *statuses) {
      text += status.job + " " + status.name + " " + std::to_string(status.committed) + " " +
              std::to_string(status.rejected);
      for (const PeriodEntry& entry : status.unfinished) {
        text += " " + base::ToText(entry.period.begin) + " " + entry.reason + " " + entry.detail +
                " " + std::to_string(entry.attempts);
      }
    }
    return text;
  }

  /// verify finds it, and no command prints anything else than before.
  void ExpectNoticed(std::uintmax_t byte, int bit) {
    SCOPED_TRACE("byte " + std::to_string(byte) + " bit " + std::to_string(bit));
    FlipBit(byte, bit);
    const auto reader = OpenSqliteReader(path_);
    if (reader) {
      const auto report = (*reader)->Verify();
      EXPECT_TRUE(!report || !report->violations.empty()) << "a silent change";
    }
    EXPECT_EQ(Records().value_or(records_), records_);
    EXPECT_EQ(Statuses().value_or(status_), status_);
    FlipBit(byte, bit);
  }

  std::string records_;
  std::string status_;
};

TEST_F(BitFlips, AreNoticedWhereverTheyAre) {
  const auto seed = std::random_device()();
  std::cout << "start number " << seed << "\n";
  SCOPED_TRACE("start number " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::uintmax_t size = fs::file_size(path_);
  const char* all = std::getenv("PROMTALLY_LONG");
  if (all != nullptr && *all != '\0') {
    for (std::uintmax_t byte = 0; byte < size && !HasFailure(); ++byte) {
      ExpectNoticed(byte, static_cast<int>(random() % 8));
    }
  } else {
    for (std::uintmax_t byte = 0; byte < 100 && !HasFailure(); ++byte) {
      ExpectNoticed(byte, static_cast<int>(random() % 8));  // the header says how to read the rest
    }
    for (int flip = 0; flip < kFlips && !HasFailure(); ++flip) {
      ExpectNoticed(random() % size, static_cast<int>(random() % 8));
    }
  }
  EXPECT_TRUE(Violations().empty());  // each flip was taken back
}

TEST_F(BitFlips, InARecordNameItsPeriodAndFailTheReadersOfIt) {
  std::ifstream file(path_, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  // Of the pages that have this text the records' one is the one whose damage names a period.
  std::vector<Violation> violations;
  for (std::size_t at = bytes.find("1.25"); at != std::string::npos;
       at = bytes.find("1.25", at + 1)) {
    FlipBit(at, 1);  // 3.25
    violations = Violations();
    if (std::any_of(violations.begin(), violations.end(),
                    [](const Violation& found) { return found.period == HourPeriod(0); })) {
      break;
    }
    FlipBit(at, 1);
  }
  const auto named = std::find_if(violations.begin(), violations.end(), [](const Violation& found) {
    return found.name == "requests" && found.period == HourPeriod(0);
  });
  ASSERT_NE(named, violations.end());
  EXPECT_THAT(named->message, ::testing::HasSubstr("cannot be read"));
  const auto records = Records();
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().code, base::ErrorCode::kInternal);
  EXPECT_THAT(records.error().message, ::testing::HasSubstr("checksum differs"));
  EXPECT_THAT(records.error().message, ::testing::HasSubstr("promtally verify"));
}

TEST_F(BitFlips, StopTheWriter) {
  std::ifstream file(path_, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  FlipBit(bytes.find("1.25"), 1);
  Open();
  const auto commit = Commit(7, {Requests("p1", "200", "1")});
  ASSERT_FALSE(commit);
  EXPECT_EQ(commit.error().code, base::ErrorCode::kInternal);  // which is not tried again
}

/// Writes the ledger's rows to another file without room for checksums, as an older version did.
void WritePlain(const std::string& path, const std::string& script) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, script.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  EXPECT_FALSE(HasPageChecksums(db));
  sqlite3_close(db);
}

TEST_F(BitFlips, AreNoticedInALedgerFromBeforeThereWereChecksumsOnceItIsWritten) {
  const std::string schema = QueryText(
      "select group_concat(sql, ';') from (select sql from sqlite_schema where sql is not null"
      " order by type = 'table' desc)");
  const std::string rows = QueryText(
      "select group_concat('insert into main.' || name || ' select * from old.' || name, ';')"
      " from sqlite_schema where type = 'table'");
  const std::string plain = path_ + ".plain";
  WritePlain(plain, "attach '" + path_ + "' as old;" + schema + ";" + rows +
                        "; pragma application_id = " + QueryText("pragma application_id") +
                        "; pragma user_version = " + QueryText("pragma user_version"));
  fs::rename(plain, path_);
  EXPECT_EQ(Records().value(), records_);
  EXPECT_THAT(Violations().at(0).message, ::testing::HasSubstr("no checksums"));
  Open();
  Close();
  EXPECT_TRUE(Violations().empty());
  EXPECT_EQ(Records().value(), records_);
  std::ifstream file(path_, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  FlipBit(bytes.find("1.25"), 0);
  EXPECT_FALSE(Violations().empty());
}

}  // namespace
}  // namespace promtally::ledger
