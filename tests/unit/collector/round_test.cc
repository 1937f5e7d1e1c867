// SPDX-License-Identifier: Apache-2.0
#include "collector/round.h"

#include <algorithm>
#include <atomic>

#include <gmock/gmock.h>

#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using source::Disposition;
using source::QueryOutcome;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

bool IsOf(const AskedQuery& query, const std::string& name) {
  return query.text.find(name + "_metric") != std::string::npos;
}

TEST_F(RoundTest, CollectsEveryDuePeriodOnce) {
  now_ = Hour(5);
  const RoundReport report = RunRound({MakeSpec("a"), MakeSpec("b")});
  EXPECT_THAT(Decided(report), SizeIs(8));
  EXPECT_EQ(report.Count(ledger::PeriodState::kCommitted), 8U);
  EXPECT_TRUE(report.any_source_reached);
  EXPECT_THAT(Usage("a"), ElementsAre("0/p1=5", "1/p1=5", "2/p1=5", "3/p1=5"));
  EXPECT_THAT(Usage("b"), SizeIs(4));
  EXPECT_THAT(script_->asked(), SizeIs(8));
  EXPECT_THAT(RunRound({MakeSpec("a"), MakeSpec("b")}).periods, IsEmpty());
  EXPECT_THAT(script_->asked(), SizeIs(8));
  now_ = Hour(6);
  EXPECT_THAT(Decided(RunRound({MakeSpec("a"), MakeSpec("b")})),
              UnorderedElementsAre("a 4 committed", "b 4 committed"));
}

TEST_F(RoundTest, EndsAtOnceWhenNothingIsDue) {
  now_ = Hour(1);
  const RoundReport report = RunRound({MakeSpec("a")});
  EXPECT_THAT(report.periods, IsEmpty());
  EXPECT_FALSE(report.any_source_reached);
  EXPECT_FALSE(report.ledger_error);
}

TEST_F(RoundTest, DecidesInPeriodOrderWhereAnswersComeOutOfOrder) {
  now_ = Hour(6);
  concurrency_ = 5;
  script_->keep_back = 5;
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})),
              ElementsAre("a 0 committed", "a 1 committed", "a 2 committed", "a 3 committed",
                          "a 4 committed"));
}

TEST_F(RoundTest, CollectsWithOneQueryInFlight) {
  concurrency_ = 1;
  now_ = Hour(4);
  EXPECT_EQ(RunRound({MakeSpec("a"), MakeSpec("b")}).Count(ledger::PeriodState::kCommitted), 6U);
  EXPECT_EQ(script_->asked_for_up(), 1U);
}

TEST_F(RoundTest, NeverFetchesMoreThanEightPeriodsAheadOfTheirDecision) {
  concurrency_ = 30;
  now_ = Hour(30);
  script_->keep_back = 8;
  std::atomic<int> unanswered = 0;
  std::atomic<int> most = 0;
  script_->on_asked = [&] { most = std::max(most.load(), ++unanswered); };
  script_->query = [&](const AskedQuery& query) {
    unanswered -= IsOf(query, "a") ? 1 : 0;
    return OneSeries("1");
  };
  EXPECT_EQ(RunRound({MakeSpec("a")}).Count(ledger::PeriodState::kCommitted), 29U);
  EXPECT_EQ(most, 8);
}

TEST_F(RoundTest, LetsAFailingSpecHoldNoOtherBack) {
  now_ = Hour(4);
  script_->query = [](const AskedQuery& query) {
    return IsOf(query, "bad") ? Failing(Disposition::kPermanent, "query_error") : OneSeries("2");
  };
  const RoundReport report = RunRound({MakeSpec("bad"), MakeSpec("good")});
  EXPECT_EQ(report.Count(ledger::PeriodState::kFailed), 3U);
  EXPECT_EQ(report.Count(ledger::PeriodState::kCommitted), 3U);
  EXPECT_EQ(State("bad", 0), "failed query_error");
  EXPECT_THAT(Usage("good"), SizeIs(3));
}

TEST_F(RoundTest, CommitsPastAnOpenPeriodAndTriesItAgainWhenItsTimeHasCome) {
  now_ = Hour(4);
  script_->query = [](const AskedQuery& query) {
    return query.time == Hour(2) ? Failing(Disposition::kOpen, "warnings") : OneSeries("2");
  };
  RunRound({MakeSpec("a")});
  EXPECT_EQ(State("a", 1), "open warnings");
  EXPECT_EQ(State("a", 2), "committed");
  const RoundReport waiting = RunRound({MakeSpec("a")});
  EXPECT_THAT(waiting.periods, IsEmpty());
  EXPECT_EQ(waiting.waiting, 1);
  EXPECT_EQ(waiting.next_retry, now_ + std::chrono::seconds(1));
  now_ += std::chrono::seconds(1);
  script_->query = [](const AskedQuery&) { return OneSeries("3"); };
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 1 committed"));
  EXPECT_THAT(Usage("a"), ElementsAre("0/p1=2", "1/p1=3", "2/p1=2"));
}

TEST_F(RoundTest, LeavesWhatItDidNotAskOpenInOneGoWhenTheSourceIsGivenUp) {
  script_->query = [](const AskedQuery&) { return Unreachable(); };
  script_->identity.reachable = false;
  now_ = Hour(60);
  const RoundReport report = RunRound({MakeSpec("a"), MakeSpec("b")});
  EXPECT_THAT(report.periods, SizeIs(118));
  EXPECT_EQ(report.Count(ledger::PeriodState::kOpen), 118U);
  EXPECT_FALSE(report.any_source_reached);
  EXPECT_LT(script_->asked().size(), 12U);
  EXPECT_LT(calls_->count(), 20);
  EXPECT_TRUE(std::all_of(report.periods.begin(), report.periods.end(), [](const auto& period) {
    return period.reason == "unreachable" && period.next_retry;
  }));
  EXPECT_EQ(State("b", 58), "open unreachable");
  const auto first = Row("b", 58);
  now_ += std::chrono::minutes(1);
  RunRound({MakeSpec("a"), MakeSpec("b")});
  EXPECT_GT(*Row("b", 58)->next_retry - now_, *first->next_retry - Hour(60))
      << "a source that stays away is looked for less and less often";
}

TEST_F(RoundTest, TakesAnEmptyAnswerAsEmptyWhereNothingSpeaksAgainstIt) {
  now_ = Hour(2);
  script_->query = [](const AskedQuery&) { return Answered({}); };
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 0 empty"));
}

TEST_F(RoundTest, SuspectsEmptyAnswersOfASourceThatHadUpSamplesBefore) {
  now_ = Hour(2);
  RunRound({MakeSpec("a")});
  now_ = Hour(3);
  metering::MetricSpec other = MakeSpec("b");
  other.backfill = true;
  script_->query = [](const AskedQuery& query) {
    return query.time == Hour(1) ? OneSeries("1") : Answered({});
  };
  const RoundReport report = RunRound({MakeSpec("a"), other});
  EXPECT_THAT(Decided(report), UnorderedElementsAre("a 1 open suspect_empty", "b 0 committed",
                                                    "b 1 open suspect_empty"));
  EXPECT_EQ(Row("b", 1)->first_empty_at, now_);
}

TEST_F(RoundTest, SuspectsAnEmptyAnswerWhereTheServerDoesNotSayWhetherItIsUp) {
  now_ = Hour(2);
  RunRound({MakeSpec("a")});
  now_ = Hour(3);
  script_->query = [](const AskedQuery& query) {
    return query.text.find("(up[") == std::string::npos
               ? Answered({})
               : Failing(Disposition::kRetry, "http_status");
  };
  job_.empty_after = std::chrono::hours(1);
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 1 open suspect_empty"));
  now_ = Hour(4);
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})),
              ElementsAre("a 1 empty", "a 2 open suspect_empty"));
}

TEST_F(RoundTest, BelievesAnEmptyAnswerOfASourceThatIsUp) {
  now_ = Hour(2);
  script_->query = [](const AskedQuery& query) {
    return query.text.find("(up[") == std::string::npos ? Answered({}) : Answered({{{}, "9"}});
  };
  EXPECT_THAT(Decided(RunRound({MakeSpec("a"), MakeSpec("b")})),
              UnorderedElementsAre("a 0 empty", "b 0 empty"));
  EXPECT_EQ(script_->asked_for_up(), 1U);
}

TEST_F(RoundTest, CallsWhatLiesBeforeTheOldestDataLost) {
  now_ = Hour(3);
  script_->query = [](const AskedQuery& query) {
    return query.time == Hour(1) ? Answered({}) : OneSeries("1");
  };
  script_->has_data = [](base::Instant time) { return std::optional(time > Hour(1)); };
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 0 failed lost", "a 1 committed"));
}

TEST_F(RoundTest, CollectsARangeWithoutWaitingForTheSchedule) {
  now_ = Hour(3) + job_.schedule.settle;
  RoundScope scope;
  scope.range = metering::Period{Hour(-2), Hour(3)};
  RunRound({MakeSpec("a")}, scope);
  EXPECT_THAT(Usage("a"), ElementsAre("-2/p1=5", "-1/p1=5", "0/p1=5", "1/p1=5", "2/p1=5"));
}

TEST_F(RoundTest, WaitsForTheServersClockWhereItIsBehind) {
  now_ = Hour(4);
  script_->identity.server_date = now_ - std::chrono::minutes(90);
  EXPECT_THAT(Decided(RunRound({MakeSpec("a")})), ElementsAre("a 0 committed"));
  EXPECT_EQ(State("a", 1), "none");
}

class AcceptedMeanwhile : public RoundTest {
 protected:
  /// A round in which an operator accepts the period just before it is written.
  void Check(QueryOutcome (*answer)()) {
    now_ = Hour(2);
    static_cast<void>(Register({MakeSpec("a")}));
    ledger::PeriodEntry suspect;
    suspect.reason = "suspect_empty";
    WriteRow("a", 0, suspect);
    script_->query = [answer](const AskedQuery&) { return answer(); };
    calls_->before = [this](ledger::WritableLedger& ledger, int) {
      EXPECT_TRUE(ledger.Accept({"default", "a", HourPeriod(0)}, now_));
    };
    const RoundReport report = RunRound({MakeSpec("a")});
    EXPECT_FALSE(report.ledger_error) << report.ledger_error->message;
    EXPECT_THAT(Decided(report), ElementsAre("a 0 empty accepted"));
    EXPECT_EQ(report.periods.at(0).records, 0U);
    EXPECT_EQ(State("a", 0), "empty accepted");
  }
};

TEST_F(AcceptedMeanwhile, StaysAcceptedWhereTheAnswerWouldLeaveItOpen) {
  Check([] { return Failing(Disposition::kOpen, "timeout"); });
}

TEST_F(AcceptedMeanwhile, StaysAcceptedWhereTheAnswerHasUsage) {
  Check([] { return OneSeries("5"); });
}

TEST_F(AcceptedMeanwhile, StaysAcceptedWhereTheSourceIsGivenUp) {
  now_ = Hour(40);
  static_cast<void>(Register({MakeSpec("a")}));
  ledger::PeriodEntry suspect;
  suspect.reason = "suspect_empty";
  WriteRow("a", 38, suspect);
  script_->query = [](const AskedQuery&) { return Unreachable(); };
  calls_->before = [this](ledger::WritableLedger& ledger, int) {
    EXPECT_TRUE(ledger.Accept({"default", "a", HourPeriod(38)}, now_));
  };
  const RoundReport report = RunRound({MakeSpec("a")});
  EXPECT_FALSE(report.ledger_error) << report.ledger_error->message;
  EXPECT_THAT(Decided(report), Contains("a 38 empty accepted"));
  EXPECT_EQ(report.Count(ledger::PeriodState::kOpen), 38U);
  EXPECT_EQ(State("a", 37), "open unreachable");
}

TEST_F(RoundTest, EndsWithTheLedgersErrorAtEveryWriteAndLosesNothing) {
  now_ = Hour(4);
  script_->query = [](const AskedQuery& query) {
    return query.time == Hour(2) ? Failing(Disposition::kOpen, "warnings") : OneSeries("5");
  };
  for (int call = 1;; ++call) {
    calls_ = std::make_shared<LedgerCalls>();
    calls_->fails_from = call;
    const RoundReport report = RunRound({MakeSpec("a"), MakeSpec("b")});
    if (calls_->count() < call) {
      break;
    }
    ASSERT_TRUE(report.ledger_error) << "call " << call;
    EXPECT_FALSE(report.stopped);
    for (const PeriodReport& period : report.periods) {
      const int hour = static_cast<int>((period.period.begin - Hour(0)) / std::chrono::hours(1));
      EXPECT_NE(State(period.name, hour), "none") << "reported, but not written";
    }
    ASSERT_LT(call, 30);
  }
  now_ += std::chrono::hours(1);
  script_->query = [](const AskedQuery&) { return OneSeries("5"); };
  calls_ = std::make_shared<LedgerCalls>();
  RunRound({MakeSpec("a"), MakeSpec("b")});
  EXPECT_THAT(Usage("a"), ElementsAre("0/p1=5", "1/p1=5", "2/p1=5", "3/p1=5"));
  EXPECT_THAT(Usage("b"), SizeIs(4));
}

}  // namespace
}  // namespace promtally::collector
