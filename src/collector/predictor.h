// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "collector/ledger_thread.h"
#include "collector/prediction_plan.h"
#include "collector/range_windows.h"
#include "inference/model_catalog.h"

namespace promtally::collector {

/// What became of one prediction.
struct PredictionReport {
  std::string job;
  std::string name;
  std::vector<std::int64_t> spec_ids;  ///< of all parts of the output
  metering::Period input;
  std::string model;
  std::size_t series = 0;
  std::size_t not_predicted = 0;
  std::string error;  ///< empty: made (or made before)
};

struct PredictionsReport {
  std::vector<PredictionReport> predictions;
  std::optional<base::Instant> next_retry;  ///< of what is held
  std::optional<base::Error> ledger_error;
};

/// Makes the predictions of committed usage, one after the other: windows are read on the ledger
/// thread, those of range queries and models run on a thread of their own, so that neither commits
/// nor scrapes wait for one. Loop thread only. Destruction gives up what is under way: nothing of
/// it is committed.
class Predictor {
 public:
  /// What predictions are made of beside the ledger; both are stopped with the predictor.
  struct Inputs {
    std::shared_ptr<inference::ModelCatalog> models;
    std::shared_ptr<RangeWindows> ranges;
  };
  Predictor(boost::asio::io_context* loop, LedgerThread* ledger, Inputs inputs,
            std::function<base::Instant()> clock);
  ~Predictor();
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;

  /// Predicts what PlanPredictions finds; `done` comes once, on the loop. One run at a time.
  void Run(const std::shared_ptr<const Catalogue>& catalogue,
           const std::optional<metering::Period>& range,
           std::function<void(PredictionsReport)> done);
  /// Ends the running one after the prediction at hand; neither a source nor a remote model is
  /// waited for.
  void Stop();
  [[nodiscard]] bool is_running() const { return !run_.expired(); }

 private:
  using Queue = boost::asio::io_context;

  boost::asio::io_context* const loop_;
  LedgerThread* const ledger_;
  const Inputs inputs_;
  const std::function<base::Instant()> clock_;
  std::weak_ptr<class PredictionRun> run_;
  const std::shared_ptr<Queue> queue_;  // of the models' thread
  boost::asio::executor_work_guard<Queue::executor_type> guard_;
  std::thread thread_;
};

}  // namespace promtally::collector
