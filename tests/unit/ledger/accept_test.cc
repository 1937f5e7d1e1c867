// SPDX-License-Identifier: Apache-2.0
#include "ledger/accept.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <unistd.h>

#include "unit/ledger/ledger_fixture.h"

namespace promtally::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using LedgerAccept = LedgerTest;
using AcceptRequests = LedgerTest;

AcceptRequest Request(int begin, int end) { return {"", "requests", {Hour(begin), Hour(end)}}; }

TEST_F(LedgerAccept, ClosesWhatAnOperatorMayCloseAndRefusesTheRest) {
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  ASSERT_TRUE(ledger_->RecordAttempts(
      {Attempt(1, PeriodState::kOpen, "suspect_empty"), Attempt(2, PeriodState::kFailed, "lost"),
       Attempt(3, PeriodState::kOpen, "low_coverage"), Attempt(4, PeriodState::kOpen, "timeout"),
       Attempt(5, PeriodState::kFailed, "wrong_type")}));
  ASSERT_TRUE(Commit(6, {}));
  const auto report = ledger_->Accept(Request(0, 7), Hour(9));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->accepted, 3);
  EXPECT_THAT(report->refused, ElementsAre("2025-06-01T00:00:00Z is committed",
                                           "2025-06-01T04:00:00Z is open (timeout)",
                                           "2025-06-01T05:00:00Z is failed (wrong_type)",
                                           "2025-06-01T06:00:00Z is empty already"));
  EXPECT_EQ(report->awaited, 1);
  EXPECT_EQ(ledger_->Unfinished(spec_.id)->size(), 3U);
  const auto awaited = ledger_->FindPeriod(spec_.id, Hour(3))->value();
  EXPECT_EQ(awaited.state, PeriodState::kOpen);
  EXPECT_EQ(awaited.accepted_at, Hour(9));
  EXPECT_FALSE(awaited.next_retry);
  EXPECT_EQ(ledger_->FindPeriod(spec_.id, Hour(2))->value().state, PeriodState::kEmpty);
  EXPECT_EQ(ledger_->FindPeriod(spec_.id, Hour(2))->value().reason, "accepted");
  EXPECT_TRUE(Violations().empty());
}

TEST_F(LedgerAccept, StaysInForceUntilThePeriodIsCommitted) {
  ASSERT_TRUE(ledger_->RecordAttempt(Attempt(0, PeriodState::kOpen, "low_coverage")));
  ASSERT_TRUE(ledger_->Accept(Request(0, 1), Hour(9)));
  ASSERT_TRUE(ledger_->RecordAttempt(Attempt(0, PeriodState::kOpen, "timeout")));
  EXPECT_EQ(ledger_->FindPeriod(spec_.id, Hour(0))->value().accepted_at, Hour(9));
  ASSERT_TRUE(Commit(0, {Requests("p1", "200", "1")}));
  EXPECT_TRUE(Violations().empty());
}

TEST_F(LedgerAccept, TouchesTheRangeOnly) {
  ASSERT_TRUE(ledger_->RecordAttempts({Attempt(0, PeriodState::kOpen, "suspect_empty"),
                                       Attempt(1, PeriodState::kOpen, "suspect_empty")}));
  EXPECT_EQ(ledger_->Accept(Request(0, 1), Hour(9))->accepted, 1);
  EXPECT_EQ(ledger_->Unfinished(spec_.id)->front().period, HourPeriod(1));
}

TEST_F(LedgerAccept, TakesTheMetricWhereItHasOneSpec) {
  ASSERT_TRUE(ledger_->RecordAttempt(Attempt(0, PeriodState::kOpen, "suspect_empty")));
  AcceptRequest request = Request(0, 1);
  request.name = "http_requests_total";
  EXPECT_EQ(ledger_->Accept(request, Hour(9))->accepted, 1);
  const Spec other = AddSpec("other", Hour(0));
  const auto ambiguous = ledger_->Accept(request, Hour(9));
  ASSERT_FALSE(ambiguous);
  EXPECT_THAT(ambiguous.error().message, HasSubstr("\"other\", \"requests\""));
}

TEST_F(LedgerAccept, AsksForTheJobWhereANameIsInTwo) {
  Job job;
  job.name = "edge";
  job_.id = ledger_->PutJob(job, false).value();
  const Spec other = AddSpec("requests", Hour(0));
  AcceptRequest request = Request(0, 1);
  const auto ambiguous = ledger_->Accept(request, Hour(9));
  ASSERT_FALSE(ambiguous);
  EXPECT_THAT(ambiguous.error().message, HasSubstr("in job \"default\", in job \"edge\""));
  request.job = "edge";
  EXPECT_TRUE(ledger_->Accept(request, Hour(9)));
  request.job = "nowhere";
  EXPECT_EQ(ledger_->Accept(request, Hour(9)).error().code, base::ErrorCode::kNotFound);
}

TEST_F(LedgerAccept, SuggestsANameThatIsNear) {
  AcceptRequest request = Request(0, 1);
  request.name = "request";
  const auto unknown = ledger_->Accept(request, Hour(9));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, base::ErrorCode::kNotFound);
  EXPECT_THAT(unknown.error().message, HasSubstr("did you mean \"requests\"?"));
}

TEST_F(LedgerAccept, SaysWhenNothingLiesInTheRange) {
  const auto report = ledger_->Accept(Request(40, 41), Hour(9));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->accepted, 0);
  EXPECT_THAT(report->refused, ElementsAre(HasSubstr("no period of \"requests\"")));
  EXPECT_FALSE(ledger_->Accept(Request(1, 1), Hour(9)));
}

TEST_F(AcceptRequests, ReachTheHolderAndComeBackAnswered) {
  AcceptRequest request = Request(1, 2);
  request.job = "a \"job\"";
  const auto path = LeaveAcceptRequest(path_, request);
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_FALSE(TakeAcceptAnswer(*path));
  const auto pending = PendingAcceptRequests(path_);
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].path, *path);
  EXPECT_EQ(pending[0].request.job, request.job);
  EXPECT_EQ(pending[0].request.name, "requests");
  EXPECT_EQ(pending[0].request.range, request.range);
  FinishAcceptRequest(pending[0], AcceptReport{2, {"x is committed"}});
  EXPECT_TRUE(PendingAcceptRequests(path_).empty());
  const auto answer = TakeAcceptAnswer(*path);
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->accepted, 2);
  EXPECT_THAT((*answer)->refused, ElementsAre("x is committed"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".requests"));
}

TEST_F(AcceptRequests, ComeBackWithTheErrorTheyHad) {
  const auto path = LeaveAcceptRequest(path_, Request(1, 2));
  ASSERT_TRUE(path);
  FinishAcceptRequest(PendingAcceptRequests(path_).at(0),
                      base::Fail(base::ErrorCode::kNotFound, "no spec"));
  const auto answer = TakeAcceptAnswer(*path);
  ASSERT_TRUE(answer);
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code, base::ErrorCode::kNotFound);
  EXPECT_EQ(answer->error().message, "no spec");
}

TEST_F(AcceptRequests, AreReadOldestFirstAndDamagedOnesSkipped) {
  const auto first = LeaveAcceptRequest(path_, Request(1, 2));
  const auto second = LeaveAcceptRequest(path_, Request(2, 3));
  ASSERT_TRUE(first && second);
  std::ofstream(path_ + ".requests/0.json") << R"({"job": 7})";
  std::ofstream(path_ + ".requests/1.json") << "{";
  const auto pending = PendingAcceptRequests(path_);
  ASSERT_EQ(pending.size(), 2U);
  EXPECT_EQ(pending[0].path, *first);
  EXPECT_EQ(pending[1].path, *second);
}

TEST_F(AcceptRequests, NameTheHolder) {
  EXPECT_EQ(LedgerHolder(path_), getpid());
  Close();
  EXPECT_FALSE(LedgerHolder(path_));
  EXPECT_FALSE(LedgerHolder(path_ + "-other"));
}

}  // namespace
}  // namespace promtally::ledger
