// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "collector/event_log.h"
#include "collector/model_training.h"
#include "promtally/base/result.h"

namespace boost::asio {
class io_context;
}

namespace promtally::web {

/// Trainings, one after the other on a thread of low priority of their own, with a queue that has
/// an end. Finished ones are remembered, those of a model up to its max_mlruns_count.
///
/// Threads: the loop's. Loop and log outlive it. What runs when the service stops is given up.
class TrainingJobs {
 public:
  struct Parts {
    boost::asio::io_context* loop = nullptr;
    std::shared_ptr<collector::ModelService> models;
    const collector::EventLog* log = nullptr;
    std::size_t queue = 10;
    /// A training has ended well.
    std::function<void(const collector::TrainingRequest&, const collector::TrainingResult&)>
        trained;
  };

  explicit TrainingJobs(Parts parts);
  ~TrainingJobs();
  TrainingJobs(const TrainingJobs&) = delete;
  TrainingJobs& operator=(const TrainingJobs&) = delete;

  /// The job's id; nullopt: the queue is full.
  [[nodiscard]] std::optional<std::string> Add(collector::TrainingRequest request);
  /// `{"id","kind","state","progress","result","error"}`; nullopt: no such job.
  [[nodiscard]] std::optional<std::string> JobJson(const std::string& id) const;
  void Stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace promtally::web
