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
/// an end. Finished ones are remembered, those of a model up to its max_mlruns_count, in a file
/// that outlives the process. What was not over when the process ended has failed, with the reason.
///
/// Threads: the loop's. Loop and log outlive it. What runs when the service stops is interrupted.
class TrainingJobs {
 public:
  struct Parts {
    boost::asio::io_context* loop = nullptr;
    std::shared_ptr<collector::ModelService> models;
    const collector::EventLog* log = nullptr;
    std::size_t queue = 10;
    std::string path;  ///< of the file that keeps them; empty: none
    /// A training has ended well.
    std::function<void(const collector::TrainingRequest&, const collector::TrainingResult&)>
        trained;
  };

  explicit TrainingJobs(Parts parts);
  ~TrainingJobs();
  TrainingJobs(const TrainingJobs&) = delete;
  TrainingJobs& operator=(const TrainingJobs&) = delete;

  /// Remembers the jobs of the last run. Once, before Add.
  [[nodiscard]] base::Status Load();

  struct Added {
    std::string id;
    std::function<void()> keep;  ///< makes it durable, on any thread; waits for the disk
  };
  /// nullopt: the queue is full.
  [[nodiscard]] std::optional<Added> Add(collector::TrainingRequest request);
  /// `{"id","kind","state","progress","result","error"}`; nullopt: no such job.
  [[nodiscard]] std::optional<std::string> JobJson(const std::string& id) const;
  void Stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace promtally::web
