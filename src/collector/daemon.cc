// SPDX-License-Identifier: Apache-2.0
#include "collector/daemon.h"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "collector/open_sources.h"
#include "ledger/accept.h"

namespace promtally::collector {

namespace {

using ledger::PeriodState;

constexpr std::chrono::seconds kTick{1};
/// A round at least this often: clocks jump, and servers come back.
constexpr std::chrono::seconds kLongestPause{30};
constexpr std::chrono::milliseconds kShortestPause{200};
constexpr std::chrono::seconds kLedgerPause{10};  // after a failed write

/// Those that are exported: retired ones are not.
std::set<std::pair<std::string, std::string>> SpecsOf(const Catalogue& catalogue) {
  std::set<std::pair<std::string, std::string>> names;
  for (const CatalogueJob& job : catalogue.jobs) {
    for (const CatalogueSpec& spec : job.specs) {
      if (!spec.stored.retired_at) {
        names.emplace(job.settings.job, spec.stored.name);
      }
    }
  }
  return names;
}

bool HasPredictions(const Catalogue& catalogue) {
  return std::any_of(catalogue.jobs.begin(), catalogue.jobs.end(), [](const CatalogueJob& job) {
    return std::any_of(job.specs.begin(), job.specs.end(),
                       [](const CatalogueSpec& spec) { return !spec.predictions.empty(); });
  });
}

void LogAccept(const EventLog& log, const std::string& name,
               const base::Result<ledger::AcceptReport>& outcome) {
  if (!outcome) {
    log.Warn("Periods were not accepted", {{"name", name}, {"err", outcome.error().message}});
    return;
  }
  if (outcome->accepted > 0) {
    log.Info("Accepted periods as they are",
             {{"name", name}, {"accepted", std::to_string(outcome->accepted)}});
  }
  if (!outcome->refused.empty()) {
    log.Warn("Periods were not accepted", {{"name", name},
                                           {"refused", std::to_string(outcome->refused.size())},
                                           {"err", outcome->refused.front()}});
  }
}

}  // namespace

Daemon::Daemon(RoundContext context, DaemonOptions options, std::shared_ptr<ledger::Reader> reader,
               exposition::UsagePage* page, exposition::SelfMetrics* metrics, const EventLog* log)
    : context_(std::move(context)),
      options_(std::move(options)),
      page_(*page),
      metrics_(*metrics),
      log_(*log),
      exporter_(context_.ledger, context_.catalogue, std::move(reader), {page, metrics, log},
                options_.max_series),
      round_timer_(*context_.loop),
      tick_timer_(*context_.loop) {
  context_.observer = this;
  HookSources();
  exported_ = SpecsOf(*context_.catalogue);
  for (const SpecName& spec : exported_) {
    metrics_.RegisterSpec(spec.first, spec.second);
  }
  UseModels();
}

void Daemon::UseModels() {
  predictor_ = std::make_unique<Predictor>(
      context_.loop, context_.ledger,
      Predictor::Inputs{std::make_shared<inference::ModelCatalog>(options_.models),
                        std::make_shared<RangeWindows>(options_.sources)},
      context_.clock);
}

void Daemon::HookSources() {
  for (const auto& [name, gate] : context_.gates) {
    metrics_.RegisterSource(name);
    gate->on_query = [this](const QueryStats& query) {
      metrics_.ObserveQuery(query.source,
                            {query.wall, query.bytes, query.retry ? 1U : 0U, query.outcome});
      metrics_.SetSourceUp(query.source,
                           query.outcome != "unreachable" && query.outcome != "timeout");
    };
  }
}

Daemon::~Daemon() {
  for (const auto& [name, gate] : context_.gates) {
    gate->Close();
  }
}

void Daemon::Start() {
  exporter_.MarkAll();
  exporter_.Refresh(context_.clock(), [this, loop = context_.loop] {
    boost::asio::post(*loop, [this] {
      if (on_loaded && !stopping_) {
        on_loaded();
      }
    });
  });
  StartRound();
  ScheduleTick();
}

void Daemon::Stop(std::function<void()> stopped) {
  stopping_ = true;
  stopped_ = std::move(stopped);
  round_timer_.cancel();
  tick_timer_.cancel();
  StopWork();
  if (!is_busy() && !next_) {
    std::exchange(stopped_, nullptr)();
  }
}

void Daemon::StopWork() {
  predictor_->Stop();
  if (round_) {
    round_->Stop();
  }
}

void Daemon::Reconfigure(Reconfiguration next) {
  next_ = std::move(next);
  round_timer_.cancel();
  StopWork();
  if (!is_busy()) {
    RegisterNext();
  }
}

void Daemon::RegisterNext() {
  RegisterRequest request;
  request.jobs = next_->jobs;
  request.sources = SourceNames(*next_->settings);
  request.now = context_.clock();
  context_.ledger->Post(
      [this, request = std::move(request), loop = context_.loop](ledger::WritableLedger& ledger) {
        auto registered = std::make_shared<base::Result<Catalogue>>(Register(ledger, request));
        boost::asio::post(*loop, [this, registered] { FinishNext(*std::move(registered)); });
      });
}

void Daemon::FinishNext(base::Result<Catalogue> registered) {
  const Reconfiguration next = *std::exchange(next_, std::nullopt);
  base::Result<std::vector<std::string>> outcome;
  if (registered) {
    outcome = registered->warnings;
    if (!stopping_) {
      Apply(*next.settings, *std::move(registered));
    }
  } else {
    outcome = tl::unexpected(registered.error());
    UseModels();  // the former ones were stopped
  }
  next.done(std::move(outcome));
  if (stopped_) {
    std::exchange(stopped_, nullptr)();
  } else {
    StartRound();
  }
}

/// Between rounds: nothing is asked of the old sources any more.
void Daemon::Apply(const config::Settings& settings, Catalogue catalogue) {
  const Gates gates = OpenSources(*context_.loop, settings);
  for (const auto& [name, gate] : context_.gates) {
    gate->Close();
    if (!gates.contains(name)) {
      metrics_.RemoveSource(name);
    }
  }
  context_.gates = gates;
  HookSources();
  context_.catalogue = std::make_shared<Catalogue>(std::move(catalogue));
  options_.models = settings.models;
  options_.sources = settings.sources;
  UseModels();
  const std::set<SpecName> before = std::exchange(exported_, SpecsOf(*context_.catalogue));
  for (const SpecName& spec : before) {
    if (!exported_.contains(spec)) {
      metrics_.RemoveSpec(spec.first, spec.second);
    }
  }
  for (const SpecName& spec : exported_) {
    metrics_.RegisterSpec(spec.first, spec.second);
  }
  page_.Reset(settings.export_settings.prefix);
  exporter_.Replace(context_.catalogue, settings.export_settings.max_series);
  exporter_.MarkAll();
  exporter_.Refresh(context_.clock());
}

void Daemon::StartRound() {
  round_ = Round::Start(context_, {}, [this](const RoundReport& report) {
    round_.reset();
    OnRoundDone(report);
  });
}

void Daemon::OnRoundDone(const RoundReport& report) {
  if (on_health) {
    on_health(!report.ledger_error);
  }
  if (report.ledger_error) {
    metrics_.CountLedgerFailure();
    log_.Error("The ledger cannot be written", {{"err", report.ledger_error->message}});
    if (report.ledger_error->code == base::ErrorCode::kInternal && on_fatal) {
      on_fatal(*report.ledger_error);
    }
  } else if (!report.periods.empty()) {
    log_.Info("Collected", {{"committed", std::to_string(report.Count(PeriodState::kCommitted))},
                            {"empty", std::to_string(report.Count(PeriodState::kEmpty))},
                            {"open", std::to_string(report.Count(PeriodState::kOpen))},
                            {"failed", std::to_string(report.Count(PeriodState::kFailed))},
                            {"rejected_series", std::to_string(report.Rejected())}});
  }
  exporter_.Refresh(context_.clock());
  if (next_ || stopping_) {
    Proceed();
    return;
  }
  ScheduleRound(report);
  if (!report.ledger_error) {
    StartPredictions();
  }
}

void Daemon::Proceed() {
  if (is_busy()) {
    return;
  }
  if (next_) {
    RegisterNext();
  } else if (stopping_ && stopped_) {
    std::exchange(stopped_, nullptr)();
  }
}

/// Rounds go on meanwhile: a slow model delays no collection.
void Daemon::StartPredictions() {
  if (is_predicting_ || !HasPredictions(*context_.catalogue)) {
    return;
  }
  is_predicting_ = true;
  predictor_->Run(context_.catalogue, std::nullopt,
                  [this](const PredictionsReport& report) { OnPredicted(report); });
}

void Daemon::ScheduleRound(const RoundReport& report) {
  const base::Instant now = Now(context_);
  base::Milliseconds pause = kLongestPause;
  const auto consider = [&](const std::optional<base::Instant>& time) {
    if (time) {
      pause = std::min(pause, *time - now);
    }
  };
  consider(NextDue(*context_.catalogue, now));
  consider(report.next_retry);
  for (const PeriodReport& period : report.periods) {
    consider(period.next_retry);
  }
  if (report.ledger_error) {
    pause = kLedgerPause;
  }
  round_timer_.expires_after(std::max<base::Milliseconds>(pause, kShortestPause));
  round_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !stopping_) {
      StartRound();
    }
  });
}

void Daemon::ScheduleTick() {
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !stopping_) {
      Tick();
      ScheduleTick();
    }
  });
}

/// Shows what a long round has done so far, and carries out what `accept` left beside the ledger.
void Daemon::Tick() {
  if (next_) {
    return;  // what would be shown now is about to be replaced
  }
  if (exporter_.has_marks()) {
    exporter_.Refresh(context_.clock());
  }
  if (accepting_) {
    return;  // what is there may be what the ledger thread has not come to yet
  }
  const auto pending = ledger::PendingAcceptRequests(options_.ledger_path);
  if (pending.empty()) {
    return;
  }
  accepting_ = true;
  // The ledger thread may outlive the daemon: it gets no pointer to it but for the way back.
  context_.ledger->Post([this, pending, now = context_.clock(), loop = context_.loop,
                         log = &log_](ledger::WritableLedger& ledger) {
    bool is_awaited = false;
    for (const ledger::PendingAccept& request : pending) {
      const auto outcome = ledger.Accept(request.request, now);
      is_awaited = is_awaited || (outcome && outcome->awaited > 0);
      ledger::FinishAcceptRequest(request, outcome);
      LogAccept(*log, request.request.name, outcome);
    }
    boost::asio::post(*loop, [this, is_awaited] {
      accepting_ = false;
      if (!next_) {
        exporter_.MarkAll();
        exporter_.Refresh(context_.clock());
      }
      if (is_awaited && !round_ && !next_ && !stopping_) {
        round_timer_.cancel();
        StartRound();
      }
    });
  });
}

}  // namespace promtally::collector
