// SPDX-License-Identifier: Apache-2.0
#include "web/prediction_loops.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "ledger/durable_file.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;
using collector::CycleFailure;
using collector::CycleResult;

constexpr std::size_t kThreads = 8;
constexpr std::size_t kFileBytes = 64U << 20U;
constexpr std::chrono::milliseconds kWritePause{2000};
constexpr std::size_t kErrorBytes = 500;

bool SameWork(const PredictionLoop& one, const PredictionLoop& other) {
  return one.metric.labels == other.metric.labels && one.request.queries == other.request.queries &&
         one.request.model_tag == other.request.model_tag &&
         one.request.steps_back == other.request.steps_back &&
         one.step_seconds == other.step_seconds;
}

}  // namespace

struct PredictionLoops::State : std::enable_shared_from_this<State> {
  /// A loop that runs. It is held by its timer's handler, so an old one ends by itself when another
  /// takes its name.
  struct Running {
    explicit Running(asio::io_context& loop) : timer(loop) {}
    PredictionLoop what;
    asio::steady_timer timer;
    bool ended = false;
    std::chrono::steady_clock::time_point due;
  };
  using RunningPtr = std::shared_ptr<Running>;

  explicit State(Parts its_parts) : parts(std::move(its_parts)), write_timer(*parts.loop) {}

  void Begin(PredictionLoop what, std::chrono::milliseconds wait) {
    if (const auto old = loops.find(what.key); old != loops.end()) {
      End(*old->second);
    }
    auto running = std::make_shared<Running>(*parts.loop);
    running->due = std::chrono::steady_clock::now() + wait;
    const std::string key = what.key;
    running->what = std::move(what);
    loops[key] = running;
    Wait(running);
  }

  static void End(Running& running) {
    running.ended = true;
    running.timer.cancel();
  }

  void EndAll(const std::vector<std::string>& keys, bool with_series) {
    bool any = false;
    for (const std::string& key : keys) {
      const auto found = loops.find(key);
      if (found == loops.end()) {
        continue;
      }
      End(*found->second);
      if (with_series) {
        RemovePredictions(*parts.store, found->second->what.metric, parts.clock());
      }
      loops.erase(found);
      any = true;
    }
    if (any && with_series && parts.changed) {
      parts.changed();
    }
    if (any) {
      Write([](const base::Status&) {});
    }
  }

  void Wait(const RunningPtr& running) {
    running->timer.expires_at(running->due);
    running->timer.async_wait(
        [self = shared_from_this(), running](const boost::system::error_code& error) {
          if (!error && !running->ended && !self->stopped) {
            self->Cycle(running);
          }
        });
  }

  void Cycle(const RunningPtr& running) {
    asio::post(pool, [self = shared_from_this(), running, request = running->what.request] {
      CycleResult result = self->parts.models->Predict(request);
      asio::post(*self->parts.loop,
                 [self, running, result = std::move(result)] { self->Finish(running, result); });
    });
  }

  void Finish(const RunningPtr& running, const CycleResult& result) {
    if (running->ended || stopped) {
      return;
    }
    tl::expected<void, CycleFailure> published = Publish(running->what.metric, result);
    Note(running->what, published);
    // A cycle that took longer than a step leaves out what it missed.
    const auto step = std::chrono::seconds(running->what.step_seconds);
    const auto now = std::chrono::steady_clock::now();
    running->due = std::max(running->due + step, now);
    Wait(running);
    WriteLater();
  }

  tl::expected<void, CycleFailure> Publish(const PredictionMetric& metric,
                                           const CycleResult& result) {
    if (!result) {
      return tl::unexpected(result.error());
    }
    const base::Status status = PublishPredictions(*parts.store, metric, *result, parts.clock());
    if (parts.changed) {
      parts.changed();
    }
    if (!status) {
      return tl::unexpected(CycleFailure{CycleFailure::Kind::kOther, status.error().message});
    }
    return {};
  }

  void Note(PredictionLoop& loop, const tl::expected<void, CycleFailure>& outcome) {
    if (outcome) {
      ++loop.cycles;
      loop.last_error.reset();
      loop.last_success = parts.clock();
      return;
    }
    ++loop.errors;
    if (!loop.last_error) {
      parts.log->Warn("A prediction failed",
                      {{"metric", loop.metric.name}, {"err", outcome.error().message}});
    }
    loop.last_error = outcome.error().message.substr(0, kErrorBytes);
  }

  void First(PredictionLoop what, Done done) {
    const std::size_t known = loops.contains(what.key) ? 1 : 0;
    if (loops.size() - known >= parts.max_loops) {
      done(tl::unexpected(CycleFailure{CycleFailure::Kind::kOther,
                                       "there are models.max_loops prediction loops already"}));
      return;
    }
    asio::post(pool, [self = shared_from_this(), what = std::move(what),
                      done = std::move(done)]() mutable {
      CycleResult result = self->parts.models->Predict(what.request);
      asio::post(*self->parts.loop, [self, what = std::move(what), done = std::move(done),
                                     result = std::move(result)]() mutable {
        self->FinishFirst(std::move(what), result, done);
      });
    });
  }

  void FinishFirst(PredictionLoop what, const CycleResult& result, const Done& done) {
    tl::expected<void, CycleFailure> published =
        stopped ? tl::unexpected(CycleFailure{CycleFailure::Kind::kOther, "the service stops"})
                : Publish(what.metric, result);
    if (!published) {
      parts.log->Warn("A prediction was not started",
                      {{"metric", what.metric.name}, {"err", published.error().message}});
      done(published);
      return;
    }
    Note(what, published);
    const std::chrono::seconds step(what.step_seconds);
    Begin(std::move(what), step);
    Write([done](const base::Status& status) {
      done(status ? tl::expected<void, CycleFailure>()
                  : tl::unexpected(CycleFailure{
                        CycleFailure::Kind::kOther,
                        "the loop could not be made durable: " + status.error().message}));
    });
  }

  [[nodiscard]] std::vector<const PredictionLoop*> List() const {
    std::vector<const PredictionLoop*> list;
    for (const auto& [name, running] : loops) {
      list.push_back(&running->what);
    }
    return list;
  }

  /// Counts may be a little older than the metrics after a power cut.
  void WriteLater() {
    if (std::exchange(write_pending, true)) {
      return;
    }
    write_timer.expires_after(kWritePause);
    write_timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      self->write_pending = false;
      if (!error && !self->stopped) {
        self->Write([](const base::Status&) {});
      }
    });
  }

  void Write(std::function<void(const base::Status&)> done) {
    asio::post(disk, [self = shared_from_this(), text = LoopsText(List()), done = std::move(done)] {
      const base::Status status =
          ledger::WriteDurably(self->parts.path, text, ledger::FolderOf(self->parts.path));
      if (!status) {
        self->parts.log->Error("Prediction loops", {{"err", status.error().message}});
      }
      asio::post(*self->parts.loop, [done, status] { done(status); });
    });
  }

  const Parts parts;
  std::map<std::string, RunningPtr> loops;
  asio::steady_timer write_timer;
  bool write_pending = false;
  bool stopped = false;
  asio::thread_pool disk{1};
  asio::thread_pool pool{kThreads};
};

PredictionLoops::PredictionLoops(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {}

PredictionLoops::~PredictionLoops() {
  Stop();
  state_->pool.join();
  state_->disk.join();
}

base::Status PredictionLoops::Load() {
  const std::string& path = state_->parts.path;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return {};
  }
  const base::Result<std::string> text = ledger::ReadSmallFile(path, kFileBytes);
  if (!text) {
    return tl::unexpected(text.error());
  }
  base::Result<std::vector<PredictionLoop>> loops = ReadLoops(*text);
  if (!loops) {
    std::filesystem::rename(path, path + ".damaged", error);
    return base::Fail(path + " is damaged, kept as .damaged", loops.error());
  }
  // Spread over the first seconds: a thousand loops do not ask all at once.
  std::size_t place = 0;
  for (PredictionLoop& loop : *loops) {
    const std::chrono::milliseconds wait(500 + 1000 * (place++ / kThreads));
    const std::chrono::milliseconds step = std::chrono::seconds(loop.step_seconds);
    state_->Begin(std::move(loop), std::min(wait, step));
  }
  return {};
}

void PredictionLoops::Create(PredictionLoop loop, Done done) {
  state_->First(std::move(loop), std::move(done));
}

void PredictionLoops::Ensure(PredictionLoop loop) {
  const auto known = state_->loops.find(loop.key);
  if (known != state_->loops.end() && SameWork(known->second->what, loop)) {
    return;
  }
  if (known == state_->loops.end() && state_->loops.size() >= state_->parts.max_loops) {
    state_->parts.log->Warn("A prediction was not started",
                            {{"metric", loop.metric.name}, {"err", "models.max_loops is reached"}});
    return;
  }
  // The loops of many nodes do not ask all at once.
  const std::chrono::milliseconds wait(250 * (state_->loops.size() / kThreads));
  state_->Begin(std::move(loop), wait);
  state_->WriteLater();
}

void PredictionLoops::Remove(const std::vector<std::string>& keys) { state_->EndAll(keys, false); }

void PredictionLoops::RemoveWithSeries(const std::vector<std::string>& keys) {
  state_->EndAll(keys, true);
}

std::vector<const PredictionLoop*> PredictionLoops::List() const { return state_->List(); }

void PredictionLoops::Stop() {
  if (std::exchange(state_->stopped, true)) {
    return;
  }
  state_->parts.models->Stop();
  state_->write_timer.cancel();
  for (const auto& [name, running] : state_->loops) {
    running->timer.cancel();
  }
  // The file is written on its thread, before the destructor's join is through.
  state_->Write([](const base::Status&) {});
}

}  // namespace promtally::web
