// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

/// A source with 60 `up` samples an hour, but for hours that a test names.
class CoverageRound : public RoundTest {
 protected:
  CoverageRound() {
    job_.min_coverage = 0.5;
    script_->query = [this](const AskedQuery& query) {
      if (query.text.find("(up[") == std::string::npos) {
        return OneSeries("5");
      }
      const auto at = up_.find(query.time);
      return Answered({{{}, at == up_.end() ? "60" : at->second}});
    };
  }

  std::map<base::Instant, std::string> up_;  // by end of the hour
};

TEST_F(CoverageRound, HoldsAPeriodThatTheSourceHardlySaw) {
  up_[Hour(3)] = "10";
  now_ = Hour(5);
  EXPECT_THAT(
      Decided(RunRound({MakeSpec("a")})),
      ElementsAre("a 0 committed", "a 1 committed", "a 2 open low_coverage", "a 3 committed"));
  EXPECT_EQ(Row("a", 2)->first_empty_at, now_);
}

TEST_F(CoverageRound, AsksOnceForAllSpecsOfAPeriod) {
  now_ = Hour(5);
  RunRound({MakeSpec("a"), MakeSpec("b"), MakeSpec("c")});
  EXPECT_EQ(script_->asked_for_up(), 4U);
}

TEST_F(CoverageRound, ComparesWithWhatEarlierRunsSaw) {
  now_ = Hour(3);
  RunRound({MakeSpec("a")});
  up_[Hour(3)] = "29";
  now_ = Hour(4);
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 2 open low_coverage"));
}

TEST_F(CoverageRound, CommitsWhenTheDataHaveArrived) {
  up_[Hour(2)] = "10";
  now_ = Hour(3);
  RunRound({MakeSpec("a")});
  up_[Hour(2)] = "55";
  now_ = Hour(3) + std::chrono::minutes(20);
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 1 committed"));
}

TEST_F(CoverageRound, CommitsWhatWasHeldForEmptyAfter) {
  up_[Hour(2)] = "10";
  now_ = Hour(3);
  RunRound({MakeSpec("a")});
  now_ = Hour(27);
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ::testing::Contains("a 1 committed"));
}

TEST_F(CoverageRound, CommitsWhatAnOperatorAccepts) {
  up_[Hour(2)] = "10";
  now_ = Hour(3);
  RunRound({MakeSpec("a")});
  const auto accepted = OpenLedger()->Accept({"", "a", HourPeriod(1)}, now_);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->accepted, 1);
  EXPECT_EQ(accepted->awaited, 1);
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 1 committed"));
  EXPECT_THAT(Usage("a"), ElementsAre("0/p1=5", "1/p1=5"));
}

TEST_F(CoverageRound, HearsOfAnAcceptanceWhileItAsks) {
  up_[Hour(2)] = "10";
  now_ = Hour(3);
  RunRound({MakeSpec("a")});
  now_ = Hour(3) + std::chrono::minutes(20);
  bool is_accepted = false;
  calls_->before = [&](ledger::WritableLedger& ledger, int) {
    if (!is_accepted) {
      is_accepted = true;
      EXPECT_TRUE(ledger.Accept({"", "a", HourPeriod(1)}, now_));
    }
  };
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 1 committed"));
}

TEST_F(CoverageRound, HoldsNothingWhereTheServerDoesNotSay) {
  now_ = Hour(3);
  RunRound({MakeSpec("a")});
  now_ = Hour(4);
  script_->query = [](const AskedQuery& query) {
    return query.text.find("(up[") == std::string::npos
               ? OneSeries("5")
               : Failing(source::Disposition::kPermanent, "http_status");
  };
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 2 committed"));
}

TEST_F(CoverageRound, AsksNothingWhereItIsSwitchedOff) {
  job_.min_coverage = 0;
  up_[Hour(2)] = "10";
  now_ = Hour(4);
  EXPECT_EQ(RunRound({MakeSpec("a")}).Count(ledger::PeriodState::kCommitted), 3U);
  EXPECT_EQ(script_->asked_for_up(), 1U);  // whether it has any at all
}

}  // namespace
}  // namespace promtally::collector
