// SPDX-License-Identifier: Apache-2.0
// The configuration changes in mid-period: a period is asked by the version that opened it.
#include <algorithm>

#include <gmock/gmock.h>

#include "collector/round.h"
#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using source::Disposition;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RoundVersions : public RoundTest {
 protected:
  /// The spec `a` after a change: it asks for another metric.
  static metering::MetricSpec Changed() {
    metering::MetricSpec changed = MakeSpec("a");
    changed.metric = "b_metric";
    return changed;
  }
  /// What was asked since the last call: "1 a_metric", with the hour at which the period ends.
  std::vector<std::string> Asked() {
    std::vector<std::string> asked;
    const std::vector<AskedQuery> all = script_->asked();
    for (std::size_t i = seen_; i < all.size(); ++i) {
      const auto hour = (all[i].time - Hour(0)) / std::chrono::hours(1);
      asked.push_back(std::to_string(hour) + (IsOf(all[i], "a") ? " a_metric" : " b_metric"));
    }
    seen_ = all.size();
    std::sort(asked.begin(), asked.end());
    return asked;
  }
  static bool IsOf(const AskedQuery& query, const std::string& name) {
    return query.text.find(name + "_metric") != std::string::npos;
  }

 private:
  std::size_t seen_ = 0;
};

TEST_F(RoundVersions, TriesAPeriodOfAnEarlierVersionOnceWithTheNewest) {
  now_ = Hour(1);
  static_cast<void>(Register({MakeSpec("a")}));
  now_ = Hour(4);
  const metering::MetricSpec changed = Changed();
  script_->query = [](const AskedQuery& query) {
    return IsOf(query, "a") ? Failing(Disposition::kPermanent, "query_error") : OneSeries("7");
  };
  const RoundReport report = RunRound({changed});
  EXPECT_THAT(Usage("a"), ElementsAre("0/p1=7", "1/p1=7", "2/p1=7"));
  EXPECT_THAT(script_->asked(), SizeIs(6));
  EXPECT_EQ(report.Count(ledger::PeriodState::kCommitted), 3U);
}

TEST_F(RoundVersions, FailsAPeriodForWhichBothVersionsFail) {
  now_ = Hour(1);
  static_cast<void>(Register({MakeSpec("a")}));
  now_ = Hour(2);
  const metering::MetricSpec changed = Changed();
  script_->query = [](const AskedQuery&) {
    return Failing(Disposition::kPermanent, "query_error");
  };
  EXPECT_THAT(Decided(RunRound({changed})), ElementsAre("a 0 failed query_error"));
  EXPECT_THAT(script_->asked(), SizeIs(2));
  EXPECT_THAT(RunRound({changed}).periods, IsEmpty());
  RoundScope again;
  again.retry_failed = true;
  EXPECT_THAT(RunRound({changed}, again).periods, SizeIs(1));
}

TEST_F(RoundVersions, KeepsAnswersThatEarlierVersionsGive) {
  now_ = Hour(1);
  static_cast<void>(Register({MakeSpec("a")}));
  now_ = Hour(6);
  const metering::MetricSpec changed = Changed();
  RunRound({changed});
  const std::vector<AskedQuery> asked = script_->asked();
  EXPECT_THAT(asked, SizeIs(5));
  EXPECT_TRUE(std::all_of(asked.begin(), asked.end(),
                          [](const AskedQuery& query) { return IsOf(query, "a"); }));
}

TEST_F(RoundVersions, ChangesFromTheNextPeriodOnOnly) {
  now_ = Hour(2);
  RunRound({MakeSpec("a")});
  EXPECT_THAT(Asked(), ElementsAre("1 a_metric"));
  now_ = Hour(2) + std::chrono::minutes(30);  // the periods of the hours 1 and 2 have begun
  static_cast<void>(Register({Changed()}));
  now_ = Hour(6);
  RunRound({Changed()});
  EXPECT_THAT(Asked(), ElementsAre("2 a_metric", "3 a_metric", "4 b_metric", "5 b_metric"));
  EXPECT_THAT(Usage("a"), SizeIs(5));
}

TEST_F(RoundVersions, AskAnOpenPeriodAgainAsItWasOpened) {
  now_ = Hour(2);
  script_->query = [](const AskedQuery&) { return Failing(Disposition::kOpen, "timeout"); };
  RunRound({MakeSpec("a")});
  EXPECT_THAT(Asked(), ElementsAre("1 a_metric"));
  now_ = Hour(3);
  script_->query = [](const AskedQuery&) { return OneSeries("5"); };
  RunRound({Changed()});
  EXPECT_THAT(Asked(), ElementsAre("1 a_metric", "2 a_metric"));
}

TEST_F(RoundVersions, AskAPeriodOfARangeAgainWithTheVersionOfTheRange) {
  now_ = Hour(1);
  static_cast<void>(Register({MakeSpec("a")}));
  now_ = Hour(3);
  RoundScope range;
  range.range = metering::Period{Hour(-2), Hour(0)};
  script_->query = [](const AskedQuery&) { return Failing(Disposition::kOpen, "timeout"); };
  RunRound({Changed()}, range);
  EXPECT_THAT(Asked(), ElementsAre("-1 b_metric", "0 b_metric"));
  now_ = Hour(4);
  script_->query = [](const AskedQuery&) { return OneSeries("5"); };
  RunRound({Changed()});
  EXPECT_THAT(Asked(),
              ElementsAre("-1 b_metric", "0 b_metric", "1 a_metric", "2 a_metric", "3 a_metric"));
}

TEST_F(RoundVersions, AskOnlyTheNewestAgainOnceTheEarlierOneFailed) {
  now_ = Hour(1);
  static_cast<void>(Register({MakeSpec("a")}));
  now_ = Hour(2);
  script_->query = [](const AskedQuery& query) {
    return IsOf(query, "a") ? Failing(Disposition::kPermanent, "query_error")
                            : Failing(Disposition::kOpen, "timeout");
  };
  RunRound({Changed()});
  EXPECT_THAT(Asked(), ElementsAre("1 a_metric", "1 b_metric"));
  EXPECT_EQ(State("a", 0), "open timeout");
  now_ += std::chrono::minutes(10);
  script_->query = [](const AskedQuery&) { return OneSeries("5"); };
  RunRound({Changed()});
  EXPECT_THAT(Asked(), ElementsAre("1 b_metric"));
}

TEST_F(RoundVersions, TryAFailedPeriodOnceWithEachLaterVersion) {
  now_ = Hour(2);
  script_->query = [](const AskedQuery&) {
    return Failing(Disposition::kPermanent, "query_error");
  };
  RunRound({MakeSpec("a")});
  EXPECT_THAT(Asked(), ElementsAre("1 a_metric"));
  now_ += std::chrono::minutes(1);
  RunRound({Changed()});
  EXPECT_THAT(Asked(), ElementsAre("1 b_metric"));
  RunRound({Changed()});
  EXPECT_THAT(Asked(), IsEmpty());
  EXPECT_EQ(State("a", 0), "failed query_error");
}

TEST_F(RoundVersions, KeepTheRoundingOfTheirTime) {
  now_ = Hour(0) + std::chrono::minutes(15);
  static_cast<void>(Register({MakeSpec("a")}));
  job_.rounding = metering::RoundingMode::kCloudKitty;
  now_ = Hour(0) + std::chrono::minutes(45);
  static_cast<void>(Register({MakeSpec("a")}));
  script_->query = [](const AskedQuery&) { return OneSeries("0.12345678951"); };
  now_ = Hour(3);
  RunRound({MakeSpec("a")});
  EXPECT_THAT(Usage("a"), ElementsAre("0/p1=0.12345678951", "1/p1=0.123456790"));
}

}  // namespace
}  // namespace promtally::collector
