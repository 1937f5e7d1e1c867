// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "collector/event_log.h"
#include "collector/model_service.h"
#include "collector/remote_check.h"
#include "exposition/metric_store.h"
#include "web/http.h"
#include "web/node_predictions.h"
#include "web/prediction_loops.h"
#include "web/router.h"
#include "web/training_jobs.h"

namespace boost::asio {
class io_context;
}

namespace promtally::web {

/// The model routes of the ICOS Metrics Export service, `/api/v1/predictions` and `/api/v1/jobs`.
/// Names, defaults, texts and status of the ICOS routes are the service's; what differs on purpose
/// stands in docs/http-api.md. Loop thread; everything that waits does so on threads of its own.
class ModelRoutes {
 public:
  struct Parts {
    boost::asio::io_context* loop = nullptr;
    exposition::MetricStore* store = nullptr;
    std::shared_ptr<collector::ModelService> models;
    const collector::EventLog* log = nullptr;
    std::function<base::Instant()> clock;
    std::string ledger_path;  ///< beside it lie `.predictions` and `.trainings`
    std::size_t json_depth = 64;
    std::function<void()> changed;  ///< the store was changed
  };

  explicit ModelRoutes(Parts parts);
  ~ModelRoutes();
  ModelRoutes(const ModelRoutes&) = delete;
  ModelRoutes& operator=(const ModelRoutes&) = delete;

  /// Lets the loops of the last run go on, and follows the Aggregator's nodes where there is one.
  [[nodiscard]] base::Status Load();
  void Stop();

  [[nodiscard]] Response CreateModelMetric(const Request& request);
  [[nodiscard]] Response StopModelMetrics(const Request& request);
  [[nodiscard]] Response TrainModelMetric(const Request& request);
  [[nodiscard]] Response ShowModels(const Request& request);
  [[nodiscard]] Response RemoveModel(const Request& request);
  [[nodiscard]] Response Predictions(const Call& call) const;
  [[nodiscard]] Response Job(const Call& call) const;

 private:
  struct Work;

  void Trained(const collector::TrainingRequest& request, const collector::TrainingResult& result);
  [[nodiscard]] Response Later(std::function<Response()> work);

  const Parts parts_;
  const std::int64_t interval_seconds_;
  std::shared_ptr<Work> work_;
  PredictionLoops loops_;
  TrainingJobs jobs_;
  NodePredictions nodes_;
  collector::RemoteCheck remotes_;
};

}  // namespace promtally::web
