// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "collector/plan.h"
#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RoundPlanTest : public CollectorTest {
 protected:
  RoundPlan Make(Catalogue* catalogue, const RoundScope& scope = {}) const {
    const auto ledger = OpenLedger();
    auto plan = PlanRound(*ledger, catalogue, scope, now_);
    EXPECT_TRUE(plan);
    return plan.value_or(RoundPlan{});
  }
  RoundPlan Make(const metering::MetricSpecs& specs, const RoundScope& scope = {}) {
    Catalogue catalogue = Register(specs);
    return Make(&catalogue, scope);
  }
  /// "0+60" of each item: begin and length in minutes.
  static std::vector<std::string> Items(const RoundPlan& plan) {
    std::vector<std::string> items;
    for (const WorkItem& item : plan.items) {
      items.push_back(
          std::to_string(std::chrono::floor<minutes>(item.period.begin - Hour(0)).count()) + "+" +
          std::to_string(std::chrono::floor<minutes>(item.period.end - item.period.begin).count()));
    }
    return items;
  }
  /// Closes an hour as empty.
  void Answer(int hour) const {
    ledger::PeriodEntry suspect;
    suspect.reason = "suspect_empty";
    WriteRow("a", hour, suspect);
    EXPECT_TRUE(OpenLedger()->Accept({"default", "a", HourPeriod(hour)}, now_));
  }
  static ledger::PeriodEntry Open(std::optional<base::Instant> next_retry) {
    ledger::PeriodEntry entry;
    entry.reason = "timeout";
    entry.attempts = 2;
    entry.next_retry = next_retry;
    return entry;
  }
  static ledger::PeriodEntry Failed() {
    ledger::PeriodEntry entry;
    entry.state = ledger::PeriodState::kFailed;
    entry.reason = "query_error";
    return entry;
  }
};

TEST_F(RoundPlanTest, TakesWhatIsDueFromTheFirstPeriodOn) {
  now_ = Hour(4) - base::Milliseconds(1);
  EXPECT_THAT(Items(Make({MakeSpec("a")})), ElementsAre("0+60", "60+60"));
  now_ = Hour(4);
  EXPECT_THAT(Items(Make({MakeSpec("a")})), ElementsAre("0+60", "60+60", "120+60"));
}

TEST_F(RoundPlanTest, GoesByPeriodAndThenByTheOrderOfTheFile) {
  now_ = Hour(3);
  Catalogue catalogue = Register({MakeSpec("z"), MakeSpec("a")});
  std::vector<std::string> names;
  for (const WorkItem& item : Make(&catalogue).items) {
    names.push_back(catalogue.jobs[item.job].specs[item.spec].stored.name);
  }
  EXPECT_THAT(names, ElementsAre("z", "a", "z", "a"));
}

TEST_F(RoundPlanTest, LeavesAnsweredPeriodsOutAndMovesTheFrontierOverThem) {
  now_ = Hour(5);
  Catalogue catalogue = Register({MakeSpec("a")});
  Answer(0);
  Answer(1);
  Answer(3);
  EXPECT_THAT(Items(Make(&catalogue)), ElementsAre("120+60"));
  EXPECT_EQ(catalogue.jobs[0].specs[0].frontier, Hour(2));
  EXPECT_THAT(Items(Make(&catalogue)), ElementsAre("120+60"));
}

TEST_F(RoundPlanTest, CountsWhatWaitsForItsNextTry) {
  now_ = Hour(4);
  static_cast<void>(Register({MakeSpec("a")}));
  WriteRow("a", 0, Open(now_ + seconds(40)));
  WriteRow("a", 1, Open(now_ + seconds(20)));
  WriteRow("a", 2, Open(now_));
  const RoundPlan plan = Make({MakeSpec("a")});
  EXPECT_THAT(Items(plan), ElementsAre("120+60"));
  EXPECT_EQ(plan.waiting, 2);
  EXPECT_EQ(plan.next_retry, now_ + seconds(20));
  EXPECT_EQ(plan.items[0].before->attempts, 2);
}

TEST_F(RoundPlanTest, DoesNotWaitForANextTryThatAWrongClockStored) {
  now_ = Hour(3);
  static_cast<void>(Register({MakeSpec("a")}));
  WriteRow("a", 0, Open(now_ + std::chrono::hours(1)));
  WriteRow("a", 1, Open(now_ + std::chrono::hours(1) + base::Milliseconds(1)));
  EXPECT_THAT(Items(Make({MakeSpec("a")})), ElementsAre("60+60"));
}

TEST_F(RoundPlanTest, TriesAFailedPeriodOnlyWhenItIsToldTo) {
  now_ = Hour(3);
  static_cast<void>(Register({MakeSpec("a")}));
  WriteRow("a", 0, Failed());
  EXPECT_THAT(Items(Make({MakeSpec("a")})), ElementsAre("60+60"));
  RoundScope scope;
  scope.retry_failed = true;
  EXPECT_THAT(Items(Make({MakeSpec("a")}, scope)), ElementsAre("0+60", "60+60"));
}

TEST_F(RoundPlanTest, TriesAFailedPeriodAgainWithTheNewestVersionWhenItsSpecChanges) {
  now_ = Hour(2);
  static_cast<void>(Register({MakeSpec("a")}));
  WriteRow("a", 0, Failed());
  metering::MetricSpec changed = MakeSpec("a");
  changed.unit = "other";
  Catalogue catalogue = Register({changed});
  const RoundPlan plan = Make(&catalogue);
  ASSERT_THAT(plan.items, SizeIs(1));
  EXPECT_EQ(plan.items[0].version_id, catalogue.jobs[0].specs[0].newest().id);
}

TEST_F(RoundPlanTest, TakesTheVersionThatHoldsForAPeriod) {
  now_ = Hour(2);
  static_cast<void>(Register({MakeSpec("a")}));
  metering::MetricSpec changed = MakeSpec("a");
  changed.unit = "other";
  now_ = Hour(2) + minutes(30);
  Catalogue catalogue = Register({changed});
  now_ = Hour(6);
  const RoundPlan plan = Make(&catalogue);
  ASSERT_THAT(plan.items, SizeIs(5));
  const auto& versions = catalogue.jobs[0].specs[0].stored.versions;
  ASSERT_THAT(versions, SizeIs(2));
  for (const WorkItem& item : plan.items) {
    EXPECT_EQ(item.version_id, versions[item.period.begin >= Hour(3) ? 1 : 0].id);
  }
}

TEST_F(RoundPlanTest, TakesARangeByHandWithTheNewestVersionAndWithoutWaiting) {
  now_ = Hour(2);
  static_cast<void>(Register({MakeSpec("a")}));
  Answer(1);
  WriteRow("a", 2, Open(now_ + minutes(20)));
  WriteRow("a", 3, Failed());
  metering::MetricSpec changed = MakeSpec("a");
  changed.unit = "other";
  now_ = Hour(6);
  Catalogue catalogue = Register({changed});
  RoundScope scope;
  scope.range = metering::Period{Hour(-1), Hour(5)};
  const RoundPlan plan = Make(&catalogue, scope);
  EXPECT_THAT(Items(plan), ElementsAre("-60+60", "0+60", "120+60", "180+60", "240+60"));
  for (const WorkItem& item : plan.items) {
    EXPECT_EQ(item.version_id, catalogue.jobs[0].specs[0].newest().id);
  }
}

TEST_F(RoundPlanTest, LeavesAFailedPeriodOfARangeAndSaysSo) {
  now_ = Hour(3);
  Catalogue catalogue = Register({MakeSpec("a")});
  WriteRow("a", 0, Failed());
  RoundScope scope;
  scope.range = HourPeriod(0);
  EXPECT_EQ(Make(&catalogue, scope).left_failed, 1);
  scope.retry_failed = true;
  EXPECT_THAT(Items(Make(&catalogue, scope)), ElementsAre("0+60"));
}

TEST_F(RoundPlanTest, FinishesARetiredSpecUpToThePeriodInWhichItWent) {
  now_ = Hour(2) + minutes(30);
  static_cast<void>(Register({MakeSpec("a"), MakeSpec("b")}));
  Catalogue catalogue = Register({MakeSpec("b")});
  now_ = Hour(9);
  std::size_t of_a = 0;
  for (const WorkItem& item : Make(&catalogue).items) {
    of_a += catalogue.jobs[item.job].specs[item.spec].stored.name == "a" ? 1U : 0U;
  }
  EXPECT_EQ(of_a, 3U) << "hours 0, 1 and 2";
}

TEST_F(RoundPlanTest, DoesNotAskARetiredSpecForThePeriodThatBeganWhenItWent) {
  now_ = Hour(2);
  static_cast<void>(Register({MakeSpec("a"), MakeSpec("b")}));
  Catalogue catalogue = Register({MakeSpec("b")});
  now_ = Hour(9);
  const RoundPlan plan = Make(&catalogue);
  EXPECT_THAT(plan.items, SizeIs(8 + 2));
}

TEST_F(RoundPlanTest, NeverPlansTimeThatIsAnsweredAfterAChangeOfThePeriod) {
  now_ = Hour(4);
  static_cast<void>(Register({MakeSpec("a")}));
  Answer(0);
  WriteRow("a", 1, Open(std::nullopt));
  job_.schedule.period = minutes(30);
  auto catalogue = TryRegister({MakeSpec("a")}, true);
  ASSERT_TRUE(catalogue);
  now_ = Hour(3) + minutes(30);
  EXPECT_THAT(Items(Make(&*catalogue)), ElementsAre("60+60", "120+30", "150+30"));
  RoundScope scope;
  scope.range = metering::Period{Hour(0) + minutes(30), Hour(1)};
  EXPECT_THAT(Items(Make(&*catalogue, scope)), IsEmpty());
}

TEST_F(RoundPlanTest, KnowsWhenTheNextPeriodOfAnyJobIsDue) {
  const Catalogue catalogue = Register({MakeSpec("a")});
  EXPECT_EQ(NextDue(catalogue, Hour(4) - base::Milliseconds(1)), Hour(4));
  EXPECT_EQ(NextDue(catalogue, Hour(4)), Hour(5));
  EXPECT_EQ(NextDue(Catalogue{}, Hour(4)), std::nullopt);
}

}  // namespace
}  // namespace promtally::collector
