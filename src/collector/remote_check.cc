// SPDX-License-Identifier: Apache-2.0
#include "collector/remote_check.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace promtally::collector {
namespace {

constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{600};

}  // namespace

RemoteCheck::RemoteCheck(const std::vector<config::RemoteModelSettings>& models,
                         const EventLog* log)
    : log_(*log) {
  std::vector<const inference::RemoteModel*> waiting;
  for (const config::RemoteModelSettings& settings : models) {
    models_.push_back(std::make_unique<inference::RemoteModel>(settings));
    waiting.push_back(models_.back().get());
  }
  if (!waiting.empty()) {
    thread_ = std::thread([this, waiting] { Run(waiting); });
  }
}

RemoteCheck::~RemoteCheck() {
  Stop();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void RemoteCheck::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  for (const ModelPtr& model : models_) {
    model->Stop();
  }
}

void RemoteCheck::Run(std::vector<const inference::RemoteModel*> waiting) {
  std::chrono::seconds pause = kFirstPause;
  while (!waiting.empty()) {
    std::erase_if(waiting, [this](const auto* model) { return Ask(*model); });
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, pause, [this] { return stopped_; })) {
      return;
    }
    pause = std::min(2 * pause, kLongestPause);
  }
}

/// True when the model is as the settings say.
bool RemoteCheck::Ask(const inference::RemoteModel& model) const {
  const std::string& name = model.settings().name;
  const auto description = model.Describe();
  if (!description) {
    if (description.error().code != base::ErrorCode::kCancelled) {
      log_.Warn("A remote model cannot be used yet",
                {{"model", name}, {"err", description.error().message}});
    }
    return false;
  }
  for (const std::string& warning : description->warnings) {
    log_.Warn("A remote model", {{"model", name}, {"warning", warning}});
  }
  log_.Info("A remote model is ready", {{"model", name}});
  return true;
}

}  // namespace promtally::collector
