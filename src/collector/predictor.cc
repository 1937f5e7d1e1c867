// SPDX-License-Identifier: Apache-2.0
#include "collector/predictor.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <set>
#include <utility>

#include <boost/asio/post.hpp>

#include "collector/model_run.h"

namespace promtally::collector {

using metering::ModelBlock;
using metering::OnModelError;

/// A prediction on its way from thread to thread; one of them has it at a time.
struct PredictionAtHand {
  PredictionTask task;
  std::vector<ledger::UsageWindow> windows;
  ModelRun run;
  std::optional<base::Error> error;         ///< of the model or its input
  std::optional<base::Error> ledger_error;  ///< nothing was written
};

namespace {

constexpr base::Milliseconds kFirstRetry = std::chrono::seconds(1);
constexpr base::Milliseconds kLongestRetry = std::chrono::hours(1);

base::Instant NextRetry(base::Instant now, int attempts) {
  base::Milliseconds pause = kFirstRetry;
  for (int i = 0; i < attempts && pause < kLongestRetry; ++i) {
    pause *= 2;
  }
  return now + std::min(pause, kLongestRetry);
}

/// What is committed of one part, but for the period's result.
ledger::PeriodCommit CommitOf(const PredictionAtHand& at_hand, const ledger::Spec& spec,
                              base::Instant now) {
  const ModelBlock& block = at_hand.task.prediction.block;
  ledger::PeriodCommit commit;
  commit.spec_id = spec.id;
  commit.period = OutputPeriod(block, at_hand.task.input);
  commit.version_id = ledger::VersionFor(spec, at_hand.task.input.begin).id;
  commit.kind = metering::UsageKind::kPredicted;
  commit.committed_at = now;
  commit.attempts = at_hand.task.attempts + 1;
  commit.prediction = {at_hand.run.model, at_hand.run.version, at_hand.task.input.end,
                       DigestOf(at_hand.windows), now};
  return commit;
}

/// What was asked, of whom.
std::string EvidenceText(const PredictionAtHand& at_hand) {
  const ModelBlock& block = at_hand.task.prediction.block;
  const std::string back = std::to_string(block.steps_back) + " ";
  return "model " + at_hand.run.model + ", " + back +
         (block.input ? "steps of " + std::to_string(block.input->step.count()) + "s" : "periods") +
         " back, " + std::to_string(block.horizon) + " ahead" +
         (block.input ? ": " + InputQuery(*block.input, at_hand.task.scope_key) : "");
}

base::Status CommitParts(ledger::Ledger& ledger, const PredictionAtHand& at_hand,
                         base::Instant now) {
  auto server = ledger.RecordServer("model " + at_hand.run.model, at_hand.run.type,
                                    at_hand.run.version, std::nullopt, now);
  if (!server) {
    return tl::unexpected(server.error());
  }
  for (const auto& [part, spec] : at_hand.task.prediction.outputs) {
    ledger::PeriodCommit commit = CommitOf(at_hand, spec, now);
    const auto period =
        MakePeriod(ledger::VersionFor(spec, at_hand.task.input.begin), at_hand.task.scope_key, part,
                   at_hand.windows, at_hand.run.output);
    commit.context = &period->context;
    commit.result = &period->result;
    ledger::QueryEvidence evidence;
    evidence.text = EvidenceText(at_hand);
    evidence.time = commit.period.end;
    evidence.server_id = *server;
    evidence.series = period->result.series_answered;
    commit.queries.push_back(std::move(evidence));
    if (auto receipt = ledger.Commit(commit); !receipt) {
      return tl::unexpected(receipt.error());
    }
  }
  return {};
}

/// Leaves a note of what failed: open where it is tried again, failed where not.
base::Status NoteFailure(ledger::Ledger& ledger, const PredictionAtHand& at_hand,
                         base::Instant now) {
  const ModelBlock& block = at_hand.task.prediction.block;
  const bool is_held = block.on_error == OnModelError::kHold;
  for (const auto& [part, spec] : at_hand.task.prediction.outputs) {
    ledger::PeriodEntry entry;
    entry.spec_id = spec.id;
    entry.version_id = ledger::VersionFor(spec, at_hand.task.input.begin).id;
    entry.period = OutputPeriod(block, at_hand.task.input);
    entry.state = is_held ? ledger::PeriodState::kOpen : ledger::PeriodState::kFailed;
    entry.reason = "model_error";
    entry.detail = at_hand.error->message;
    entry.attempts = at_hand.task.attempts + 1;
    if (is_held) {
      entry.next_retry = NextRetry(now, at_hand.task.attempts);
    }
    if (auto status = ledger.RecordAttempt(entry); !status) {
      return status;
    }
  }
  return {};
}

/// All parts in one transaction, or the note of a failure. Ledger thread.
void Write(ledger::Ledger& ledger, PredictionAtHand* at_hand, base::Instant now) {
  const auto status = ledger.Atomically([&] {
    return at_hand->error ? NoteFailure(ledger, *at_hand, now) : CommitParts(ledger, *at_hand, now);
  });
  if (!status) {
    at_hand->ledger_error = status.error();
  }
}

PredictionReport ReportOf(const PredictionAtHand& at_hand) {
  PredictionReport report;
  report.job = at_hand.task.job;
  report.name = at_hand.task.prediction.block.name;
  for (const auto& [part, spec] : at_hand.task.prediction.outputs) {
    report.spec_ids.push_back(spec.id);
  }
  report.input = at_hand.task.input;
  report.model = at_hand.run.model;
  report.series = at_hand.run.output.series.size();
  report.not_predicted = at_hand.run.output.not_predicted.size();
  report.error = at_hand.error ? at_hand.error->message : std::string();
  return report;
}

}  // namespace

/// One pass over what is to be predicted. Keeps itself alive until it is done; Predict is on the
/// models' thread, all else on the loop.
class PredictionRun : public std::enable_shared_from_this<PredictionRun> {
 public:
  struct Context {
    boost::asio::io_context* loop = nullptr;
    LedgerThread* ledger = nullptr;
    std::shared_ptr<boost::asio::io_context> queue;
    Predictor::Inputs inputs;
    std::function<base::Instant()> clock;
  };

  PredictionRun(Context context, std::function<void(PredictionsReport)> done)
      : context_(std::move(context)), done_(std::move(done)) {}

  void Start(const std::shared_ptr<const Catalogue>& catalogue,
             const std::optional<metering::Period>& range) {
    context_.ledger->Post(
        [self = shared_from_this(), catalogue, range, now = context_.clock()](auto& ledger) {
          auto plan = std::make_shared<base::Result<PredictionPlan>>(
              PlanPredictions(ledger, *catalogue, range, now));
          boost::asio::post(*self->context_.loop, [self, plan] { self->OnPlanned(*plan); });
        });
  }

  void Stop() { stopped_ = true; }

 private:
  void OnPlanned(const base::Result<PredictionPlan>& plan) {
    if (plan) {
      tasks_.assign(plan->tasks.begin(), plan->tasks.end());
      report_.next_retry = plan->next_retry;
    } else {
      report_.ledger_error = plan.error();
    }
    Next();
  }

  void Next() {
    while (!tasks_.empty() && waiting_.contains(tasks_.front().value().id)) {
      tasks_.pop_front();
    }
    if (stopped_ || report_.ledger_error || tasks_.empty()) {
      std::exchange(done_, nullptr)(std::move(report_));
      return;
    }
    auto at_hand = std::make_shared<PredictionAtHand>();
    at_hand->task = std::move(tasks_.front());
    tasks_.pop_front();
    if (at_hand->task.prediction.block.input) {
      boost::asio::post(*context_.queue,
                        [self = shared_from_this(), at_hand] { self->Predict(at_hand); });
      return;
    }
    context_.ledger->Post([self = shared_from_this(), at_hand](auto& ledger) {
      const PredictionTask& task = at_hand->task;
      auto windows =
          ledger.Windows(task.measured_id, WindowPeriods(task.prediction.block, task.input));
      if (windows) {
        at_hand->windows = *std::move(windows);
      } else {
        at_hand->ledger_error = windows.error();
      }
      boost::asio::post(*self->context_.queue, [self, at_hand] { self->Predict(at_hand); });
    });
  }

  void Predict(const std::shared_ptr<PredictionAtHand>& at_hand) {
    if (!at_hand->ledger_error) {
      auto status = AskRange(at_hand.get());
      if (status) {
        status = RunModel(*context_.inputs.models, at_hand->task.prediction.block, at_hand->windows,
                          &at_hand->run);
      }
      if (!status && status.error().code == base::ErrorCode::kCancelled) {
        // Given up by Stop, not by the model: nothing is said of the period, it is made later.
        boost::asio::post(*context_.loop, [self = shared_from_this()] { self->Next(); });
        return;
      }
      if (!status) {
        at_hand->error = status.error();
      }
    }
    context_.ledger->Post(
        [self = shared_from_this(), at_hand, now = context_.clock()](auto& ledger) {
          if (!at_hand->ledger_error) {
            Write(ledger, at_hand.get(), now);
          }
          boost::asio::post(*self->context_.loop,
                            [self, at_hand, now] { self->OnWritten(*at_hand, now); });
        });
  }

  /// The windows of a block that does not look at usage.
  base::Status AskRange(PredictionAtHand* at_hand) {
    const PredictionTask& task = at_hand->task;
    const auto& input = task.prediction.block.input;
    if (!input) {
      return {};
    }
    auto windows =
        context_.inputs.ranges->Ask({task.source, &*input, task.prediction.block.steps_back,
                                     task.scope_key, task.filter, task.input.end});
    if (!windows) {
      return tl::unexpected(windows.error());
    }
    at_hand->windows = *std::move(windows);
    return {};
  }

  void OnWritten(const PredictionAtHand& at_hand, base::Instant now) {
    report_.ledger_error = at_hand.ledger_error;
    if (!at_hand.ledger_error) {
      report_.predictions.push_back(ReportOf(at_hand));
      if (at_hand.error && at_hand.task.prediction.block.on_error == OnModelError::kHold) {
        waiting_.insert(at_hand.task.value().id);
        const base::Instant retry = NextRetry(now, at_hand.task.attempts);
        report_.next_retry = std::min(report_.next_retry.value_or(retry), retry);
      }
    }
    Next();
  }

  const Context context_;
  std::function<void(PredictionsReport)> done_;
  std::deque<PredictionTask> tasks_;
  std::set<std::int64_t> waiting_;  // outputs of which a period is held: later ones wait
  PredictionsReport report_;
  bool stopped_ = false;
};

Predictor::Predictor(boost::asio::io_context* loop, LedgerThread* ledger, Inputs inputs,
                     std::function<base::Instant()> clock)
    : loop_(loop),
      ledger_(ledger),
      inputs_(std::move(inputs)),
      clock_(std::move(clock)),
      queue_(std::make_shared<Queue>(1)),
      guard_(queue_->get_executor()),
      thread_([queue = queue_] { queue->run(); }) {}

Predictor::~Predictor() {
  inputs_.ranges->Stop();
  inputs_.models->Stop();
  guard_.reset();
  queue_->stop();
  thread_.join();
}

void Predictor::Run(const std::shared_ptr<const Catalogue>& catalogue,
                    const std::optional<metering::Period>& range,
                    std::function<void(PredictionsReport)> done) {
  const auto run = std::make_shared<PredictionRun>(
      PredictionRun::Context{loop_, ledger_, queue_, inputs_, clock_}, std::move(done));
  run_ = run;
  run->Start(catalogue, range);
}

void Predictor::Stop() {
  if (const auto run = run_.lock()) {
    run->Stop();
    inputs_.ranges->Stop();
    inputs_.models->Stop();
  }
}

}  // namespace promtally::collector
