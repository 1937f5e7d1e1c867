// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "collector/model_input.h"
#include "inference/model.h"
#include "inference/model_store.h"
#include "inference/remote_model.h"
#include "promtally/base/labels.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"
#include "promtally/config/settings.h"
#include "source/range_source.h"

namespace promtally::collector {

/// What a prediction loop asks again and again.
struct PredictionRequest {
  std::string model_tag;
  std::vector<std::string> queries;
  std::size_t steps_back = 1;
  bool fill_gaps = false;  ///< data_interruption
  std::optional<std::int64_t> history_sample_size;
  std::vector<std::vector<double>> history;  ///< history_data
};

/// One predicted series.
struct PredictedSeries {
  base::LabelSet labels;
  std::optional<double> value;
  std::string text;  ///< where there is no number
  std::optional<double> confidence;
  std::optional<double> lower;
  std::optional<double> upper;
};

/// Why a cycle gave nothing.
struct CycleFailure {
  enum class Kind {
    kNoData,  ///< the source gave no samples, or no answer
    kModel,   ///< the model server gave no usable answer
    kOther,   ///< wrong shape, gaps, an unknown model
  };
  Kind kind = Kind::kOther;
  std::string message;
};

using CycleResult = tl::expected<std::vector<PredictedSeries>, CycleFailure>;

/// Models by their tags, and the data that they need. A tag names a model of the store first
/// (`name`, `name:3`, `name:latest`), then one of `models.remote`, then one of the Intelligence
/// API. All members wait; any thread.
class ModelService {
 public:
  ModelService(const config::Settings& settings, std::function<base::Instant()> clock);

  /// Asks the queries, makes the windows of all series and lets the model predict each.
  [[nodiscard]] CycleResult Predict(const PredictionRequest& request);

  /// The newest samples of each query, at most `steps`, for training.
  [[nodiscard]] base::Result<std::vector<std::vector<source::RangeSeries>>> Ask(
      const std::vector<std::string>& queries, std::size_t steps, std::size_t more);

  /// POSTs to the Intelligence API; nullopt: there is none.
  [[nodiscard]] std::optional<base::Result<inference::RemoteAnswer>> AskIntelligence(
      const std::string& path, const std::string& body,
      std::optional<base::Milliseconds> timeout = std::nullopt);
  [[nodiscard]] bool HasIntelligence() const { return intelligence_ != nullptr; }

  [[nodiscard]] inference::ModelStore& store() { return store_; }
  [[nodiscard]] const config::ModelsSettings& settings() const { return settings_; }
  [[nodiscard]] base::Instant Now() const { return clock_(); }

  /// Ends what waits; later calls are refused.
  void Stop();

 private:
  using ModelPtr = std::shared_ptr<const inference::Model>;

  [[nodiscard]] base::Result<ModelPtr> Find(const std::string& tag);
  [[nodiscard]] CycleResult PredictBy(const inference::Model& model,
                                      const std::vector<InputWindow>& windows) const;
  [[nodiscard]] CycleResult PredictByIntelligence(const PredictionRequest& request,
                                                  const std::vector<InputWindow>& windows);

  // Fixed after construction.
  const config::ModelsSettings settings_;
  const std::function<base::Instant()> clock_;
  inference::ModelStore store_;
  std::unique_ptr<source::RangeSource> source_;
  std::map<std::string, std::shared_ptr<const inference::RemoteModel>> remote_;
  std::unique_ptr<inference::RemoteServer> intelligence_;

  std::mutex mutex_;
  std::map<std::pair<std::string, int>, ModelPtr> open_;  // of the store
};

}  // namespace promtally::collector
