// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "cli/collect_dry_run.h"
#include "cli/collect_summary.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/progress.h"
#include "cli/sources.h"
#include "collector/round.h"

namespace promtally::cli {

namespace {

/// How long a run waits for periods whose next try is near, rather than leaving them to the next
/// run.
constexpr std::chrono::seconds kNearRetry{5};

/// The range of --begin/--end: aligned for every job, and over.
OrExit<std::optional<metering::Period>> ParseRange(const CollectOptions& options,
                                                   const Configuration& configuration) {
  std::optional<metering::Period> range;
  for (const collector::ConfiguredJob& job : configuration.jobs) {
    auto parsed = ParseAlignedRange(options.range, job.settings.schedule.period);
    if (!parsed) {
      return tl::unexpected(parsed.error());
    }
    range = *parsed;
    if (range && range->end + job.settings.schedule.settle > Now()) {
      return tl::unexpected(PrintError(
          fmt::format("--end: the period that ends at {} can be asked from {} on (end + settle)",
                      base::ToText(range->end),
                      base::ToText(range->end + job.settings.schedule.settle)),
          kWrongUsage));
    }
  }
  return range;
}

/// Rounds on the event loop until nothing more can be done now, or a signal ends it.
class CollectRun {
 public:
  CollectRun(boost::asio::io_context& loop, collector::RoundContext context,
             collector::RoundScope scope, CollectSummary* summary)
      : loop_(loop),
        context_(std::move(context)),
        scope_(scope),
        summary_(*summary),
        signals_(loop, SIGINT, SIGTERM),
        timer_(loop),
        guard_(loop.get_executor()) {}

  void Run() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) {
        interrupted_ = true;
        timer_.cancel();
        if (round_) {
          round_->Stop();
        }
      }
    });
    StartRound();
    loop_.run();
  }

 private:
  void StartRound() {
    round_ = collector::Round::Start(context_, scope_, [this](collector::RoundReport report) {
      round_.reset();
      ++rounds_;
      summary_.Add(std::move(report));
      if (MayGoOn()) {
        timer_.expires_after(*summary_.last().next_retry - Now());
        timer_.async_wait(
            [this](const boost::system::error_code&) { interrupted_ ? End() : StartRound(); });
      } else {
        End();
      }
    });
  }

  [[nodiscard]] bool MayGoOn() const {
    const collector::RoundReport& last = summary_.last();
    return rounds_ == 1 && !interrupted_ && !last.ledger_error && last.waiting > 0 &&
           *last.next_retry - Now() <= kNearRetry;
  }

  void End() {
    signals_.cancel();
    guard_.reset();
  }

  boost::asio::io_context& loop_;
  collector::RoundContext context_;
  collector::RoundScope scope_;
  CollectSummary& summary_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::shared_ptr<collector::Round> round_;
  int rounds_ = 0;
  bool interrupted_ = false;
};

int Report(const CollectSummary& summary, const collector::Catalogue& catalogue, bool had_range,
           const std::string& ledger_path, Format format) {
  if (format == Format::kTable) {
    summary.PrintTable(catalogue, had_range);
  } else if (auto status = summary.PrintRecords(ledger_path, format); !status) {
    return PrintError(status.error().message, kIncomplete);
  }
  if (const auto& error = summary.last().ledger_error) {
    return PrintError("the ledger could not be written: " + error->message, kIncomplete);
  }
  return summary.ExitStatus();
}

int Collect(const CollectOptions& options, const Configuration& configuration,
            const std::optional<metering::Period>& range) {
  const std::string path = options.ledger.empty() ? configuration.ledger_path : options.ledger;
  auto ledger = ledger::OpenSqliteLedger(path);
  if (!ledger) {
    return PrintError(ledger.error().message, kIncomplete);
  }
  auto registered = RegisterConfiguration(**ledger, configuration, options.accept_identity_change);
  if (!registered) {
    return registered.error();
  }
  const auto catalogue = std::make_shared<collector::Catalogue>(*std::move(registered));
  CollectSummary summary;
  Progress progress;
  {
    boost::asio::io_context loop;
    collector::LedgerThread thread(*std::move(ledger));
    collector::RoundContext context{
        &loop, &thread, catalogue, OpenSources(loop, configuration.settings), Now, &progress};
    CollectRun(loop, std::move(context), {range, options.retry_failed}, &summary).Run();
  }
  progress.Finish();
  return Report(summary, *catalogue, range.has_value(), path, options.format);
}

}  // namespace

int RunCollect(const CollectOptions& options) {
  auto configuration = LoadConfiguration(options.config_file, Warnings::kCount);
  if (!configuration) {
    return configuration.error();
  }
  if (configuration->jobs.empty()) {
    return PrintError(options.config_file + ": no jobs are configured (collect:)",
                      kBadConfiguration);
  }
  auto range = ParseRange(options, *configuration);
  if (!range) {
    return range.error();
  }
  return options.dry_run ? RunCollectDry(options, *configuration, *range)
                         : Collect(options, *configuration, *range);
}

}  // namespace promtally::cli
