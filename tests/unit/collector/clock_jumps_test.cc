// SPDX-License-Identifier: Apache-2.0
// Clocks that jump, servers that are away for a day: deterministic simulations of rounds over a
// real ledger. The start number is printed; PROMTALLY_LONG=1 runs a million jumps.
#include <cstdlib>
#include <iostream>
#include <random>

#include <boost/asio/executor_work_guard.hpp>
#include <gmock/gmock.h>

#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using Steady = SourceGate::Steady;

bool IsLong() {
  const char* text = std::getenv("PROMTALLY_LONG");
  return text != nullptr && *text != '\0';
}

/// One program that goes on for long: the same ledger, gate and catalogue through all its rounds.
/// `time_` is the true time, which the server has and a steady clock follows; now_ is what the
/// local clock says.
class Simulation : public CollectorTest {
 protected:
  void StartProgram(const metering::MetricSpecs& specs) {
    catalogue_ = std::make_shared<Catalogue>(Register(specs));
    ledger_ = std::make_unique<LedgerThread>(OpenLedger());
    gate_ = std::make_shared<SourceGate>(loop_, "s", std::make_unique<ScriptedSource>(script_), 2,
                                         [this] { return Steady::time_point(time_ - Hour(0)); });
  }
  ~Simulation() override { StopProgram(); }
  void StopProgram() {
    gate_.reset();
    ledger_.reset();
  }

  RoundReport RunRound() {
    script_->identity.server_date = std::chrono::floor<base::Seconds>(time_);
    std::optional<RoundReport> report;
    auto guard = boost::asio::make_work_guard(loop_);
    loop_.restart();
    const auto round = Round::Start(Context(), {}, [&](RoundReport done) {
      report = std::move(done);
      guard.reset();
    });
    loop_.run_for(std::chrono::seconds(60));
    EXPECT_TRUE(report) << "the round did not end";
    return report.value_or(RoundReport{});
  }
  RoundContext Context() {
    return {&loop_, ledger_.get(), catalogue_, {{"s", gate_}}, [this] { return now_; }, nullptr};
  }

  base::Instant time_ = Hour(2);
  std::shared_ptr<SourceScript> script_ = std::make_shared<SourceScript>();
  boost::asio::io_context loop_;
  std::shared_ptr<Catalogue> catalogue_;
  std::unique_ptr<LedgerThread> ledger_;
  std::shared_ptr<SourceGate> gate_;
};

TEST_F(Simulation, NoPeriodIsMissedOrAskedBeforeItsTimeWhateverTheLocalClockSays) {
  const auto seed = std::random_device()();
  std::cout << "start number " << seed << "\n";
  SCOPED_TRACE("start number " + std::to_string(seed));
  std::mt19937 random(seed);
  script_->query = [this](const AskedQuery& asked) {
    EXPECT_LE(asked.time, time_) << "a period of the future was asked for";
    return Answered({{{{"project_id", "p1"}, {"code", "200"}}, "5"}});
  };
  now_ = time_;
  StartProgram({MakeSpec("a")});
  const int jumps = IsLong() ? 1'000'000 : 100'000;
  const base::Milliseconds kYears = hours(24 * 3652);
  std::size_t committed = 0;
  for (int jump = 0; jump < jumps && !HasFailure(); ++jump) {
    time_ += base::Seconds(random() % 120);
    switch (random() % 6) {
      case 0:
        now_ = time_ + hours(1);
        break;
      case 1:
        now_ = time_ - hours(1);
        break;
      case 2:
        now_ = time_ + kYears;
        break;
      case 3:
        now_ = base::FromUnixSeconds(static_cast<std::int64_t>(random() % 1000));
        break;
      case 4:
        break;  // frozen
      default:
        now_ = time_;
    }
    const RoundReport report = RunRound();
    EXPECT_FALSE(report.ledger_error);
    for (const PeriodReport& period : report.periods) {
      EXPECT_EQ(period.state, ledger::PeriodState::kCommitted);
      EXPECT_LE(metering::DueAt(job_.schedule, period.period.begin), time_);
    }
    committed += report.periods.size();
  }
  now_ = time_;
  committed += RunRound().periods.size();
  StopProgram();
  const auto due = static_cast<std::size_t>(
      (metering::NewestDue(job_.schedule, time_) - Hour(0)) / job_.schedule.period + 1);
  EXPECT_EQ(committed, due);
  EXPECT_EQ(Usage("a").size(), due);
  EXPECT_EQ(Violations(), std::vector<std::string>());
}

TEST_F(Simulation, ADayWithoutTheServerIsCaughtUpWithoutAGap) {
  bool away = false;
  std::size_t asked = 0;
  script_->query = [&](const AskedQuery&) {
    ++asked;
    if (!away) {
      return Answered({{{{"project_id", "p1"}, {"code", "200"}}, "5"}});
    }
    source::QueryOutcome outcome = Unreachable();
    outcome.failure->disposition =
        source::Disposition::kOpen;  // tries within a round take real time
    return outcome;
  };
  now_ = time_;
  const metering::MetricSpecs specs = {MakeSpec("a"), MakeSpec("b")};
  StartProgram(specs);
  EXPECT_EQ(RunRound().Count(ledger::PeriodState::kCommitted), 2U);
  away = true;
  asked = 0;
  const base::Instant back = time_ + hours(24);
  std::optional<base::Milliseconds> shortest;
  base::Milliseconds lag{0};
  while (time_ < back) {
    now_ = time_;
    const RoundReport report = RunRound();
    EXPECT_FALSE(report.ledger_error);
    std::optional<base::Instant> next = report.next_retry;
    for (const PeriodReport& period : report.periods) {
      EXPECT_EQ(period.state, ledger::PeriodState::kOpen);
      next = std::min(next.value_or(*period.next_retry), *period.next_retry);
    }
    // As the daemon does: not before the next try, at the latest after half a minute.
    const base::Milliseconds pause =
        std::clamp<base::Milliseconds>(next ? *next - time_ : base::Milliseconds(30'000),
                                       base::Milliseconds(200), base::Milliseconds(30'000));
    time_ += pause;
  }
  EXPECT_LE(3 * asked, 24U * 3600U) << "with all tries more than one request a second";
  std::cout << asked << " requests in a day without answers\n";
  const auto statuses = OpenReader()->Statuses(time_);
  ASSERT_TRUE(statuses);
  for (const auto& status : *statuses) {
    EXPECT_EQ(status.open, 24);
    EXPECT_GE(status.lag, hours(24));
  }
  away = false;
  time_ += minutes(2);  // the longest wait for a next try
  now_ = time_;
  const auto begun = Steady::now();
  EXPECT_EQ(RunRound().Count(ledger::PeriodState::kCommitted), 48U);
  const std::chrono::duration<double> took = Steady::now() - begun;
  std::cout << "caught up at " << 48 / took.count() << " periods/s\n";
  StopProgram();
  for (const char* name : {"a", "b"}) {
    EXPECT_EQ(Usage(name).size(), 25U);
  }
  EXPECT_EQ(Violations(), std::vector<std::string>());
}

TEST_F(Simulation, AClockAheadDoesNotAskAgainWithoutAPause) {
  script_->query = [](const AskedQuery&) {
    return Failing(source::Disposition::kOpen, "query_error");
  };
  now_ = time_;
  StartProgram({MakeSpec("a")});
  EXPECT_EQ(RunRound().Count(ledger::PeriodState::kOpen), 1U);
  const std::size_t asked = script_->asked().size();
  now_ = time_ + hours(24 * 3652);
  const RoundReport report = RunRound();
  EXPECT_EQ(report.waiting, 1);
  EXPECT_EQ(script_->asked().size(), asked);
  EXPECT_LE(Now(Context()), time_ + std::chrono::seconds(2));
}

}  // namespace
}  // namespace promtally::collector
