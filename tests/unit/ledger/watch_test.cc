// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LedgerWatch : public LedgerTest {
 protected:
  [[nodiscard]] SpecWatch Watch() const {
    return OpenReader()->Watch("default", "requests").value().value();
  }
  void CommitScopes(int hour, int from, int to) {
    std::vector<Sample> samples;
    for (int scope = from; scope < to; ++scope) {
      samples.push_back(Requests("p" + std::to_string(scope), "200", "1"));
    }
    ASSERT_TRUE(Commit(hour, samples));
  }
};

TEST_F(LedgerWatch, HasNothingToCompareAtFirst) {
  EXPECT_FALSE(Watch().newest);
  CommitScopes(0, 0, 3);
  EXPECT_EQ(Watch().newest, HourPeriod(0));
  EXPECT_EQ(Watch().series, 3);
  EXPECT_FALSE(Watch().series_median);
  EXPECT_FALSE(Watch().HasFewSeries());
  EXPECT_EQ(OpenReader()->Watch("default", "nobody").value(), std::nullopt);
}

TEST_F(LedgerWatch, NamesScopesThatAreGone) {
  CommitScopes(0, 0, 30);
  CommitScopes(1, 0, 20);
  EXPECT_EQ(Watch().absent_scopes, 10);
  EXPECT_THAT(Watch().absent_names, SizeIs(10));
  EXPECT_EQ(Watch().absent_names.front(), "p20");
  CommitScopes(2, 5, 20);
  EXPECT_THAT(Watch().absent_names, ElementsAre("p0", "p1", "p2", "p3", "p4"));
  CommitScopes(3, 0, 40);
  EXPECT_THAT(Watch().absent_names, IsEmpty());
}

TEST_F(LedgerWatch, ComparesWithTheAnsweredPeriodBeforeAnOpenOne) {
  CommitScopes(0, 0, 2);
  ASSERT_TRUE(ledger_->RecordAttempt(Attempt(1, PeriodState::kOpen, "timeout")));
  CommitScopes(2, 0, 1);
  EXPECT_THAT(Watch().absent_names, ElementsAre("p1"));
}

TEST_F(LedgerWatch, WarnsBelowHalfOfTheMedianOnly) {
  for (int hour = 0; hour < 5; ++hour) {
    CommitScopes(hour, 0, 10);
  }
  CommitScopes(5, 0, 5);
  EXPECT_EQ(Watch().series_median, 10);
  EXPECT_FALSE(Watch().HasFewSeries());
  CommitScopes(6, 0, 4);
  EXPECT_TRUE(Watch().HasFewSeries());
}

TEST_F(LedgerWatch, LooksBackTwentyFourPeriods) {
  CommitScopes(0, 0, 100);
  for (int hour = 1; hour <= 24; ++hour) {
    CommitScopes(hour, 0, hour % 2 == 0 ? 2 : 4);
  }
  CommitScopes(25, 0, 3);
  EXPECT_EQ(Watch().series_median, 3);
}

using LedgerCoverage = LedgerTest;

TEST_F(LedgerCoverage, GivesEarlierPeriodsOfTheSameLengthNewestFirst) {
  for (int hour = 0; hour < 30; ++hour) {
    ASSERT_TRUE(ledger_->RecordCoverage("s", HourPeriod(hour), hour));
  }
  ASSERT_TRUE(ledger_->RecordCoverage("s", {Hour(24), Hour(28)}, 999));
  ASSERT_TRUE(ledger_->RecordCoverage("other", HourPeriod(28), 999));
  EXPECT_THAT(ledger_->CoverageBefore("s", HourPeriod(29), 3).value(), ElementsAre(28, 27, 26));
  EXPECT_THAT(ledger_->CoverageBefore("s", HourPeriod(2), 24).value(), ElementsAre(1, 0));
  EXPECT_THAT(ledger_->CoverageBefore("nobody", HourPeriod(2), 24).value(), IsEmpty());
}

TEST_F(LedgerCoverage, KeepsWhatWasAnsweredLast) {
  ASSERT_TRUE(ledger_->RecordCoverage("s", HourPeriod(0), 10));
  ASSERT_TRUE(ledger_->RecordCoverage("s", HourPeriod(0), 60));
  EXPECT_THAT(ledger_->CoverageBefore("s", HourPeriod(1), 24).value(), ElementsAre(60));
  EXPECT_TRUE(Violations().empty());
}

}  // namespace
}  // namespace promtally::ledger
