// SPDX-License-Identifier: Apache-2.0
#include "collector/model_training.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "collector/training_data.h"
#include "inference/model_store.h"
#include "inference/remote_rows.h"
#include "inference/trained_tag.h"
#include "inference/trainer.h"
#include "inference/xgboost_training.h"

namespace promtally::collector {
namespace {

using inference::JsonQuoted;

constexpr std::size_t kTrainingSteps = 10'990;  // a server gives 11,000 points of a series at most
constexpr std::int64_t kModelsKept = 5;
constexpr std::int64_t kRunsKept = 10;
constexpr std::int64_t kShapSamples = 100;

double Parameter(const TrainingRequest& request, const char* name, double fallback) {
  const auto found = request.parameters.find(name);
  return found == request.parameters.end() ? fallback : found->second;
}

int Whole(const TrainingRequest& request, const char* name, int fallback) {
  return static_cast<int>(std::clamp(Parameter(request, name, fallback), 0.0, 1e6));
}

std::string Object(const std::vector<std::pair<const char*, double>>& members) {
  std::string json;
  for (const auto& [name, value] : members) {
    json += (json.empty() ? "\"" : ",\"") + std::string(name) + "\":";
    inference::AppendNumber(json, value);
  }
  return "{" + json + "}";
}

base::Result<TrainingResult> TrainThere(ModelService& service, const TrainingRequest& request) {
  const auto answer = service.AskIntelligence("/train", TrainBody(request),
                                              service.settings().intelligence.train_timeout);
  if (!*answer) {
    return tl::unexpected((*answer).error());
  }
  if (!(**answer).Succeeded()) {
    return base::Fail(base::ErrorCode::kRejected,
                      "the Intelligence API: " + inference::FailureText(**answer));
  }
  auto tag = inference::TrainedTag((**answer).body);
  if (!tag) {
    return tl::unexpected(tag.error());
  }
  return TrainingResult{*std::move(tag), (**answer).body};
}

base::Result<TrainingData> DataOf(ModelService& service, const TrainingRequest& request) {
  const std::string& folder = service.settings().datasets;
  const std::string name =
      request.dataclay ? request.model_name + "_dataset" : request.dataset_name.value_or("");
  if (!name.empty() && !request.dataclay && HasDataset(folder, name)) {
    return ReadDataset(folder, name);
  }
  const auto answers = service.Ask(request.queries, kTrainingSteps, 0);
  if (!answers) {
    return tl::unexpected(answers.error());
  }
  base::Result<TrainingData> data =
      JoinSeries(request.queries, *answers, service.settings().query_step);
  if (data && !name.empty()) {
    if (const base::Status kept = WriteDataset(folder, name, *data); !kept) {
      return tl::unexpected(kept.error());
    }
  }
  return data;
}

base::Result<inference::TrainedModel> TrainHere(const TrainingRequest& request,
                                                const TrainingData& data,
                                                const std::stop_token& stop) {
  const auto test_steps = inference::TestSteps(request.test_size, data.series.front().size());
  if (!test_steps) {
    return tl::unexpected(test_steps.error());
  }
  if (request.type == TrainedType::kArima) {
    if (data.series.size() > 1) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "ARIMA learns from one series; telemetry_metrics has several");
    }
    const inference::SeriesTrainer* const trainer = inference::FindSeriesTrainer("arima");
    if (trainer == nullptr) {
      return base::Fail(base::ErrorCode::kInvalidArgument, "this version trains no ARIMA models");
    }
    inference::SeriesTraining training;
    training.values = data.series.front();
    training.stop = stop;
    training.test_steps = *test_steps;
    training.order = fmt::format("{},{},{}", Whole(request, "p", 5), Whole(request, "d", 1),
                                 Whole(request, "q", 0));
    return trainer->train(training);
  }
  inference::XgboostTraining training;
  training.names = data.names;
  training.stop = stop;
  training.series = data.series;
  training.steps_back = request.steps_back;
  training.test_steps = *test_steps;
  training.n_estimators = Whole(request, "n_estimators", 1000);
  training.max_depth = Whole(request, "max_depth", 7);
  training.eta = Parameter(request, "eta", 0.1);
  training.subsample = Parameter(request, "subsample", 0.7);
  training.colsample_bytree = Parameter(request, "colsample_bytree", 0.8);
  training.alpha = Parameter(request, "alpha", 0);
  training.seed = static_cast<std::uint32_t>(Whole(request, "seed", 0));
  return inference::TrainXgboost(training);
}

base::Result<TrainingResult> StoreModel(ModelService& service, const TrainingRequest& request,
                                        const TrainingData& data, inference::TrainedModel trained) {
  inference::ModelRecord record;
  record.name = request.model_name;
  record.type = trained.type;
  record.created = service.Now();
  record.parameters = std::move(trained.parameters);
  record.features = std::move(trained.features);
  record.metrics = trained.metrics;
  record.baseline = trained.baseline;
  record.training_digest = inference::DigestOf(data.names, data.series);
  record.details = std::move(trained.details);
  record.payload = std::move(trained.payload);
  const std::int64_t kept = request.max_models_count.value_or(
      static_cast<std::int64_t>(service.settings().max_models_count));
  const inference::ModelStore store(service.settings().store, static_cast<std::size_t>(kept));
  const auto version = store.Put(record);
  if (!version) {
    return tl::unexpected(version.error());
  }
  record.version = *version;
  return TrainingResult{request.model_name + ":latest", inference::SummaryText(record)};
}

}  // namespace

std::string TrainBody(const TrainingRequest& request) {
  const bool arima = request.type == TrainedType::kArima;
  const auto number = [&](const char* name, double fallback) {
    return std::pair(name, Parameter(request, name, fallback));
  };
  const std::string parameters =
      arima ? "{\"arima_model_parameters\":" +
                  Object({number("p", 5), number("d", 1), number("q", 0)}) + "}"
            : "{\"xgboost_model_parameters\":" +
                  Object({number("n_estimators", 1000), number("max_depth", 7), number("eta", 0.1),
                          number("subsample", 0.7), number("colsample_bytree", 0.8),
                          number("alpha", 0)}) +
                  "}";
  std::string test_size;
  inference::AppendNumber(test_size, request.test_size);
  // The server's own default where nobody named a data set.
  const std::string dataset = request.dataset_name.value_or("CPU_usage_data_joined.csv");
  return fmt::format(
      "{{\"model_name\":{},\"model_type\":\"{}\",\"test_size\":{},\"dataset_name\":{},"
      "\"num_variables\":{},\"steps_back\":{},\"batch_size\":64,\"max_models_count\":{},"
      "\"max_mlruns_count\":{},\"shap_samples\":{},\"dataclay\":false,\"model_parameters\":{},"
      "\"device\":\"cpu\",\"use_federated\":false}}",
      JsonQuoted(request.model_name), arima ? "ARIMA" : "XGB", test_size, JsonQuoted(dataset),
      std::max<std::size_t>(request.queries.size(), 1), request.steps_back,
      request.max_models_count.value_or(kModelsKept), request.max_mlruns_count.value_or(kRunsKept),
      request.shap_samples.value_or(kShapSamples), parameters);
}

base::Result<TrainingResult> Train(ModelService& service, const TrainingRequest& request,
                                   const std::function<void(double)>& progress,
                                   const std::stop_token& stop) {
  const bool kept_here =
      request.dataclay ||
      (request.dataset_name && HasDataset(service.settings().datasets, *request.dataset_name));
  if (service.HasIntelligence() && !kept_here) {
    progress(0.1);
    return TrainThere(service, request);
  }
  const base::Result<TrainingData> data = DataOf(service, request);
  if (!data) {
    return tl::unexpected(data.error());
  }
  progress(0.2);
  base::Result<inference::TrainedModel> trained = TrainHere(request, *data, stop);
  if (!trained) {
    return tl::unexpected(trained.error());
  }
  if (stop.stop_requested()) {
    return tl::unexpected(inference::TrainingInterrupted());
  }
  progress(0.9);
  return StoreModel(service, request, *data, *std::move(trained));
}

}  // namespace promtally::collector
