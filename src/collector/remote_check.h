// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "collector/event_log.h"
#include "inference/remote_model.h"
#include "promtally/config/remote_model.h"

namespace promtally::collector {

/// Asks every model of `models.remote` for readiness and metadata when a service starts, so that a
/// wrong name or tensor is in the log before the first prediction. A model that is not as it should
/// be is a warning, and is asked again with growing pauses until it is; nothing waits for it, and
/// predictions ask for themselves. A thread of its own; the log outlives it.
class RemoteCheck {
 public:
  RemoteCheck(const std::vector<config::RemoteModelSettings>& models, const EventLog* log);
  ~RemoteCheck();
  RemoteCheck(const RemoteCheck&) = delete;
  RemoteCheck& operator=(const RemoteCheck&) = delete;

  /// Ends what is under way.
  void Stop();

 private:
  using ModelPtr = std::unique_ptr<inference::RemoteModel>;

  void Run(std::vector<const inference::RemoteModel*> waiting);
  [[nodiscard]] bool Ask(const inference::RemoteModel& model) const;

  std::vector<ModelPtr> models_;  // fixed after construction
  const EventLog& log_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace promtally::collector
