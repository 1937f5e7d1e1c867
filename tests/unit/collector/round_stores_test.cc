// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include <gmock/gmock.h>

#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using source::Store;
using source::StoreList;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// Rounds against a Thanos of two stores.
class ThanosRound : public RoundTest {
 protected:
  ThanosRound() {
    script_->identity.kind = "thanos";
    script_->stores = [this] {
      ++lists_;
      return lists_ >= dies_at_ ? Without() : Both();
    };
  }
  static StoreList Both() {
    return {{{"a:1", true, "", {"{store=\"a\"}"}}, {"b:1", true, "", {"{store=\"b\"}"}}}, {}};
  }
  [[nodiscard]] StoreList Without() const {
    StoreList list = Both();
    if (dropped_) {
      list.stores.pop_back();
    } else {
      list.stores.back().answers = false;
      list.stores.back().last_error = "connection refused";
    }
    return list;
  }

  std::atomic<int> lists_ = 0;
  int dies_at_ = 1000;
  bool dropped_ = false;
};

TEST_F(ThanosRound, CommitsWhileAllStoresAnswer) {
  now_ = Hour(5);
  EXPECT_EQ(RunRound({MakeSpec("a"), MakeSpec("b")}).Count(ledger::PeriodState::kCommitted), 8U);
  EXPECT_GE(lists_, 2) << "asked before and after";
  EXPECT_LE(lists_, 9);
}

TEST_F(ThanosRound, HoldsAPeriodDuringWhoseQueriesAStoreDied) {
  now_ = Hour(2);
  dies_at_ = 2;
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 0 open partial"));
  EXPECT_EQ(script_->asked().size(), 1U);
  EXPECT_THAT(Row("a", 0)->detail, HasSubstr("store b:1 {store=\"b\"} does not answer"));
  EXPECT_THAT(Usage("a"), SizeIs(0));
  now_ = Hour(3);
  dies_at_ = 1000;
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 0 committed", "a 1 committed"));
}

TEST_F(ThanosRound, AsksNothingWhileAStoreIsDead) {
  now_ = Hour(20);
  dies_at_ = 1;
  const RoundReport report = RunRound({MakeSpec("a")});
  EXPECT_EQ(report.Count(ledger::PeriodState::kOpen), 19U);
  EXPECT_TRUE(report.any_source_reached);
  EXPECT_THAT(script_->asked(), SizeIs(0));
  EXPECT_THAT(Row("a", 5)->detail, HasSubstr("not asked: store b:1"));
  EXPECT_THAT(Row("a", 5)->reason, "partial");
}

TEST_F(ThanosRound, MissesAStoreThatAnEarlierRunHadSeenUntilEmptyAfter) {
  job_.empty_after = std::chrono::hours(24);
  now_ = Hour(2);
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 0 committed"));
  dropped_ = true;
  dies_at_ = 1;
  now_ = Hour(3);
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 1 open partial"));
  EXPECT_THAT(Row("a", 1)->detail, HasSubstr("{store=\"b\"} is not listed any more"));
  now_ = Hour(25);
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), Each(HasSubstr("open partial")));
  now_ = Hour(27);
  const RoundReport report = RunRound({MakeSpec("a")});
  EXPECT_EQ(report.Count(ledger::PeriodState::kCommitted), report.periods.size());
  EXPECT_THAT(report.periods, SizeIs(25));
}

}  // namespace
}  // namespace promtally::collector
