// SPDX-License-Identifier: Apache-2.0
// Another period was accepted for a job that has usage.
#include "collector/length_change.h"

#include <gmock/gmock.h>

#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LengthChangeTest : public RoundTest {
 protected:
  std::vector<std::string> Accept(base::Seconds length) {
    job_.schedule.period = length;
    return TryRegister({MakeSpec("a")}, true).value().warnings;
  }
  [[nodiscard]] std::vector<ledger::SpecStatus> Statuses() const {
    return OpenReader()->Statuses(Hour(0)).value();
  }
  /// Begin and end in minutes of what is open or failed: "90-120".
  [[nodiscard]] std::vector<std::string> Unfinished() const {
    std::vector<std::string> found;
    for (const ledger::SpecStatus& status : Statuses()) {
      for (const ledger::PeriodEntry& entry : status.unfinished) {
        found.push_back(std::to_string((entry.period.begin - Hour(0)) / minutes(1)) + "-" +
                        std::to_string((entry.period.end - Hour(0)) / minutes(1)));
      }
    }
    return found;
  }
};

TEST_F(LengthChangeTest, KeepsTheTimeBesideShorterPeriods) {
  job_.schedule.period = minutes(30);
  now_ = Hour(2);
  RunRound({MakeSpec("a")});  // 0:00, 0:30 and 1:00
  const auto warnings = Accept(hours(1));
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_THAT(warnings[0], HasSubstr("from 2025-06-01T01:30:00Z to 2025-06-01T02:00:00Z is "
                                     "collected in periods of 30m"));
  EXPECT_THAT(Unfinished(), ElementsAre("90-120"));
  now_ = Hour(5);
  RunRound({MakeSpec("a")});
  EXPECT_THAT(Usage("a"), ElementsAre("0/p1=5", "0/p1=5", "1/p1=5", "1/p1=5", "2/p1=5", "3/p1=5"));
  EXPECT_THAT(Accept(hours(1)), IsEmpty());
}

TEST_F(LengthChangeTest, KeepsTheTimeBeforeTheFirstLongerPeriod) {
  job_.schedule.period = minutes(15);
  job_.start = Hour(0) + minutes(30);
  now_ = Hour(0) + minutes(40);
  static_cast<void>(Register({MakeSpec("a")}));
  EXPECT_THAT(Accept(hours(1)), SizeIs(1));
  EXPECT_THAT(Unfinished(), ElementsAre("30-45", "45-60"));
  now_ = Hour(3);
  RunRound({MakeSpec("a")});
  EXPECT_THAT(Usage("a"), SizeIs(3));
}

TEST_F(LengthChangeTest, WarnsOfTimeThatFitsNeitherLength) {
  const ledger::PeriodEntry open;
  static_cast<void>(Register({MakeSpec("a")}));
  WriteRow("a", 0, open);
  EXPECT_THAT(Accept(minutes(40)),
              ElementsAre(HasSubstr("from 2025-06-01T01:00:00Z to 2025-06-01T01:20:00Z is in no "
                                    "period of the old or the new length")));
  EXPECT_THAT(Unfinished(), ElementsAre("0-60"));
}

TEST_F(LengthChangeTest, ChangesNothingWhereShorterPeriodsFit) {
  now_ = Hour(3);
  RunRound({MakeSpec("a")});
  EXPECT_THAT(Accept(minutes(30)), IsEmpty());
  EXPECT_THAT(Unfinished(), IsEmpty());
}

TEST_F(LengthChangeTest, AddsNothingBehindTheEndOfARetiredSpec) {
  job_.schedule.period = minutes(30);
  now_ = Hour(2);
  RunRound({MakeSpec("a")});
  now_ = Hour(0) + minutes(90);
  static_cast<void>(Register({MakeSpec("b")}));
  job_.schedule.period = hours(1);
  ASSERT_TRUE(TryRegister({MakeSpec("b")}, true));
  for (const ledger::SpecStatus& status : Statuses()) {
    EXPECT_TRUE(status.name != "a" || status.unfinished.empty());
  }
}

TEST_F(LengthChangeTest, FillsAnHourOfARangeThatIsCoveredInPart) {
  job_.schedule.period = minutes(30);
  job_.start = Hour(9);
  now_ = Hour(10);
  RoundScope scope;
  scope.range = metering::Period{Hour(1), Hour(1) + minutes(30)};
  RunRound({MakeSpec("a")}, scope);
  static_cast<void>(Accept(hours(1)));
  scope.range = metering::Period{Hour(0), Hour(3)};
  RunRound({MakeSpec("a")}, scope);
  EXPECT_THAT(Usage("a"), ElementsAre("0/p1=5", "1/p1=5", "1/p1=5", "2/p1=5"));
}

}  // namespace
}  // namespace promtally::collector
