// SPDX-License-Identifier: Apache-2.0
#include "cli/collect_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_status.h"

namespace promtally::cli {
namespace {

using ledger::PeriodState;
using ::testing::HasSubstr;

constexpr base::Instant kBegin = base::FromUnixSeconds(1748736000);

collector::PeriodReport Period(int hour, PeriodState state, std::size_t rejected = 0) {
  collector::PeriodReport report;
  report.job = "default";
  report.name = "requests";
  report.period = {kBegin + std::chrono::hours(hour), kBegin + std::chrono::hours(hour + 1)};
  report.state = state;
  report.records = state == PeriodState::kCommitted ? 2 : 0;
  report.rejected = rejected;
  return report;
}

collector::RoundReport Round(std::vector<collector::PeriodReport> periods) {
  collector::RoundReport report;
  report.periods = std::move(periods);
  report.any_source_reached = true;
  return report;
}

int StatusOf(collector::RoundReport report) {
  CollectSummary summary;
  summary.Add(std::move(report));
  return summary.ExitStatus();
}

std::string Printed(const CollectSummary& summary, bool had_range = false) {
  testing::internal::CaptureStdout();
  summary.PrintTable({}, had_range);
  return testing::internal::GetCapturedStdout();
}

TEST(CollectSummary, IsDoneWhereEverythingIsCommittedOrEmpty) {
  EXPECT_EQ(StatusOf(Round({Period(0, PeriodState::kCommitted), Period(1, PeriodState::kEmpty)})),
            kDone);
}

TEST(CollectSummary, IsDoneWhereNothingWasDue) {
  EXPECT_EQ(StatusOf({}), kDone);
  EXPECT_EQ(CollectSummary().ExitStatus(), kDone);
}

TEST(CollectSummary, IsIncompleteWithAnOpenOrFailedPeriodOrARejectedSeries) {
  EXPECT_EQ(StatusOf(Round({Period(0, PeriodState::kCommitted), Period(1, PeriodState::kOpen)})),
            kIncomplete);
  EXPECT_EQ(StatusOf(Round({Period(0, PeriodState::kFailed)})), kIncomplete);
  EXPECT_EQ(StatusOf(Round({Period(0, PeriodState::kCommitted, 1)})), kIncomplete);
}

TEST(CollectSummary, IsIncompleteWhilePeriodsWaitOrAfterAStop) {
  collector::RoundReport waiting = Round({Period(0, PeriodState::kCommitted)});
  waiting.waiting = 1;
  EXPECT_EQ(StatusOf(waiting), kIncomplete);
  waiting.periods.clear();
  EXPECT_EQ(StatusOf(waiting), kIncomplete);
  collector::RoundReport stopped = Round({Period(0, PeriodState::kCommitted)});
  stopped.stopped = true;
  EXPECT_EQ(StatusOf(stopped), kIncomplete);
  collector::RoundReport left = Round({});
  left.left_failed = 1;
  EXPECT_EQ(StatusOf(left), kIncomplete);
}

TEST(CollectSummary, SaysThatNoSourceWasReachable) {
  collector::RoundReport report = Round({Period(0, PeriodState::kOpen)});
  report.any_source_reached = false;
  EXPECT_EQ(StatusOf(report), kUnreachable);
}

TEST(CollectSummary, CountsAPeriodThatWasTriedTwiceOnceAsItEnded) {
  CollectSummary summary;
  summary.Add(Round({Period(0, PeriodState::kOpen), Period(1, PeriodState::kCommitted)}));
  EXPECT_EQ(summary.ExitStatus(), kIncomplete);
  summary.Add(Round({Period(0, PeriodState::kCommitted)}));
  EXPECT_EQ(summary.ExitStatus(), kDone);
  EXPECT_EQ(Printed(summary),
            "job      name      periods  committed  empty  open  failed  records  rejected\n"
            "default  requests        2          2      0     0       0        4         0\n");
}

TEST(CollectSummary, RemembersThatASourceWasReachedOnce) {
  CollectSummary summary;
  summary.Add(Round({Period(0, PeriodState::kOpen)}));
  collector::RoundReport later = Round({Period(0, PeriodState::kOpen)});
  later.any_source_reached = false;
  summary.Add(later);
  EXPECT_EQ(summary.ExitStatus(), kIncomplete);
}

TEST(CollectSummary, SaysWhyThereWasNothingToDo) {
  CollectSummary summary;
  summary.Add(collector::RoundReport());
  EXPECT_EQ(Printed(summary), "nothing is due\n");
  EXPECT_EQ(Printed(summary, true), "nothing to collect: every period of the range is answered\n");
  collector::RoundReport waiting;
  waiting.waiting = 2;
  waiting.next_retry = kBegin;
  summary.Add(waiting);
  EXPECT_THAT(Printed(summary), HasSubstr("2, the first at 2025-06-01T00:00:00Z"));
  collector::RoundReport stopped;
  stopped.stopped = true;
  summary.Add(stopped);
  EXPECT_THAT(Printed(summary), HasSubstr("stopped before anything was collected"));
}

}  // namespace
}  // namespace promtally::cli
