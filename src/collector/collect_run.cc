// SPDX-License-Identifier: Apache-2.0
#include "collector/collect_run.h"

#include <csignal>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "collector/open_sources.h"

namespace promtally::collector {

namespace {

/// How long a run waits for periods whose next try is near, rather than leaving them to the next
/// run.
constexpr std::chrono::seconds kNearRetry{5};

/// Rounds on the event loop until nothing more can be done now, or a signal ends it.
class CollectRun {
 public:
  CollectRun(boost::asio::io_context& loop, RoundContext context, RoundScope scope,
             const config::Settings& settings, const CollectListeners& listeners)
      : loop_(loop),
        context_(std::move(context)),
        scope_(scope),
        listeners_(listeners),
        predictor_(&loop, context_.ledger,
                   {std::make_shared<inference::ModelCatalog>(settings.models),
                    std::make_shared<RangeWindows>(settings.sources)},
                   context_.clock),
        signals_(loop, SIGINT, SIGTERM),
        timer_(loop),
        guard_(loop.get_executor()) {}

  ~CollectRun() {
    for (const auto& [name, gate] : context_.gates) {
      gate->Close();  // a signal ends a run with queries in flight
    }
  }
  CollectRun(const CollectRun&) = delete;
  CollectRun& operator=(const CollectRun&) = delete;

  void Run() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) {
        interrupted_ = true;
        timer_.cancel();
        predictor_.Stop();
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
    round_ = Round::Start(context_, scope_, [this](RoundReport report) {
      round_.reset();
      ++rounds_;
      const auto again_at = NextRound(report);
      const bool may_predict = !report.ledger_error;
      listeners_.on_round(std::move(report));
      if (!again_at) {
        may_predict ? Predict() : End();
        return;
      }
      timer_.expires_after(*again_at - context_.clock());
      timer_.async_wait([this](const boost::system::error_code&) {
        if (interrupted_) {
          End();
        } else {
          StartRound();
        }
      });
    });
  }

  /// When another round is worth waiting for.
  [[nodiscard]] std::optional<base::Instant> NextRound(const RoundReport& report) const {
    const bool near = report.waiting > 0 && *report.next_retry - context_.clock() <= kNearRetry;
    return rounds_ == 1 && !interrupted_ && !report.ledger_error && near ? report.next_retry
                                                                         : std::nullopt;
  }

  void Predict() {
    if (interrupted_ || scope_.reread) {
      End();
      return;
    }
    predictor_.Run(context_.catalogue, scope_.range, [this](const PredictionsReport& report) {
      listeners_.on_predictions(report);
      End();
    });
  }

  void End() {
    signals_.cancel();
    guard_.reset();
  }

  boost::asio::io_context& loop_;
  RoundContext context_;
  RoundScope scope_;
  const CollectListeners& listeners_;
  Predictor predictor_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::shared_ptr<Round> round_;
  int rounds_ = 0;
  bool interrupted_ = false;
};

}  // namespace

void RunCollection(CollectRequest request, const CollectListeners& listeners) {
  boost::asio::io_context loop;
  LedgerThread thread(std::move(request.ledger));
  RoundContext context{&loop,
                       &thread,
                       std::move(request.catalogue),
                       OpenSources(loop, *request.settings),
                       std::move(request.clock),
                       request.observer};
  CollectRun(loop, std::move(context), request.scope, *request.settings, listeners).Run();
}

}  // namespace promtally::collector
