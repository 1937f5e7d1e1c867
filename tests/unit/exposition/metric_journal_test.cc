// SPDX-License-Identifier: Apache-2.0
#include "exposition/metric_journal.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "exposition/crc32c.h"
#include "support/temp_folder.h"

namespace promtally::exposition {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Frame(const std::string& record) {
  return std::string(MetricJournal::kFrameHead, '\0') + record;
}

class MetricJournalTest : public testing::Test {
 protected:
  base::Result<MetricJournal::Opened> Open() {
    records_.clear();
    return MetricJournal::Open(path_, [this](std::string_view record) {
      records_.emplace_back(record);
      return base::Status();
    });
  }
  void Write(const std::vector<std::string>& records) {
    auto opened = Open();
    ASSERT_TRUE(opened) << opened.error().message;
    for (const std::string& record : records) {
      std::string frame = Frame(record);
      ASSERT_TRUE(opened->journal->Append(frame, false));
    }
    ASSERT_TRUE(opened->journal->Sync());
  }
  [[nodiscard]] std::string Bytes() const {
    std::ostringstream bytes;
    bytes << std::ifstream(path_, std::ios::binary).rdbuf();
    return bytes.str();
  }
  void SetBytes(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }

  test::TempFolder folder_;
  std::string path_ = (folder_.path() / "metrics.journal").string();
  std::vector<std::string> records_;
};

TEST(Crc32c, IsThatOfCastagnoli) {
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(Crc32c("6789", Crc32c("12345")), Crc32c("123456789"));
}

TEST_F(MetricJournalTest, GivesBackWhatWasAppended) {
  Write({"one", "", std::string(3000000, 'x')});
  Write({"four"});
  ASSERT_TRUE(Open());
  ASSERT_EQ(records_.size(), 4U);
  EXPECT_EQ(records_[0], "one");
  EXPECT_EQ(records_[1], "");
  EXPECT_EQ(records_[2].size(), 3000000U);
  EXPECT_EQ(records_[3], "four");
}

TEST_F(MetricJournalTest, CutsATornLastRecordOffAtEveryByte) {
  Write({"first", "the last record"});
  const std::string whole = Bytes();
  const std::size_t last = whole.size() - MetricJournal::kFrameHead - 15;
  for (std::size_t size = last; size < whole.size(); ++size) {
    SetBytes(whole.substr(0, size));
    auto opened = Open();
    ASSERT_TRUE(opened) << size;
    EXPECT_THAT(records_, ElementsAre("first"));
    EXPECT_EQ(opened->warning.empty(), size == last);
    std::string frame = Frame("next");
    ASSERT_TRUE(opened->journal->Append(frame, false));
    opened->journal.reset();
    ASSERT_TRUE(Open());
    EXPECT_THAT(records_, ElementsAre("first", "next"));
  }
}

TEST_F(MetricJournalTest, CutsOffWhatAPowerCutLeftBehindTheLastRecord) {
  Write({"first"});
  const std::string whole = Bytes();
  for (const std::string& rest :
       {std::string(5000, '\0'), std::string(40, '\xFF'), std::string("garbage")}) {
    SetBytes(whole + rest);
    auto opened = Open();
    ASSERT_TRUE(opened);
    EXPECT_THAT(records_, ElementsAre("first"));
    EXPECT_THAT(opened->warning, HasSubstr("at byte " + std::to_string(whole.size())));
    EXPECT_THAT(opened->warning, HasSubstr(std::to_string(rest.size()) + " bytes were cut off"));
  }
}

TEST_F(MetricJournalTest, NamesThePlaceOfEveryFlippedBit) {
  Write({"first", "second record", "third"});
  const std::string whole = Bytes();
  const std::size_t second = 32 + 12 + 5;
  const std::size_t third = second + 12 + 13;
  for (std::size_t at = 0; at < third; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      SetBytes(damaged);
      const auto opened = Open();
      ASSERT_FALSE(opened) << at;
      EXPECT_EQ(opened.error().code, base::ErrorCode::kParse);
      const std::size_t begin = at < 32 ? 0 : (at < second ? 32 : second);
      EXPECT_THAT(opened.error().message, HasSubstr("at byte " + std::to_string(begin) + ":"));
      EXPECT_EQ(Bytes(), damaged);
    }
  }
}

TEST_F(MetricJournalTest, RefusesAStrangeOrEmptyFile) {
  for (const std::string& bytes :
       {std::string(), std::string("promtally metric"), std::string(100, 'x')}) {
    SetBytes(bytes);
    EXPECT_EQ(Open().error().code, base::ErrorCode::kParse);
  }
}

TEST_F(MetricJournalTest, IsOpenInOneProcessOnly) {
  const auto first = Open();
  ASSERT_TRUE(first);
  EXPECT_EQ(Open().error().code, base::ErrorCode::kConflict);
}

TEST_F(MetricJournalTest, TakesAReplayErrorForDamage) {
  Write({"first"});
  const auto opened = MetricJournal::Open(path_, [](std::string_view) -> base::Status {
    return base::Fail(base::ErrorCode::kParse, "no metric");
  });
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("damaged at byte 32: no metric"));
}

TEST_F(MetricJournalTest, LeavesNothingOfARecordThatDidNotFit) {
  Write({"first"});
  auto opened = Open();
  ASSERT_TRUE(opened);
  const std::string before = Bytes();
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  getrlimit(RLIMIT_FSIZE, &old_limit);
  rlimit limit = old_limit;
  limit.rlim_cur = before.size() + 100;
  setrlimit(RLIMIT_FSIZE, &limit);
  std::string frame = Frame(std::string(1000, 'x'));
  const auto failed = opened->journal->Append(frame, false);
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, base::ErrorCode::kUnavailable);
  EXPECT_EQ(Bytes(), before);
  EXPECT_FALSE(opened->journal->IsBroken());
  frame = Frame("second");
  ASSERT_TRUE(opened->journal->Append(frame, false));
  opened->journal.reset();
  ASSERT_TRUE(Open());
  EXPECT_THAT(records_, ElementsAre("first", "second"));
}

TEST_F(MetricJournalTest, PutsADurableCopyInItsPlace) {
  Write({"a", "b", "c"});
  auto opened = Open();
  MetricJournal& journal = *opened->journal;
  ASSERT_TRUE(journal.BeginCopy());
  std::string frame = Frame("abc");
  ASSERT_TRUE(journal.AppendToCopy(frame));
  frame = Frame("d");
  ASSERT_TRUE(journal.Append(frame, true));
  ASSERT_TRUE(journal.Sync());
  EXPECT_FALSE(journal.IsCopyDurable());  // it was not complete
  EXPECT_FALSE(journal.AdoptCopy());
  journal.SealCopy();
  ASSERT_TRUE(journal.Sync());
  EXPECT_TRUE(journal.IsCopyDurable());
  frame = Frame("e");
  ASSERT_TRUE(journal.Append(frame, true));
  ASSERT_TRUE(journal.AdoptCopy());
  frame = Frame("f");
  ASSERT_TRUE(journal.Append(frame, true));
  ASSERT_TRUE(journal.Sync());
  opened->journal.reset();
  ASSERT_TRUE(Open());
  EXPECT_THAT(records_, ElementsAre("abc", "d", "e", "f"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".copy"));
}

TEST_F(MetricJournalTest, ForgetsACopyThatWasLeftUnfinished) {
  Write({"a"});
  auto opened = Open();
  ASSERT_TRUE(opened->journal->BeginCopy());
  std::filesystem::copy_file(path_ + ".copy", path_ + ".left");
  opened->journal.reset();
  EXPECT_FALSE(std::filesystem::exists(path_ + ".copy"));
  std::filesystem::rename(path_ + ".left", path_ + ".copy");  // as a killed process leaves it
  ASSERT_TRUE(Open());
  EXPECT_THAT(records_, ElementsAre("a"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".copy"));
}

}  // namespace
}  // namespace promtally::exposition
