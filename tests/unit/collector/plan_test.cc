// SPDX-License-Identifier: Apache-2.0
// What is planned after the period of a job was changed, over a real ledger.
#include "collector/plan.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "ledger/sqlite_ledger.h"
#include "promtally/config/metrics_file.h"
#include "support/temp_folder.h"

namespace promtally::collector {
namespace {

using metering::Period;

constexpr base::Instant At(int minute) {
  return base::FromUnixSeconds(1748736000 + static_cast<std::int64_t>(minute) * 60);
}

Period Minutes(int begin, int end) { return {At(begin), At(end)}; }

class PlanAfterANewPeriod : public testing::Test {
 protected:
  /// Registers the job with such a period, and its one spec from minute 0 on.
  Catalogue Load(int period_minutes) {
    ConfiguredJob job;
    job.settings.job = "default";
    job.settings.schedule.period = base::Seconds(60 * period_minutes);
    job.settings.schedule.wait_periods = 1;
    job.settings.schedule.settle = base::Milliseconds(0);
    job.settings.start = At(0);
    job.metrics_text = "metrics: {up: {unit: i}}";
    job.specs = config::ReadMetricsFile(job.metrics_text, "metrics.yml").specs;
    RegisterRequest request;
    request.jobs.push_back(std::move(job));
    request.now = At(10);
    request.accept_identity_change = true;
    return *Register(*ledger_, request);
  }

  /// A row that stays as it is.
  void Fail(const Catalogue& catalogue, Period period) {
    ledger::PeriodEntry entry;
    entry.spec_id = catalogue.jobs.at(0).specs.at(0).stored.id;
    entry.version_id = catalogue.jobs.at(0).specs.at(0).newest().id;
    entry.period = period;
    entry.state = ledger::PeriodState::kFailed;
    entry.reason = "wrong_type";
    ASSERT_TRUE(ledger_->RecordAttempt(entry));
  }

  std::vector<Period> Plan(Catalogue catalogue, const RoundScope& scope, int minute) {
    std::vector<Period> periods;
    const RoundPlan plan = *PlanRound(*ledger_, &catalogue, scope, At(minute));
    for (const WorkItem& item : plan.items) {
      periods.push_back(item.period);
    }
    return periods;
  }

  test::TempFolder folder_;
  std::unique_ptr<ledger::WritableLedger> ledger_ =
      *ledger::OpenSqliteLedger((folder_.path() / "ledger.db").string());
};

TEST_F(PlanAfterANewPeriod, NeverPlansATimeTwiceWhenPeriodsBecomeShorter) {
  const Catalogue before = Load(4);
  Fail(before, Minutes(0, 4));
  Fail(before, Minutes(4, 8));
  const std::vector<Period> expected{Minutes(8, 10), Minutes(10, 12)};
  EXPECT_EQ(Plan(Load(2), {}, 12), expected);
  EXPECT_EQ(Plan(Load(2), {Minutes(0, 12), false}, 12), expected);
}

TEST_F(PlanAfterANewPeriod, NeverPlansATimeTwiceWhenPeriodsBecomeLonger) {
  const Catalogue before = Load(2);
  Fail(before, Minutes(0, 2));
  Fail(before, Minutes(4, 6));
  // What no longer period covers is left to periods of the length before.
  const std::vector<Period> expected{Minutes(2, 4), Minutes(6, 8), Minutes(8, 12)};
  EXPECT_EQ(Plan(Load(4), {}, 12), expected);
  EXPECT_EQ(Plan(Load(4), {Minutes(0, 12), false}, 12), expected);
}

TEST_F(PlanAfterANewPeriod, TriesAStoredPeriodAgainAsLongAsItWas) {
  Fail(Load(2), Minutes(2, 4));
  EXPECT_EQ(Plan(Load(4), {std::nullopt, true}, 8),
            (std::vector<Period>{Minutes(0, 2), Minutes(2, 4), Minutes(4, 8)}));
}

}  // namespace
}  // namespace promtally::collector
