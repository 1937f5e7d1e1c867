// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "collector/event_log.h"
#include "collector/exporter.h"
#include "collector/predictor.h"
#include "collector/round.h"
#include "exposition/self_metrics.h"

namespace promtally::collector {

struct DaemonOptions {
  std::string ledger_path;  ///< for requests that other processes leave beside it
  std::size_t max_series = 100'000;
  config::ModelsSettings models;  ///< for predictions, with the sources that they may ask
  std::vector<config::SourceSettings> sources;
};

/// What `serve` does beside answering HTTP: a round whenever something is due or a next try has
/// come, requests of `accept`, and the usage page and self metrics after each change. Loop thread
/// only; outlives its rounds.
class Daemon : public RoundObserver {
 public:
  Daemon(RoundContext context, DaemonOptions options, std::shared_ptr<ledger::Reader> reader,
         exposition::UsagePage* page, exposition::SelfMetrics* metrics, const EventLog* log);
  ~Daemon() override;
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  void Start();
  /// No new round; `stopped` is called when the running one has ended.
  void Stop(std::function<void()> stopped);
  /// Another configuration, in the place of the one that is collected by.
  struct Reconfiguration {
    std::shared_ptr<const config::Settings> settings;
    std::vector<ConfiguredJob> jobs;
    /// Warnings, or why the configuration before stays.
    std::function<void(base::Result<std::vector<std::string>>)> done;
  };
  /// Ends the running round (commits that have begun are finished), and goes on with the new
  /// configuration. What the ledger refuses changes nothing. One at a time.
  void Reconfigure(Reconfiguration next);
  [[nodiscard]] bool is_reconfiguring() const { return next_.has_value(); }

  /// Called once, when the page holds what the ledger knows: a scrape before that would miss every
  /// usage series. May be empty.
  std::function<void()> on_loaded;
  /// Called after each round: whether the ledger could be written. May be empty.
  std::function<void(bool healthy)> on_health;
  /// The ledger cannot be trusted any more (a failed fsync, damage): the process has to end. A disk
  /// that is full is no such thing, that is tried again.
  std::function<void(const base::Error&)> on_fatal;

  void OnServer(const std::string& source, const source::ServerIdentity& identity,
                base::Milliseconds behind) override;
  void OnPeriod(const PeriodReport& report) override;

 private:
  void StartRound();
  void HookSources();
  void UseModels();
  void RegisterNext();
  void FinishNext(base::Result<Catalogue> registered);
  void Apply(const config::Settings& settings, Catalogue catalogue);
  void OnRoundDone(const RoundReport& report);
  void StartPredictions();
  void OnPredicted(const PredictionsReport& report);
  [[nodiscard]] bool is_busy() const { return round_ != nullptr || is_predicting_; }
  /// Goes on with what waits for the end of round and predictions.
  void Proceed();
  void StopWork();
  void ScheduleRound(const RoundReport& report);
  void ScheduleTick();
  void Tick();
  void LogUnfinished(const PeriodReport& report);
  void LogSeries(const PeriodReport& report) const;

  RoundContext context_;
  DaemonOptions options_;
  exposition::UsagePage& page_;
  exposition::SelfMetrics& metrics_;
  const EventLog& log_;
  Exporter exporter_;
  boost::asio::steady_timer round_timer_;
  boost::asio::steady_timer tick_timer_;
  using SpecName = std::pair<std::string, std::string>;  // job, name
  std::set<SpecName> exported_;
  std::shared_ptr<Round> round_;
  std::unique_ptr<Predictor> predictor_;
  bool is_predicting_ = false;
  std::optional<Reconfiguration> next_;
  std::function<void()> stopped_;
  /// Of each spec: the last warning, when it was written, and how many were left out since.
  struct LastWarning {
    std::string reason;
    base::Instant at;
    int suppressed = 0;
  };
  std::map<std::int64_t, LastWarning> warnings_;
  bool accepting_ = false;  ///< requests of `accept` are with the ledger thread
  bool stopping_ = false;
};

}  // namespace promtally::collector
