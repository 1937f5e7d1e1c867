// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <sys/resource.h>

#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

namespace fs = std::filesystem;
using LedgerFaults = LedgerTest;
using LedgerModel = LedgerTest;

std::vector<Sample> ManySamples(int count, const std::string& value) {
  std::vector<Sample> samples;
  for (int i = 0; i < count; ++i) {
    samples.push_back(Requests("project-" + std::to_string(i), "200", value));
  }
  return samples;
}

TEST_F(LedgerFaults, LeaveNothingOfACommitThatFailsInTheMiddle) {
  ASSERT_TRUE(Commit(0, ManySamples(10, "1")));
  // Each table in turn refuses a row late in the transaction.
  for (const std::string table : {"revision", "query", "series", "record", "total", "rejected"}) {
    const std::string event = table == "total" ? " before update on " : " before insert on ";
    Damage("create trigger fault" + event + table +
           " begin select raise(abort, 'the disk says no'); end");
    auto samples = ManySamples(20, "2");
    samples.push_back(Requests("p1", "200", "NaN"));
    const auto failed = Commit(1, samples);
    ASSERT_FALSE(failed) << table;
    EXPECT_THAT(failed.error().message, ::testing::HasSubstr("the disk says no"));
    EXPECT_THAT(failed.error().message, ::testing::HasSubstr(path_));
    Damage("drop trigger fault");
    EXPECT_EQ(QueryText("select (select count(*) from period), (select count(*) from revision),"
                        " (select count(*) from record), (select count(*) from series),"
                        " (select count(*) from query), (select count(*) from rejected)"),
              "1|1|10|10|1|0\n");
    EXPECT_TRUE(Violations().empty()) << table;
  }
  ASSERT_TRUE(Commit(1, ManySamples(20, "2")));
  EXPECT_TRUE(Violations().empty());
}

/// While it lives no file of this process grows beyond a size, as on a disk that is full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uintmax_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(LedgerFaults, LeaveNothingWhenTheDiskIsFullAndGoOnWhenItIsNot) {
  ASSERT_TRUE(Commit(0, ManySamples(10, "1")));
  const auto more = ManySamples(2000, "2");
  {
    const FileSizeLimit limit(fs::file_size(path_ + "-wal") + 65536);
    const auto failed = Commit(1, more);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, base::ErrorCode::kUnavailable);
  }
  EXPECT_EQ(QueryText("select count(*) from series"), "10\n");
  ASSERT_TRUE(Commit(1, more));
  EXPECT_TRUE(Violations().empty());
}

TEST_F(LedgerFaults, KeepEveryAcknowledgedCommitThroughAnAbruptEnd) {
  for (int hour = 0; hour < 20; ++hour) {
    ASSERT_TRUE(Commit(hour, ManySamples(5, std::to_string(hour))));
    // What a killed process leaves: the file and its WAL as they are at this moment.
    const std::string killed = folder_ + "/killed.db";
    fs::copy_file(path_, killed, fs::copy_options::overwrite_existing);
    fs::copy_file(path_ + "-wal", killed + "-wal", fs::copy_options::overwrite_existing);
    fs::remove(killed + "-shm");
    const auto reopened = OpenSqliteLedger(killed);
    ASSERT_TRUE(reopened) << reopened.error().message;
    EXPECT_EQ((*reopened)->Periods(spec_.id, Hour(0))->size(), static_cast<std::size_t>(hour + 1));
    const auto report = (*OpenSqliteReader(killed))->Verify();
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->violations.empty());
  }
}

TEST_F(LedgerFaults, DropATransactionThatWasCutInTheWal) {
  ASSERT_TRUE(Commit(0, ManySamples(5, "1")));
  const auto before = fs::file_size(path_ + "-wal");
  ASSERT_TRUE(Commit(1, ManySamples(500, "1")));
  const auto after = fs::file_size(path_ + "-wal");
  ASSERT_GT(after, before);
  const std::string cut = folder_ + "/cut.db";
  for (const auto size : {before + 1, (before + after) / 2, after - 1}) {
    fs::copy_file(path_, cut, fs::copy_options::overwrite_existing);
    fs::copy_file(path_ + "-wal", cut + "-wal", fs::copy_options::overwrite_existing);
    fs::resize_file(cut + "-wal", size);
    fs::remove(cut + "-shm");
    const auto reopened = OpenSqliteLedger(cut);
    ASSERT_TRUE(reopened);
    EXPECT_EQ((*reopened)->Periods(spec_.id, Hour(0))->size(), 1U);
    EXPECT_TRUE((*OpenSqliteReader(cut))->Verify()->violations.empty());
  }
}

/// The same ledger as plain maps.
struct Model {
  std::map<int, PeriodState> periods;
  std::map<std::pair<std::string, std::string>, std::pair<base::Decimal, base::Decimal>> totals;
  std::int64_t records = 0;

  void Commit(int hour, const std::vector<Sample>& samples) {
    const auto found = periods.find(hour);
    if (found != periods.end() && found->second >= PeriodState::kEmpty) {
      return;
    }
    periods[hour] = samples.empty() ? PeriodState::kEmpty : PeriodState::kCommitted;
    for (const Sample& sample : samples) {
      auto& [positive, negative] = totals[{sample.labels[0].second, sample.labels[1].second}];
      const base::Decimal value = base::Decimal::Parse(sample.value).value();
      (value.Sign() < 0 ? negative : positive) += value;
      ++records;
    }
  }
};

std::vector<Sample> RandomSamples(std::mt19937& random) {
  static constexpr std::array<const char*, 7> kValues = {
      "0", "1", "-3", "0.1", "12.345678901", "-0.2", "9007199254740993"};
  std::map<std::pair<int, int>, Sample> samples;
  const auto count = random() % 12;
  for (std::size_t i = 0; i < count; ++i) {
    const auto project = static_cast<int>(random() % 5);
    const auto code = static_cast<int>(random() % 4);
    samples[{project, code}] = Requests("p" + std::to_string(project), std::to_string(code),
                                        kValues.at(random() % kValues.size()));
  }
  std::vector<Sample> list;
  for (auto& [key, sample] : samples) {
    list.push_back(std::move(sample));
  }
  std::shuffle(list.begin(), list.end(), random);
  return list;
}

TEST_F(LedgerModel, AgreesWithPlainMapsAfterRandomCommits) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("start number " + std::to_string(seed));
  std::mt19937 random(seed);
  Model model;
  ASSERT_TRUE(ledger_->RecordRequestedRange(job_.id, {Hour(0), Hour(100)}, Hour(0)));
  for (int step = 0; step < 150; ++step) {
    const auto hour = static_cast<int>(random() % 60);
    const auto choice = random() % 20;
    if (choice == 0) {
      Close();
      Open();
    } else if (choice < 5) {
      const bool is_answered =
          model.periods.contains(hour) && model.periods[hour] >= PeriodState::kEmpty;
      const auto attempt = ledger_->RecordAttempt(Attempt(hour, PeriodState::kOpen, "timeout"));
      ASSERT_EQ(attempt.has_value(), !is_answered);
      model.periods.try_emplace(hour, PeriodState::kOpen);
    } else {
      const std::vector<Sample> samples = RandomSamples(random);
      ASSERT_TRUE(Commit(hour, samples));
      model.Commit(hour, samples);
    }
  }
  const auto periods = ledger_->Periods(spec_.id, Hour(0));
  ASSERT_EQ(periods->size(), model.periods.size());
  std::size_t index = 0;
  for (const auto& [hour, state] : model.periods) {
    EXPECT_EQ(periods->at(index).begin, Hour(hour));
    EXPECT_EQ(periods->at(index++).state, state);
  }
  const auto state = ledger_->Export(spec_.id, 1000);
  ASSERT_EQ(state->series.size(), model.totals.size());
  for (const auto& series : state->series) {
    const auto& [positive, negative] =
        model.totals.at({*series.scope, *base::Find(series.labels, "code")});
    EXPECT_EQ(series.positive, positive);
    EXPECT_EQ(series.negative, negative);
  }
  const auto report = OpenReader()->Verify();
  EXPECT_EQ(report->records, model.records);
  EXPECT_TRUE(report->violations.empty());
}

}  // namespace
}  // namespace promtally::ledger
