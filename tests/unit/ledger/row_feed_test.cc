// SPDX-License-Identifier: Apache-2.0
#include "ledger/row_feed.h"

#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace promtally::ledger {
namespace {

/// Numbers and their texts, one text for all rows; may fail at a row.
class Numbers final : public RowFeed {
 public:
  explicit Numbers(std::size_t rows) : rows_(rows) {}

  [[nodiscard]] std::size_t size() const override { return rows_; }
  void Read(std::size_t row, int column, ColumnValue value) override {
    if (row == no_memory_at) {
      throw std::bad_alloc();
    }
    if (row == defect_at) {
      throw std::out_of_range("a defect");
    }
    if (column == 0) {
      value.Set(static_cast<std::int64_t>(row));
    } else if (column == 1 && row % 2 == 0) {
      text_ = "text " + std::to_string(row);
      value.Set(text_);
    }
  }

  std::size_t no_memory_at = SIZE_MAX;
  std::size_t defect_at = SIZE_MAX;

 private:
  const std::size_t rows_;
  std::string text_;
};

class RowFeedTest : public testing::Test {
 protected:
  RowFeedTest() {
    RegisterRowFeed(db_, &slot_);
    db_.Execute("create table t(n integer primary key, text text) strict");
  }

  void Insert(RowFeed& feed) {
    const FeedScope scope(&slot_, feed);
    db_.Run("insert into t select c0, c1 from feed");
  }

  RowFeed* slot_ = nullptr;
  Connection db_{":memory:", Connection::Mode::kCreate};
};

TEST_F(RowFeedTest, GivesEveryRowOnceWithItsOwnText) {
  Numbers feed(1000);
  Insert(feed);
  EXPECT_EQ(db_.Find("select count(*) from t"), 1000);
  EXPECT_EQ(db_.Find("select count(*) from t where n % 2 = 0 and text = 'text ' || n"), 500);
  EXPECT_EQ(db_.Find("select count(*) from t where n % 2 = 1 and text is null"), 500);
}

TEST_F(RowFeedTest, IsEmptyOutsideItsScope) {
  Numbers feed(3);
  Insert(feed);
  EXPECT_EQ(db_.Find("select count(*) from feed"), 0);
}

TEST_F(RowFeedTest, TurnsWhatARowThrowsIntoAnErrorThatChangesNothing) {
  for (const bool memory : {true, false}) {
    Numbers feed(1000);
    (memory ? feed.no_memory_at : feed.defect_at) = 700;
    EXPECT_THROW(Insert(feed), DatabaseError);
    EXPECT_EQ(db_.Find("select count(*) from t"), 0);
  }
  Numbers feed(5);
  Insert(feed);
  EXPECT_EQ(db_.Find("select count(*) from t"), 5);
}

}  // namespace
}  // namespace promtally::ledger
