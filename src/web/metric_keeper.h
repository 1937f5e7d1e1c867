// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exposition/metric_store.h"
#include "promtally/base/time.h"
#include "web/http.h"

namespace boost::asio {
class io_context;
}

namespace promtally::web {

/// Keeps the store of the metrics made over HTTP durable and tidy: its journal is synced within
/// `sync` of a change (0: before the change is answered), series whose time is over are removed,
/// and a journal that has grown is written anew in small steps.
///
/// Threads: the loop's; disks are waited for on a thread of its own. Store and loop must outlive
/// it.
class MetricKeeper {
 public:
  struct Options {
    base::Milliseconds sync{1000};
    std::function<base::Instant()> clock;
    std::function<void(const std::string& problem)> warn;
  };

  MetricKeeper(boost::asio::io_context& loop, exposition::MetricStore& store, Options options);
  /// Waits for a sync that is under way, and syncs once more.
  ~MetricKeeper();
  MetricKeeper(const MetricKeeper&) = delete;
  MetricKeeper& operator=(const MetricKeeper&) = delete;

  void Start();
  void Stop();

  /// The store was changed by nobody who waits for an answer.
  void Changed();

  /// Answers a change that the store has taken: `response` itself, or one that comes when the
  /// change is on the disk (503 when it cannot be brought there).
  [[nodiscard]] Response Acknowledge(Response response);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace promtally::web
