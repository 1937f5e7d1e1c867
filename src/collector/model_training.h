// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "collector/model_service.h"
#include "promtally/base/labels.h"
#include "promtally/base/result.h"

namespace promtally::collector {

enum class TrainedType { kXgboost, kArima };

/// What `/train_model_metric` asks for.
struct TrainingRequest {
  std::string model_name;
  TrainedType type = TrainedType::kXgboost;
  double test_size = 0.2;  ///< share of the samples, the newest ones
  std::size_t steps_back = 12;
  std::int64_t step_seconds = 60;
  std::vector<std::string> queries;
  /// The data are kept under this name, and taken from there where they are already.
  std::optional<std::string> dataset_name;
  bool dataclay = false;  ///< keep the data as `<model_name>_dataset`, asked anew
  std::optional<std::int64_t> max_models_count;
  std::optional<std::int64_t> max_mlruns_count;
  std::optional<std::int64_t> shap_samples;
  std::map<std::string, double> parameters;  ///< n_estimators, …; p, d, q
  base::LabelSet labels;
};

struct TrainingResult {
  std::string model_tag;  ///< that predicts from now on
  std::string json;       ///< an object: what is known of the model
};

/// The series that a model is trained with: equal steps, NaN where a sample is missing.
struct TrainingData {
  std::vector<std::string> names;
  std::vector<std::int64_t> times;  ///< Unix seconds
  std::vector<std::vector<double>> series;
};

/// One series of each query on one grid, from the first instant that all have. kInvalidArgument
/// where a query has none, or several (nothing is left out unasked).
[[nodiscard]] base::Result<TrainingData> JoinSeries(
    const std::vector<std::string>& queries,
    const std::vector<std::vector<source::RangeSeries>>& answers, base::Milliseconds step);

/// Trains: by the Intelligence API where there is one and the data are not kept here, else in this
/// process, and stores the model. Waits as long as that takes, or until `stop`: kCancelled then,
/// and nothing is stored. `progress` is told parts of 1.
[[nodiscard]] base::Result<TrainingResult> Train(ModelService& service,
                                                 const TrainingRequest& request,
                                                 const std::function<void(double)>& progress,
                                                 const std::stop_token& stop);

/// The body for the Intelligence API's /train: every field, none null.
[[nodiscard]] std::string TrainBody(const TrainingRequest& request);

}  // namespace promtally::collector
