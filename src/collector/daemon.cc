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
constexpr std::chrono::minutes kRepeatWarnings{1};

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
  if (round_) {
    round_->Stop();
  } else if (!next_) {
    std::exchange(stopped_, nullptr)();
  }
}

void Daemon::Reconfigure(Reconfiguration next) {
  next_ = std::move(next);
  round_timer_.cancel();
  if (round_) {
    round_->Stop();
  } else {
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
  if (next_) {
    RegisterNext();
  } else if (!stopping_) {
    ScheduleRound(report);
  } else if (stopped_) {
    std::exchange(stopped_, nullptr)();
  }
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

void Daemon::OnServer(const std::string& source, const source::ServerIdentity& identity,
                      base::Milliseconds behind) {
  metrics_.SetSourceUp(source, identity.reachable);
  metrics_.SetClockSkew(source, behind);
  if (behind > std::chrono::seconds(30)) {
    log_.Warn("clock_skew: the server's clock is behind this machine's",
              {{"source", source}, {"behind", base::ToText(behind)}});
  }
  log_.Debug("Server", {{"source", source},
                        {"kind", identity.kind},
                        {"version", identity.version},
                        {"reachable", identity.reachable ? "true" : "false"}});
}

void Daemon::OnPeriod(const PeriodReport& report) {
  if (report.state != PeriodState::kCommitted && report.state != PeriodState::kEmpty) {
    LogUnfinished(report);
    return;
  }
  LogSeries(report);
  warnings_.erase(report.spec_id);
  exporter_.Mark(report.spec_id);
  if (!exported_.contains({report.job, report.name})) {
    return;  // an open period of a retired spec: its series left the page
  }
  metrics_.ObserveCommit(
      report.job, report.name,
      {report.commit, static_cast<std::int64_t>(report.records),
       static_cast<std::int64_t>(report.rejected), static_cast<std::int64_t>(report.unattributed),
       static_cast<std::int64_t>(report.skipped), static_cast<std::int64_t>(report.excluded)});
  metrics_.SetLastSuccess(report.job, report.name, context_.clock());
}

/// A spec that cannot be answered says so once a minute, not once a period.
void Daemon::LogUnfinished(const PeriodReport& report) {
  LastWarning& last = warnings_[report.spec_id];
  const base::Instant now = context_.clock();
  if (last.reason == report.reason && now - last.at < kRepeatWarnings) {
    ++last.suppressed;
    return;
  }
  log_.Warn(report.state == PeriodState::kOpen ? "Period stays open" : "Period failed",
            {{"promtally_job", report.job},
             {"name", report.name},
             {"begin", base::ToText(report.period.begin)},
             {"reason", report.reason},
             {"suppressed", std::to_string(last.suppressed)},
             {"err", report.detail}});
  last = {report.reason, now, 0};
}

void Daemon::LogSeries(const PeriodReport& report) const {
  const std::string begin = base::ToText(report.period.begin);
  log_.Debug("Period answered", {{"promtally_job", report.job},
                                 {"name", report.name},
                                 {"begin", begin},
                                 {"records", std::to_string(report.records)}});
  if (report.rejected > 0 || report.skip_failures > 0) {
    log_.Warn("Series were rejected or could not be judged",
              {{"promtally_job", report.job},
               {"name", report.name},
               {"begin", begin},
               {"rejected", std::to_string(report.rejected)},
               {"not_judged", std::to_string(report.skip_failures)}});
  }
}

}  // namespace promtally::collector
