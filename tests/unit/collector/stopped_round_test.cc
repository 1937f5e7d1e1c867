// SPDX-License-Identifier: Apache-2.0
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>

#include "collector/round.h"
#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Stops the round where a test says.
class Stopper : public RoundObserver {
 public:
  std::function<void()> on_server = [] {};
  std::function<void()> on_planned = [] {};
  std::function<void()> on_period = [] {};
  void OnPlanned(std::size_t /*periods*/) override { on_planned(); }
  void OnServer(const std::string& /*source*/, const source::ServerIdentity& /*identity*/,
                base::Milliseconds /*behind*/) override {
    on_server();
  }
  void OnPeriod(const PeriodReport& /*report*/) override { on_period(); }
};

class StoppedRound : public RoundTest {
 protected:
  StoppedRound() {
    observer_ = &stopper_;
    now_ = Hour(20);
  }
  void Stop() { round_->Stop(); }

  Stopper stopper_;
};

TEST_F(StoppedRound, EndsBeforeItIsPlanned) {
  calls_->before = [](ledger::WritableLedger&, int) { ADD_FAILURE() << "something was written"; };
  script_->on_asked = [] { ADD_FAILURE() << "something was asked"; };
  boost::asio::io_context loop;
  auto catalogue = std::make_shared<Catalogue>(Register({MakeSpec("a")}));
  LedgerThread ledger(std::make_unique<FailingLedger>(OpenLedger(), calls_));
  const auto gate =
      std::make_shared<SourceGate>(loop, "s", std::make_unique<ScriptedSource>(script_), 2);
  const auto guard = boost::asio::make_work_guard(loop);
  bool ended = false;
  const auto round = Round::Start(
      {&loop, &ledger, std::move(catalogue), {{"s", gate}}, [this] { return now_; }, observer_}, {},
      [&](const RoundReport& report) {
        ended = true;
        EXPECT_TRUE(report.stopped);
        loop.stop();
      });
  round->Stop();
  loop.run_for(std::chrono::seconds(120));
  EXPECT_TRUE(ended);
}

TEST_F(StoppedRound, EndsWhileTheServerDoesNotSayWhoItIs) {
  script_->keep_identity_back = true;
  calls_->before = [](ledger::WritableLedger&, int) { ADD_FAILURE() << "something was written"; };
  stopper_.on_server = [] { ADD_FAILURE() << "the observer was called after the end"; };
  script_->on_identify = [this] { boost::asio::post(*loop_, [this] { Stop(); }); };
  EXPECT_TRUE(RunRound({MakeSpec("a")}).stopped);
}

TEST_F(StoppedRound, EndsWhenTheServerIsKnown) {
  stopper_.on_server = [this] { Stop(); };
  EXPECT_TRUE(RunRound({MakeSpec("a")}).stopped);
  EXPECT_THAT(script_->asked(), IsEmpty());
}

TEST_F(StoppedRound, EndsWhenItIsPlanned) {
  stopper_.on_planned = [this] { Stop(); };
  EXPECT_TRUE(RunRound({MakeSpec("a")}).stopped);
  EXPECT_THAT(script_->asked(), IsEmpty());
  EXPECT_EQ(script_->asked_for_up(), 0U);
}

TEST_F(StoppedRound, GivesUpQueriesThatAreNeverAnswered) {
  script_->keep_back = 1000;
  script_->on_asked = [this] { boost::asio::post(*loop_, [this] { Stop(); }); };
  const RoundReport report = RunRound({MakeSpec("a")});
  EXPECT_TRUE(report.stopped);
  EXPECT_THAT(report.periods, IsEmpty());
}

TEST_F(StoppedRound, FinishesTheCommitsThatHaveBegun) {
  int decided = 0;
  stopper_.on_period = [&] {
    if (++decided == 3) {
      Stop();
    }
  };
  const RoundReport report = RunRound({MakeSpec("a")});
  EXPECT_TRUE(report.stopped);
  EXPECT_GE(report.periods.size(), 3U);
  EXPECT_LT(report.periods.size(), 19U);
  EXPECT_THAT(Usage("a"), SizeIs(report.periods.size()));
}

TEST_F(StoppedRound, LosesNothing) {
  stopper_.on_period = [this] { Stop(); };
  RunRound({MakeSpec("a")});
  stopper_.on_period = [] {};
  RunRound({MakeSpec("a")});
  EXPECT_THAT(Usage("a"), SizeIs(19));
}

TEST_F(StoppedRound, BeginsBehindWhatAStoppedRoundLeftInFlight) {
  observer_ = nullptr;
  now_ = Hour(2);
  RunRound({MakeSpec("a")});
  now_ = Hour(6);
  script_->keep_back = 1000;
  auto catalogue = std::make_shared<Catalogue>(Register({MakeSpec("a")}));
  boost::asio::io_context loop;
  LedgerThread ledger(OpenLedger());
  auto owned = std::make_unique<ScriptedSource>(script_);
  ScriptedSource* const source = owned.get();
  const RoundContext context{&loop,
                             &ledger,
                             catalogue,
                             {{"s", std::make_shared<SourceGate>(loop, "s", std::move(owned), 2)}},
                             [this] { return now_; },
                             nullptr};
  const auto guard = boost::asio::make_work_guard(loop);
  std::vector<RoundReport> reports;
  const auto done = [&](RoundReport report) {
    reports.push_back(std::move(report));
    loop.stop();
  };
  auto round = Round::Start(context, {}, done);
  script_->on_asked = [&] { boost::asio::post(loop, [&] { round->Stop(); }); };
  loop.run_for(std::chrono::seconds(120));
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_TRUE(reports[0].stopped);
  script_->on_asked = nullptr;
  Stopper releasing;
  releasing.on_planned = [&] { boost::asio::post(loop, [source] { source->Release(); }); };
  RoundContext second = context;
  second.observer = &releasing;
  loop.restart();
  round = Round::Start(second, {}, done);
  loop.run_for(std::chrono::seconds(120));
  ASSERT_THAT(reports, SizeIs(2));
  EXPECT_EQ(reports[1].Count(ledger::PeriodState::kCommitted), 4U);
}

}  // namespace
}  // namespace promtally::collector
