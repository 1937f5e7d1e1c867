// SPDX-License-Identifier: Apache-2.0
// A job is no longer configured.
#include "collector/left_jobs.h"

#include <gmock/gmock.h>

#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using source::Disposition;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A job `default` with the spec `a`, whose first two hours are open; then a job `other` with `b`
/// is configured in its place.
class LeftJobsTest : public RoundTest {
 protected:
  LeftJobsTest() {
    now_ = Hour(3);
    script_->query = [](const AskedQuery&) { return Failing(Disposition::kOpen, "timeout"); };
  }
  void Leave() {
    RunRound({MakeSpec("a")});
    script_->query = [](const AskedQuery&) { return OneSeries("5"); };
    job_.job = "other";
    job_.start = Hour(100);
    now_ = Hour(4) + std::chrono::minutes(1);
  }
  /// The status of `a`.
  [[nodiscard]] ledger::SpecStatus Status() const {
    std::vector<ledger::SpecStatus> statuses = OpenReader()->Statuses(now_).value();
    for (ledger::SpecStatus& status : statuses) {
      if (status.name == "a") {
        return std::move(status);
      }
    }
    return {};
  }
};

TEST_F(LeftJobsTest, AreRetiredAndCollectWhatBeganBeforeThat) {
  Leave();
  EXPECT_THAT(Decided(RunRound({MakeSpec("b")})),
              ElementsAre("a 0 committed", "a 1 committed", "a 2 committed"));
  EXPECT_TRUE(Status().retired);
  now_ = Hour(9);
  EXPECT_THAT(Decided(RunRound({MakeSpec("b")})), ElementsAre("a 3 committed", "a 4 committed"));
  now_ = Hour(12);
  EXPECT_THAT(RunRound({MakeSpec("b")}).periods, IsEmpty());
}

TEST_F(LeftJobsTest, SayThatTheyAreGoneOnce) {
  Leave();
  EXPECT_THAT(Register({MakeSpec("b")}).warnings,
              ElementsAre(AllOf(HasSubstr("job \"default\""), HasSubstr("\"a\" is retired"))));
  EXPECT_THAT(Register({MakeSpec("b")}).warnings, IsEmpty());
}

TEST_F(LeftJobsTest, GoOnWithTheSettingsThatTheyHad) {
  job_.exclude_scopes = {"p1"};
  Leave();
  job_.exclude_scopes.clear();
  RunRound({MakeSpec("b")});
  EXPECT_THAT(Usage("a"), IsEmpty());
  EXPECT_EQ(Status().excluded, 3);
}

TEST_F(LeftJobsTest, StayOpenAndAreShownWithoutTheirSource) {
  Leave();
  sources_ = {"t"};
  for (const std::size_t warnings : {2U, 1U}) {
    const Catalogue catalogue = Register({MakeSpec("b")});
    EXPECT_THAT(catalogue.jobs, SizeIs(1));
    EXPECT_THAT(catalogue.warnings, SizeIs(warnings));
    EXPECT_THAT(catalogue.warnings, Contains(HasSubstr("neither is its source \"s\"")));
  }
  EXPECT_TRUE(Status().retired);
  EXPECT_EQ(Status().open, 3);
  EXPECT_THAT(Status().unfinished, SizeIs(3));
  sources_ = {"s"};
  EXPECT_THAT(RunRound({MakeSpec("b")}).periods, SizeIs(3));
}

TEST_F(LeftJobsTest, StayOpenWhereTheLedgerDoesNotKnowTheirSettings) {
  Leave();
  {
    const auto ledger = OpenLedger();
    ledger::Job job = *ledger->FindJob("default").value();
    job.settings.clear();
    ASSERT_TRUE(ledger->PutJob(job, false));
  }
  EXPECT_THAT(Register({MakeSpec("b")}).warnings,
              Contains(HasSubstr("the ledger does not have its settings")));
}

TEST_F(LeftJobsTest, ComeBackWithoutAGap) {
  Leave();
  static_cast<void>(Register({MakeSpec("b")}));
  job_.job = "default";
  job_.start = Hour(0);
  now_ = Hour(8);
  RunRound({MakeSpec("a")});
  EXPECT_FALSE(Status().retired);
  EXPECT_THAT(Usage("a"), SizeIs(7));
}

TEST_F(LeftJobsTest, LeaveNothingBehindOnceAllIsAnswered) {
  script_->query = [](const AskedQuery&) { return OneSeries("5"); };
  RunRound({MakeSpec("a")});
  job_.job = "other";
  job_.start = Hour(100);
  now_ = Hour(9);
  RunRound({MakeSpec("b")});
  EXPECT_THAT(Register({MakeSpec("b")}).jobs, SizeIs(2));
  now_ = Hour(11);
  RunRound({MakeSpec("b")});
  EXPECT_THAT(Register({MakeSpec("b")}).jobs, SizeIs(1));
}

TEST_F(LeftJobsTest, AreLeftAloneByARangeGivenByHand) {
  Leave();
  static_cast<void>(Register({MakeSpec("b")}));
  RoundScope scope;
  scope.range = metering::Period{Hour(0), Hour(1)};
  EXPECT_THAT(Decided(RunRound({MakeSpec("b")}, scope)), ElementsAre("b 0 committed"));
}

}  // namespace
}  // namespace promtally::collector
