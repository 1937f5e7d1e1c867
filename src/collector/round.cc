// SPDX-License-Identifier: Apache-2.0
#include "collector/round.h"

#include <deque>
#include <utility>

#include <boost/asio/post.hpp>

#include "collector/round_source.h"

namespace promtally::collector {

namespace {

using base::Instant;
using ledger::PeriodState;

class RoundRun : public Round {
 public:
  RoundRun(RoundContext context, RoundScope scope, std::function<void(RoundReport)> done)
      : context_(std::move(context)), scope_(std::move(scope)), done_(std::move(done)) {}

  void Begin() {
    for (const auto& [name, gate] : context_.gates) {
      gate->NewRun();
    }
    OnLedger<RoundPlan>(
        [catalogue = context_.catalogue, scope = scope_, now = Now(context_)](auto& ledger) {
          return PlanRound(ledger, catalogue.get(), scope, now);
        },
        [](RoundRun& self, RoundPlan plan) { self.OnPlanned(std::move(plan)); });
  }

  void Stop() override {
    if (done_ == nullptr || stopping_) {
      return;
    }
    report_.stopped = true;
    AskNoMore();
    MaybeFinish();
  }

 private:
  /// Runs `work` on the ledger thread and `then` with its value back on the loop; an error ends the
  /// round.
  template <typename T, typename Work, typename Then>
  void OnLedger(Work work, Then then) {
    ++on_ledger_;
    context_.ledger->Post([self = Self(), work = std::move(work), then](auto& ledger) {
      auto result = std::make_shared<base::Result<T>>(work(ledger));
      boost::asio::post(*self->context_.loop, [self, result, then] {
        if (!*result) {
          self->FailLedger(result->error());
        } else {
          then(*self, *std::move(*result));
        }
        --self->on_ledger_;  // last: an observer that stops the round does not cut its report
        self->MaybeFinish();
      });
    });
  }

  std::shared_ptr<RoundRun> Self() {
    return std::static_pointer_cast<RoundRun>(shared_from_this());
  }

  void FailLedger(const base::Error& error) {
    if (!report_.ledger_error) {
      report_.ledger_error = error;
    }
    AskNoMore();
  }

  void AskNoMore() {
    stopping_ = true;
    for (const auto& [name, gate] : context_.gates) {
      gate->Abandon();
    }
    for (auto& [name, run] : sources_) {
      run.probe.reset();  // who waits for it holds this round
    }
  }

  // --- plan and servers

  void OnPlanned(RoundPlan plan) {
    report_.waiting = plan.waiting;
    report_.next_retry = plan.next_retry;
    report_.left_failed = plan.left_failed;
    if (plan.items.empty() || stopping_) {
      planned_ = true;
      return;
    }
    plan_ = std::move(plan);
    for (const WorkItem& item : plan_.items) {
      const std::string& name = JobOf(item).settings.source;
      sources_[name].gate = context_.gates.at(name);
    }
    unidentified_ = sources_.size();
    for (auto& [name, run] : sources_) {
      if (stopping_) {
        return;
      }
      run.gate->Identify([self = Self(), name = name](const source::ServerIdentity& identity) {
        self->OnIdentified(name, identity);
      });
    }
  }

  void OnIdentified(const std::string& name, const source::ServerIdentity& identity) {
    SourceRun& run = sources_.at(name);
    const Instant local = context_.clock();
    const base::Milliseconds behind = run.gate->ClockBehind(local);
    run.identity = identity;
    run.now = local - behind;
    if (context_.observer != nullptr) {
      context_.observer->OnServer(name, identity, behind);
    }
    if (--unidentified_ == 0 && !stopping_) {
      RecordServers();
    }
    MaybeFinish();
  }

  void RecordServers() {
    RoundFactsRequest request;
    for (const auto& [name, run] : sources_) {
      request.servers[name] = {run.identity, run.now, run.gate->completeness().listed(), {}};
    }
    for (const WorkItem& item : plan_.items) {
      request.AddJob(JobOf(item));
    }
    request.range = scope_.reread ? std::nullopt : scope_.range;
    request.now = context_.clock();
    OnLedger<std::map<std::string, SourceFacts>>(
        [request = std::move(request)](auto& ledger) { return RecordRound(ledger, request); },
        [](RoundRun& self, const std::map<std::string, SourceFacts>& facts) {
          self.StartTasks(facts);
        });
  }

  void StartTasks(const std::map<std::string, SourceFacts>& facts) {
    std::size_t tasks = 0;
    for (WorkItem& item : plan_.items) {
      const CatalogueJob& job = JobOf(item);
      SourceRun& run = sources_.at(job.settings.source);
      const bool due =
          scope_.range || metering::DueAt(job.settings.schedule, item.period.begin) <= run.now;
      if (due) {
        run.waiting.push_back(MakeTask(job, std::move(item)));
        ++tasks;
      }
    }
    plan_.items.clear();
    planned_ = true;
    if (context_.observer != nullptr) {
      context_.observer->OnPlanned(tasks);
    }
    for (auto& [name, run] : sources_) {
      if (stopping_) {
        return;
      }
      run.Begin(facts.at(name), [self = weak_from_this(), name = name](metering::Period period,
                                                                       std::int64_t samples) {
        if (const auto round = std::static_pointer_cast<RoundRun>(self.lock())) {
          round->RecordCoverage(name, period, samples);
        }
      });
      if (!run.waiting.empty()) {
        run.probe->LookForUp(run.waiting.front()->item.period, [self = Self(), source = name] {
          // It may have taken the only place there is.
          self->Pump(source);
          self->MaybeFinish();
        });
      }
      Pump(name);
    }
  }

  void RecordCoverage(const std::string& source, metering::Period period, std::int64_t samples) {
    OnLedger<bool>(
        [source, period, samples](auto& ledger) -> base::Result<bool> {
          auto status = ledger.RecordCoverage(source, period, samples);
          return status ? base::Result<bool>(true) : tl::unexpected(status.error());
        },
        [](RoundRun&, bool) {});
  }

  // --- fetching

  void Pump(const std::string& source) {
    SourceRun& run = sources_.at(source);
    if (const auto refusal = run.gate->Refusal(); refusal && !stopping_ && !run.waiting.empty()) {
      GiveUp(&run, *refusal);
    }
    // One is always on its way, even behind what others asked the gate: its end pumps again.
    while (!stopping_ && !run.waiting.empty() && run.undecided < kFetchedAhead &&
           (run.undecided == 0 || run.gate->HasRoom())) {
      TaskPtr task = std::move(run.waiting.front());
      run.waiting.pop_front();
      ++run.undecided;
      turns_[task->spec_id].push_back(task);
      StartFetch(task);
    }
  }

  void StartFetch(const TaskPtr& task) {
    SourceRun& run = sources_.at(task->source);
    task->ready = false;
    task->server_id = run.server_id;
    if (task->spec == nullptr) {
      OnFetched(task, UnreadableVersion());
      return;
    }
    FetchRequest request = RequestOf(task.get(), run.identity);
    request.batch = SpecOf(task->item).batch;
    request.on_room = [self = Self(), source = task->source] { self->Pump(source); };
    Fetch(run.gate, std::move(request),
          [self = Self(), task](FetchResult result) { self->OnFetched(task, std::move(result)); });
    if (task->facts.min_coverage > 0 && !run.gate->given_up()) {
      run.probe->Ask(task->item.period, [] {});  // beside the query, not behind it
    }
  }

  void OnFetched(const TaskPtr& task, FetchResult result) {
    if (stopping_) {
      return;
    }
    SpecOf(task->item).batch = result.batch;
    task->fetched = std::move(result);
    UpProbe& probe = *sources_.at(task->source).probe;
    bool empty = !task->fetched.failure && task->fetched.rejected.empty();
    for (const metering::ScopedAnswer& scoped : task->fetched.answers) {
      empty = empty && scoped.answer.size() == 0;
    }
    if (empty) {
      probe.Explain(task->item.period, [self = Self(), task](const UpProbe::Finding& finding) {
        task->facts.source_went_silent = finding.went_silent;
        task->facts.before_oldest_data = finding.before_oldest_data;
        self->Ready(task);
      });
    } else if (!task->fetched.failure && task->facts.min_coverage > 0) {
      probe.Ask(task->item.period, [self = Self(), task] { self->Ready(task); });
    } else {
      Ready(task);
    }
    Pump(task->source);
  }

  /// The source is gone or lacks data: what was not asked stays open, in one transaction.
  void GiveUp(SourceRun* run, const source::QueryFailure& why) {
    const std::vector<TaskPtr> tasks(run->waiting.begin(), run->waiting.end());
    run->waiting.clear();
    OnLedger<std::vector<PeriodReport>>(
        [tasks, why, now = run->now](auto& ledger) {
          return LeaveUnasked(ledger, tasks, why, now);
        },
        [](RoundRun& self, const std::vector<PeriodReport>& reports) {
          for (const PeriodReport& report : reports) {
            self.Report(report);
          }
        });
  }

  // --- deciding, in period order for each spec

  void Ready(const TaskPtr& task) {
    task->up_samples = sources_.at(task->source).probe->SamplesOf(task->item.period);
    task->ready = true;
    SettleFirst(task->spec_id);
  }

  void SettleFirst(std::int64_t spec_id) {
    auto& turn = turns_[spec_id];
    if (stopping_ || turn.empty() || !turn.front()->ready) {
      return;
    }
    const TaskPtr task = turn.front();
    task->ready = false;  // being settled
    task->facts.now = sources_.at(task->source).now;
    OnLedger<Settlement>([task](auto& ledger) { return SettlePeriod(ledger, task.get()); },
                         [task](RoundRun& self, Settlement settlement) {
                           self.OnSettled(task, std::move(settlement));
                         });
  }

  void OnSettled(const TaskPtr& task, Settlement settlement) {
    if (settlement.asks_data_at) {
      AskHistory(task, *settlement.asks_data_at);
      return;
    }
    if (settlement.retry_with_newest) {
      UseVersion(task.get(), SpecOf(task->item), SpecOf(task->item).newest().id);
      if (!stopping_) {
        StartFetch(task);
      }
      return;
    }
    turns_[task->spec_id].pop_front();
    --sources_.at(task->source).undecided;
    task->fetched = {};
    if (settlement.recompute) {
      Recompute(*std::move(settlement.recompute), task->source);
    }
    if (settlement.reread) {
      ReportReread(*std::move(settlement.reread));
    } else {
      Report(settlement.report);
    }
    SettleFirst(task->spec_id);
    Pump(task->source);
  }

  /// Whether the server has data of that time or before it.
  void AskHistory(const TaskPtr& task, Instant time) {
    if (stopping_) {
      return;
    }
    sources_.at(task->source)
        .gate->HasDataUpTo(time, [self = Self(), task, time](std::optional<bool> known) {
          task->has_data[time] = known;
          self->Ready(task);
        });
  }

  /// Puts an answered period behind the one that changed what it builds on, unless it is to be
  /// asked anyway.
  void Recompute(WorkItem item, const std::string& source) {
    SourceRun& run = sources_.at(source);
    const auto& turn = turns_[SpecOf(item).stored.id];
    if (IsAmong(item, run.waiting) || IsAmong(item, turn)) {
      return;
    }
    const CatalogueJob& job = JobOf(item);
    run.waiting.push_front(MakeTask(job, std::move(item)));
  }

  void ReportReread(RereadReport report) {
    if (context_.observer != nullptr) {
      context_.observer->OnReread(report);
    }
    report_.rereads.push_back(std::move(report));
  }

  void Report(const PeriodReport& report) {
    if (context_.observer != nullptr) {
      context_.observer->OnPeriod(report);
    }
    report_.periods.push_back(report);
  }

  void MaybeFinish() {
    bool busy = on_ledger_ > 0;
    if (!stopping_) {
      busy = busy || !planned_;
      for (const auto& [name, run] : sources_) {
        busy =
            busy || run.undecided > 0 || !run.waiting.empty() || (run.probe && run.probe->busy());
      }
    }
    if (busy || done_ == nullptr) {
      return;
    }
    for (const auto& [name, run] : sources_) {
      report_.any_source_reached = report_.any_source_reached || run.gate->reached();
    }
    const auto done = std::exchange(done_, nullptr);
    boost::asio::post(*context_.loop,
                      [done, report = std::make_shared<RoundReport>(std::move(report_))] {
                        done(std::move(*report));
                      });
  }

  CatalogueJob& JobOf(const WorkItem& item) { return context_.catalogue->jobs[item.job]; }
  CatalogueSpec& SpecOf(const WorkItem& item) { return JobOf(item).specs[item.spec]; }

  RoundContext context_;
  RoundScope scope_;
  std::function<void(RoundReport)> done_;
  RoundPlan plan_;
  RoundReport report_;
  std::map<std::string, SourceRun> sources_;
  std::map<std::int64_t, std::deque<TaskPtr>> turns_;  // by spec: periods asked, in order
  std::size_t unidentified_ = 0;
  int on_ledger_ = 0;
  bool planned_ = false;
  bool stopping_ = false;
};

}  // namespace

std::shared_ptr<Round> Round::Start(RoundContext context, RoundScope scope,
                                    std::function<void(RoundReport)> done) {
  auto round = std::make_shared<RoundRun>(std::move(context), scope, std::move(done));
  round->Begin();
  return round;
}

}  // namespace promtally::collector
