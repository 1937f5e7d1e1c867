// SPDX-License-Identifier: Apache-2.0
#include "web/metric_keeper.h"

#include <chrono>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "web/router.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;

// How often ended series are looked for, and how soon a copy's next step follows.
constexpr std::chrono::milliseconds kTidyPause{1000};
constexpr std::chrono::milliseconds kCopyPause{5};

}  // namespace

struct MetricKeeper::State : std::enable_shared_from_this<State> {
  struct Waiting {
    std::shared_ptr<Deferral> later;
    Response response;
  };

  State(asio::io_context& its_loop, exposition::MetricStore& its_store, Options its_options)
      : loop(its_loop),
        store(its_store),
        options(std::move(its_options)),
        sync_timer(its_loop),
        tidy_timer(its_loop) {}

  void Tidy() {
    if (stopped) {
      return;
    }
    if (store.Expire(options.clock()) > 0) {
      Changed();
    }
    const auto copy = store.CompactStep();
    if (copy == exposition::MetricStore::CopyState::kWaitingForSync) {
      Sync();
    } else if (copy == exposition::MetricStore::CopyState::kFailed) {
      options.warn("the journal could not be written anew, and goes on growing");
    }
    tidy_timer.expires_after(copy == exposition::MetricStore::CopyState::kWriting ? kCopyPause
                                                                                  : kTidyPause);
    tidy_timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) {
        self->Tidy();
      }
    });
  }

  /// Something is in the journal that is not on the disk.
  void Changed() {
    if (std::exchange(dirty, true) || options.sync.count() == 0) {
      return;
    }
    sync_timer.expires_after(options.sync);
    sync_timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) {
        self->Sync();
      }
    });
  }

  /// One sync at a time: what changes meanwhile waits for the next one.
  void Sync() {
    if (std::exchange(syncing, true)) {
      sync_again = true;
      return;
    }
    dirty = false;
    sync_again = false;
    asio::post(disk, [self = shared_from_this(), waiting = std::exchange(waiting_, {})]() mutable {
      const base::Status status = self->store.Sync();
      asio::post(self->loop,
                 [self, status, waiting = std::move(waiting)] { self->Synced(status, waiting); });
    });
  }

  void Synced(const base::Status& status, const std::vector<Waiting>& waiting) {
    syncing = false;
    if (!status && !stopped) {
      options.warn(status.error().message);
    }
    for (const Waiting& one : waiting) {
      one.later->Resolve(status ? one.response
                                : ErrorResponse(ErrorStyle::kProblem, 503,
                                                "the change could not be made durable: " +
                                                    status.error().message));
    }
    if (sync_again || !waiting_.empty()) {
      Sync();
    }
  }

  asio::io_context& loop;
  exposition::MetricStore& store;
  const Options options;
  asio::thread_pool disk{1};
  asio::steady_timer sync_timer;
  asio::steady_timer tidy_timer;
  std::vector<Waiting> waiting_;
  bool dirty = false;
  bool syncing = false;
  bool sync_again = false;
  bool stopped = false;
};

MetricKeeper::MetricKeeper(asio::io_context& loop, exposition::MetricStore& store, Options options)
    : state_(std::make_shared<State>(loop, store, std::move(options))) {}

MetricKeeper::~MetricKeeper() {
  Stop();
  state_->disk.join();
  static_cast<void>(state_->store.Sync());
}

void MetricKeeper::Start() { state_->Tidy(); }

void MetricKeeper::Stop() {
  state_->stopped = true;
  state_->sync_timer.cancel();
  state_->tidy_timer.cancel();
}

void MetricKeeper::Changed() {
  if (state_->options.sync.count() > 0) {
    state_->Changed();
  } else {
    state_->Sync();
  }
}

Response MetricKeeper::Acknowledge(Response response) {
  if (state_->options.sync.count() > 0) {
    state_->Changed();
    return response;
  }
  Response promise;
  promise.later = std::make_shared<Deferral>();
  state_->waiting_.push_back({promise.later, std::move(response)});
  state_->Sync();
  return promise;
}

}  // namespace promtally::web
