// SPDX-License-Identifier: Apache-2.0
#include "ledger/sqlite_ledger.h"

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/period_digest.h"
#include "ledger/schema.h"
#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using LedgerFile = LedgerTest;
using LedgerBackup = LedgerTest;

/// Runs a body in a child process and returns its exit status.
template <typename Body>
int InChild(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(LedgerFile, HasTheSettingsThatKeepItSafe) {
  EXPECT_EQ(
      QueryText("pragma application_id; pragma user_version; pragma page_size;"
                "pragma journal_mode"),
      std::to_string(kApplicationId) + "\n" + std::to_string(kSchemaVersion) + "\n16384\nwal\n");
}

TEST_F(LedgerFile, RefusesASecondWriterAndNamesTheFirst) {
  const auto second = OpenSqliteLedger(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::ErrorCode::kConflict);
  EXPECT_THAT(second.error().message,
              HasSubstr("ledger " + path_ + " is in use by process " + std::to_string(getpid())));
}

TEST_F(LedgerFile, RefusesAWriterOfAnotherProcess) {
  EXPECT_EQ(InChild([&] {
              const auto second = OpenSqliteLedger(path_);
              return !second && second.error().code == base::ErrorCode::kConflict ? 7 : 1;
            }),
            7);
}

TEST_F(LedgerFile, IsFreeAgainWhenItsWriterWasKilled) {
  Close();
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe(ready.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto held = OpenSqliteLedger(path_);
    const char answer = held ? 'y' : 'n';
    [[maybe_unused]] const ssize_t sent = write(ready[1], &answer, 1);
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_EQ(LedgerHolder(path_), child);
  const auto refused = OpenSqliteLedger(path_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("process " + std::to_string(child)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  Open();
  EXPECT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
}

TEST_F(LedgerFile, RefusesANewerSchema) {
  Close();
  Damage("pragma user_version = 99");
  const auto writer = OpenSqliteLedger(path_);
  ASSERT_FALSE(writer);
  EXPECT_THAT(writer.error().message, HasSubstr("schema version 99"));
  EXPECT_FALSE(OpenSqliteReader(path_));
}

TEST_F(LedgerFile, RefusesFilesThatAreNoLedgerAndLeavesThemAlone) {
  const std::string foreign = folder_ + "/foreign.db";
  Connection(foreign, Connection::Mode::kCreate).Execute("create table t(a)");
  const std::string text = folder_ + "/text.db";
  std::ofstream(text) << std::string(5000, 'x');
  for (const std::string& path : {foreign, text}) {
    const auto size = fs::file_size(path);
    const auto writer = OpenSqliteLedger(path);
    ASSERT_FALSE(writer);
    EXPECT_THAT(writer.error().message, HasSubstr(path + " is no promtally ledger"));
    EXPECT_FALSE(OpenSqliteReader(path));
    EXPECT_EQ(fs::file_size(path), size);
  }
}

TEST_F(LedgerFile, SaysWhenThereIsNothingToRead) {
  const auto missing = OpenSqliteReader(folder_ + "/none.db");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(folder_ + "/none.db"));
  EXPECT_FALSE(OpenSqliteLedger(folder_ + "/no/folder.db"));
}

TEST_F(LedgerFile, OpensUnderAnAwkwardName) {
  const std::string path = folder_ + "/a?b#c%20 d.db";
  const auto ledger = OpenSqliteLedger(path);
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_TRUE(fs::exists(path));
}

TEST_F(LedgerFile, MigratesStepByStep) {
  Connection db(folder_ + "/steps.db", Connection::Mode::kCreate);
  const std::array<const char*, 2> steps = {"create table a(x)", "alter table a add column y"};
  Migrate(db, 0, std::span(steps).first(1));
  EXPECT_EQ(Inspect(db).version, 1);
  Migrate(db, 1, steps);
  EXPECT_EQ(Inspect(db).version, 2);
  db.Run("insert into a(x, y) values(1, 2)");
  EXPECT_EQ(db.Find("select y from a"), 2);
}

TEST_F(LedgerFile, VerifiesWhatWasCommittedBeforeDigestsHadCounts) {
  const PeriodCommit commit = Prepare(0, {Requests("p1", "200", "1.5")});
  PeriodDigest digest(1);
  digest.AddRecord(commit.result->rows.at(0).hash, "1.5");
  digest.AddQuery(commit.queries.at(0).text);
  ASSERT_TRUE(ledger_->Commit(commit));
  Close();
  Damage("update revision set digest = x'" + base::ToHex(digest.Finish()) +
         "'; alter table revision drop column digest_format;"
         " alter table job drop column settings; drop table answered; drop table prediction;"
         " alter table spec drop column predicts; alter table revision drop column evaluation;"
         " alter table revision drop column warnings; drop index period_provisional; drop index "
         "period_stale;"
         " alter table period drop column final; alter table period drop column stale;"
         " drop table evidence; drop table checkpoint;"
         " drop table thing; pragma user_version = 3");
  Open();
  EXPECT_TRUE(Violations().empty());
  ASSERT_TRUE(Commit(1, {}));
  EXPECT_TRUE(Violations().empty());
  EXPECT_EQ(QueryText("select digest_format from revision order by commit_seq"), "0\n1\n");
}

TEST_F(LedgerFile, UndoesAllOfWhatIsDoneTogetherWhereOneFails) {
  const auto add = [this](const std::string& name) {
    Spec spec = spec_;
    spec.name = name;
    spec.versions.resize(1);
    return ledger_->AddSpec(spec, config_id_);
  };
  const auto status = ledger_->Atomically([&]() -> base::Status {
    EXPECT_TRUE(add("a"));
    EXPECT_TRUE(ledger_->SetRetired(spec_.id, Hour(3)));
    EXPECT_FALSE(add("a"));  // fails alone
    EXPECT_TRUE(add("b"));
    EXPECT_EQ(ledger_->Specs(job_.id)->size(), 3U);
    return base::Fail(base::ErrorCode::kConflict, "no");
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "no");
  ASSERT_EQ(ledger_->Specs(job_.id)->size(), 1U);
  EXPECT_FALSE(ledger_->Specs(job_.id)->front().retired_at);
  EXPECT_TRUE(ledger_->Atomically([&]() -> base::Status {
    return add("a") ? base::Status() : base::Fail(base::ErrorCode::kInternal, "a");
  }));
  EXPECT_EQ(ledger_->Specs(job_.id)->size(), 2U);
}

TEST_F(LedgerFile, KeepsTheOldSchemaWhenAStepFails) {
  Connection db(folder_ + "/steps.db", Connection::Mode::kCreate);
  const std::array<const char*, 2> steps = {"create table a(x)",
                                            "create table b(x); create table a(x)"};
  EXPECT_THROW(Migrate(db, 0, steps), DatabaseError);
  EXPECT_EQ(Inspect(db).version, 1);
  EXPECT_EQ(db.Find("select count(*) from sqlite_schema"), 1);
}

TEST_F(LedgerFile, IsReadBesideAWriter) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  const auto reader = OpenReader();
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "2")}));
  int seen = 0;
  // The reader sees one state while the writer goes on.
  ASSERT_TRUE(reader->Records({}, [&](const metering::UsageRecord&) {
    ++seen;
    EXPECT_TRUE(Commit(1 + seen, {Requests("p1", "200", "4")}));
    return true;
  }));
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(reader->Totals({}, {})->at(0).records, 4);
}

TEST_F(LedgerFile, IsReadWhereNothingMayBeWritten) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  Close();
  ASSERT_EQ(chmod(path_.c_str(), 0444), 0);
  ASSERT_EQ(chmod(folder_.c_str(), 0555), 0);
  constexpr uid_t kNobody = 65534;
  const int status = InChild([&] {
    if (geteuid() == 0 && setuid(kNobody) != 0) {
      return 2;
    }
    const auto reader = OpenSqliteReader(path_);
    return reader && (*reader)->Totals({}, {})->at(0).records == 1 ? 7 : 1;
  });
  ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
  EXPECT_EQ(status, 7);
}

TEST_F(LedgerFile, ReportsDamageOfItsPages) {
  for (int hour = 0; hour < 50; ++hour) {
    ASSERT_TRUE(Commit(hour, {Requests("p" + std::to_string(hour), "200", "1")}));
  }
  Close();
  EXPECT_TRUE(CheckIntegrity(path_)->empty());
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::streamoff>(fs::file_size(path_));
  for (std::streamoff page = 16384; page < size; page += 16384) {
    file.seekp(page);
    file.write("\xff\xff\xff\xff", 4);
  }
  file.close();
  const auto problems = CheckIntegrity(path_);
  ASSERT_TRUE(problems) << problems.error().message;
  EXPECT_FALSE(problems->empty());
}

TEST_F(LedgerBackup, IsACompleteLedgerInOneFile) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  const std::string copy = folder_ + "/copy.db";
  ASSERT_TRUE(OpenReader()->Backup(copy));
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "2")}));
  const auto reader = OpenSqliteReader(copy);
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->Totals({}, {})->at(0).records, 1);
  EXPECT_TRUE((*reader)->Verify()->violations.empty());
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().filename().string().find("tmp") != std::string::npos) {
      left.push_back(entry.path());
    }
  }
  EXPECT_TRUE(left.empty());
}

TEST_F(LedgerBackup, RefusesAnExistingTarget) {
  const std::string copy = folder_ + "/copy.db";
  std::ofstream(copy) << "precious";
  const auto refused = OpenReader()->Backup(copy);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::kConflict);
  EXPECT_EQ(fs::file_size(copy), 8U);
}

TEST_F(LedgerBackup, ComesBackInThePlaceOfALaterLedger) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  const std::string copy = folder_ + "/copy.db";
  ASSERT_TRUE(OpenReader()->Backup(copy));
  ASSERT_TRUE(Commit(1, {Requests("p1", "200", "2")}));
  EXPECT_EQ(RestoreSqliteLedger(copy, path_, true).error().code, base::ErrorCode::kConflict);
  Close();
  EXPECT_EQ(RestoreSqliteLedger(copy, path_, false).error().code, base::ErrorCode::kConflict);
  ASSERT_TRUE(RestoreSqliteLedger(copy, path_, true));
  Open();
  EXPECT_EQ(ledger_->Periods(spec_.id, Hour(0))->size(), 1U);
  EXPECT_TRUE(Commit(1, {Requests("p1", "200", "3")}));
  EXPECT_TRUE(Violations().empty());
}

TEST_F(LedgerBackup, ComesBackOverAWalThatWasLeft) {
  const std::string copy = folder_ + "/copy.db";
  ASSERT_TRUE(OpenReader()->Backup(copy));
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  const std::string killed = folder_ + "/killed.db";
  fs::copy_file(path_, killed);
  fs::copy_file(path_ + "-wal", killed + "-wal");
  ASSERT_TRUE(RestoreSqliteLedger(copy, killed, true));
  const auto restored = OpenSqliteReader(killed);
  ASSERT_TRUE(restored);
  EXPECT_TRUE((*restored)->Totals({}, {})->empty());
}

TEST_F(LedgerBackup, IsNotRestoredWhenItIsDamaged) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  const std::string copy = folder_ + "/copy.db";
  ASSERT_TRUE(OpenReader()->Backup(copy));
  fs::resize_file(copy, fs::file_size(copy) - 16384);
  std::ofstream(folder_ + "/text.db") << "no database at all";
  Close();
  EXPECT_FALSE(RestoreSqliteLedger(copy, path_, true));
  EXPECT_FALSE(RestoreSqliteLedger(folder_ + "/text.db", path_, true));
  EXPECT_EQ(RestoreSqliteLedger(folder_ + "/none.db", path_, true).error().code,
            base::ErrorCode::kNotFound);
  Open();
  EXPECT_EQ(ledger_->Periods(spec_.id, Hour(0))->size(), 1U);
}

}  // namespace
}  // namespace promtally::ledger
