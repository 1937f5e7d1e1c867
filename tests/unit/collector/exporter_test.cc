// SPDX-License-Identifier: Apache-2.0
#include "collector/exporter.h"

#include <future>

#include <gmock/gmock.h>

#include "collector/daemon.h"
#include "ledger/accept.h"
#include "unit/collector/collector_fixture.h"

namespace promtally::collector {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ExportTest : public RoundTest {
 protected:
  [[nodiscard]] std::string Page() const {
    std::string text;
    for (const auto& piece : page_.Snapshot()) {
      text += *piece;
    }
    return text;
  }
  /// Waits until the ledger thread has done all that was posted before.
  static void Settle(LedgerThread* ledger) {
    std::promise<void> done;
    ledger->Post([&done](ledger::WritableLedger&) { done.set_value(); });
    done.get_future().wait();
  }

  exposition::UsagePage page_{"promtally_usage_"};
  exposition::SelfMetrics metrics_{{}};
  EventLog log_{{config::LogLevel::kError, config::LogFormat::kLogfmt}};
};

TEST_F(ExportTest, SaysOnceThatASpecIsNotExported) {
  now_ = Hour(3);
  RunRound({MakeSpec("a"), MakeSpec("a_total")});
  const auto catalogue =
      std::make_shared<Catalogue>(Register({MakeSpec("a"), MakeSpec("a_total")}));
  const EventLog log{{config::LogLevel::kWarn, config::LogFormat::kLogfmt}};
  testing::internal::CaptureStderr();
  {
    LedgerThread ledger(OpenLedger());
    Exporter exporter(&ledger, catalogue, OpenReader(), {&page_, &metrics_, &log}, 100);
    for (int refresh = 0; refresh < 3; ++refresh) {
      exporter.MarkAll();
      exporter.Refresh(now_);
    }
    Settle(&ledger);
    page_.Reset("other_");
    exporter.Replace(catalogue, 100);
    exporter.MarkAll();
    exporter.Refresh(now_);
    Settle(&ledger);
  }
  const std::string text = testing::internal::GetCapturedStderr();
  const std::size_t first = text.find("Usage is not exported");
  ASSERT_NE(first, std::string::npos);
  EXPECT_THAT(text.substr(first + 1), HasSubstr("Usage is not exported")) << "other names";
  const std::size_t second = text.find("Usage is not exported", first + 1);
  EXPECT_EQ(text.find("Usage is not exported", second + 1), std::string::npos) << text;
}

TEST_F(ExportTest, ShowsTheNewestPeriodAndTheSumOfAllAsTheLedgerHasThem) {
  now_ = Hour(5);
  RunRound({MakeSpec("a"), MakeSpec("b")});
  const auto catalogue = std::make_shared<Catalogue>(Register({MakeSpec("a"), MakeSpec("b")}));
  LedgerThread ledger(OpenLedger());
  Exporter exporter(&ledger, catalogue, OpenReader(), {&page_, &metrics_, &log_}, 100);
  exporter.Mark(catalogue->jobs[0].specs[0].stored.id);
  EXPECT_TRUE(exporter.has_marks());
  exporter.Refresh(now_);
  EXPECT_FALSE(exporter.has_marks());
  Settle(&ledger);
  const std::string labels = R"({code="200",project_id="p1",promtally_job="default"} )";
  EXPECT_THAT(Page(), HasSubstr("\npromtally_usage_a" + labels + "5\n"));
  EXPECT_THAT(Page(), HasSubstr("\npromtally_usage_a_total" + labels + "20\n"));
  EXPECT_THAT(Page(), Not(HasSubstr("promtally_usage_b")));
  exporter.MarkAll();
  exporter.Refresh(now_);
  Settle(&ledger);
  EXPECT_THAT(Page(), HasSubstr("\npromtally_usage_b_total" + labels + "20\n"));
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(state="committed")"));
}

TEST_F(ExportTest, LeavesASpecWithTooManySeriesOut) {
  now_ = Hour(2);
  script_->query = [](const AskedQuery&) {
    return Answered({{{{"project_id", "p1"}}, "1"}, {{{"project_id", "p2"}}, "1"}});
  };
  RunRound({MakeSpec("a")});
  const auto catalogue = std::make_shared<Catalogue>(Register({MakeSpec("a")}));
  LedgerThread ledger(OpenLedger());
  Exporter exporter(&ledger, catalogue, OpenReader(), {&page_, &metrics_, &log_}, 1);
  exporter.MarkAll();
  exporter.Refresh(now_);
  Settle(&ledger);
  EXPECT_THAT(Page(), Not(HasSubstr("promtally_usage_a_total{")));
}

class DaemonTest : public ExportTest {
 protected:
  /// Runs a daemon until `until` holds (looked at after each handler), then stops it.
  void Serve(const metering::MetricSpecs& specs, const std::function<bool()>& until) {
    auto catalogue = std::make_shared<Catalogue>(Register(specs));
    boost::asio::io_context loop;
    LedgerThread ledger(std::make_unique<FailingLedger>(OpenLedger(), calls_));
    auto gate = std::make_shared<SourceGate>(loop, "s", std::make_unique<ScriptedSource>(script_),
                                             concurrency_);
    Daemon daemon({&loop,
                   &ledger,
                   std::move(catalogue),
                   {{"s", std::move(gate)}},
                   [this] { return now_; },
                   nullptr},
                  {path_, 100, {}, {}}, OpenReader(), &page_, &metrics_, &log_);
    daemon.on_health = [this](bool healthy) { healthy_.push_back(healthy); };
    daemon.Start();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!until() && std::chrono::steady_clock::now() < end) {
      loop.run_one_for(std::chrono::milliseconds(50));
    }
    EXPECT_TRUE(until()) << "it did not come";
    bool stopped = false;
    daemon.Stop([&] { stopped = true; });
    loop.restart();
    while (!stopped && std::chrono::steady_clock::now() < end) {
      loop.run_one_for(std::chrono::milliseconds(50));
    }
    EXPECT_TRUE(stopped);
  }

  std::vector<bool> healthy_;
};

TEST_F(DaemonTest, CollectsWhatIsDueAndShowsIt) {
  now_ = Hour(4);
  Serve({MakeSpec("a")}, [this] { return Page().find("a_total{") != std::string::npos; });
  EXPECT_EQ(healthy_, std::vector<bool>{true});
  EXPECT_EQ(Usage("a").size(), 3U);
}

TEST_F(DaemonTest, IsNotHealthyWhileTheLedgerCannotBeWritten) {
  calls_->fails_from = 1;
  testing::internal::CaptureStderr();
  Serve({MakeSpec("a")}, [this] { return !healthy_.empty(); });
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("database or disk is full"));
  EXPECT_EQ(healthy_, std::vector<bool>{false});
}

TEST_F(DaemonTest, StopsInTheMiddleOfARound) {
  now_ = Hour(50);
  script_->keep_back = 1000;
  Serve({MakeSpec("a")}, [this] { return !script_->asked().empty(); });
  EXPECT_EQ(healthy_, std::vector<bool>{true});
}

TEST_F(DaemonTest, CarriesOutARequestOfAcceptAndAnswersIt) {
  now_ = Hour(1);
  static_cast<void>(Register({MakeSpec("a")}));
  ledger::PeriodEntry suspect;
  suspect.reason = "suspect_empty";
  suspect.next_retry = Hour(1) + std::chrono::minutes(30);
  WriteRow("a", 0, suspect);
  const auto request = ledger::LeaveAcceptRequest(path_, {"default", "a", HourPeriod(0)});
  ASSERT_TRUE(request);
  std::optional<base::Result<ledger::AcceptReport>> answer;
  Serve({MakeSpec("a")}, [&] {
    if (!answer) {
      answer = ledger::TakeAcceptAnswer(*request);
    }
    return answer.has_value();
  });
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->accepted, 1);
  EXPECT_TRUE((*answer)->refused.empty());
  EXPECT_EQ(State("a", 0), "empty accepted");
}

}  // namespace
}  // namespace promtally::collector
