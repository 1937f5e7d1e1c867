// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/exit_status.h"
#include "cli/model_target.h"
#include "inference/csv_file.h"
#include "inference/trainer.h"
#include "inference/xgboost_training.h"

namespace promtally::cli {

namespace {

using inference::Json;

constexpr double kTestShareOfTrees = 0.2;
constexpr std::size_t kForecastSteps = 12;

struct Input {
  std::vector<std::string> names;
  std::vector<std::vector<double>> series;
};

base::Result<Input> ReadSeries(const ModelTrainOptions& options) {
  const auto bytes = ReadInput(options.input);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  const auto file = inference::CsvFile::Parse(*bytes, options.input);
  if (!file) {
    return tl::unexpected(file.error());
  }
  std::vector<std::string> wanted = options.columns;
  if (wanted.empty()) {
    wanted.emplace_back();
  }
  Input input;
  for (const std::string& name : wanted) {
    const auto column = file->Find(name);
    if (!column) {
      return tl::unexpected(column.error());
    }
    auto series = file->Series(*column);
    if (!series) {
      return tl::unexpected(series.error());
    }
    input.names.push_back(file->columns()[*column]);
    input.series.push_back(*std::move(series));
  }
  return input;
}

inference::XgboostTraining TreesOf(const ModelTrainOptions& options, const Input& input,
                                   std::size_t test_steps) {
  return {.names = input.names,
          .series = input.series,
          .steps_back = options.steps_back,
          .horizon = options.horizon.value_or(1),
          .test_steps = test_steps,
          .period = std::max<std::size_t>(options.period, 1),
          .n_estimators = options.n_estimators,
          .max_depth = options.max_depth,
          .eta = options.eta,
          .subsample = options.subsample,
          .colsample_bytree = options.colsample_bytree,
          .alpha = options.alpha,
          .seed = options.seed,
          .early_stopping_rounds = options.early_stopping_rounds,
          .stop = {},
          .threads = 1};
}

inference::SeriesTraining SeriesOf(const ModelTrainOptions& options, const Input& input,
                                   std::size_t test_steps) {
  return {.values = input.series.front(),
          .test_steps = test_steps,
          .horizon = options.horizon.value_or(kForecastSteps),
          .period = options.period,
          .order = options.order,
          .seasonal = options.seasonal,
          .mean = options.mean,
          .seasonal_kind = options.seasonal_kind,
          .stop = {}};
}

/// Trains once; what type it is was looked at before.
base::Result<inference::TrainedModel> TrainOnce(const ModelTrainOptions& options,
                                                const Input& input, std::size_t test_steps) {
  if (options.type == "xgboost") {
    return inference::TrainXgboost(TreesOf(options, input, test_steps));
  }
  return inference::FindSeriesTrainer(options.type)->train(SeriesOf(options, input, test_steps));
}

/// Exit status 2 for a type that is not known or what it does not take.
OrExit<void> CheckType(const ModelTrainOptions& options) {
  if (options.type == "xgboost") {
    return {};
  }
  if (inference::FindSeriesTrainer(options.type) == nullptr) {
    std::vector<std::string_view> types{"xgboost"};
    for (const std::string_view type : inference::SeriesTrainerTypes()) {
      types.push_back(type);
    }
    return tl::unexpected(PrintError(
        fmt::format("there is no type \"{}\"; it may be {}", options.type, fmt::join(types, ", ")),
        kWrongUsage));
  }
  if (options.columns.size() > 1) {
    return tl::unexpected(
        PrintError(fmt::format("{} takes one --column", options.type), kWrongUsage));
  }
  return {};
}

/// A model that is no better than repeating a value says so.
void AddVerdict(const inference::ModelRecord& record, Json& line) {
  if (!record.baseline || !record.metrics || line["baseline"]["beaten"] == true) {
    return;
  }
  const std::string note = fmt::format(
      "the model does not beat the {} forecast: mean absolute error {:.6g} against {:.6g}",
      record.baseline->name, record.metrics->mae, record.baseline->metrics.mae);
  line["note"] = note;
  std::cerr << "warning: " << record.name << ": " << note << '\n';
}

struct Timed {
  inference::TrainedModel model;
  std::vector<double> seconds;
};

base::Result<Timed> TrainRepeatedly(const ModelTrainOptions& options, const Input& input,
                                    std::size_t test_steps) {
  Timed timed;
  for (std::size_t i = 0; i < options.repeat; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    auto model = TrainOnce(options, input, test_steps);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (!model) {
      return tl::unexpected(model.error());
    }
    timed.model = *std::move(model);
    timed.seconds.push_back(took.count());
  }
  return timed;
}

int StoreAndPrint(const ModelTrainOptions& options, const inference::ModelStore& store,
                  const Input& input, Timed timed) {
  inference::ModelRecord record;
  record.name = options.name;
  record.type = timed.model.type;
  record.created = Now();
  record.parameters = std::move(timed.model.parameters);
  record.features = std::move(timed.model.features);
  record.metrics = timed.model.metrics;
  record.baseline = timed.model.baseline;
  record.training_digest = inference::DigestOf(input.names, input.series);
  record.details = std::move(timed.model.details);
  record.payload = std::move(timed.model.payload);
  const auto version = store.Put(record);
  if (!version) {
    return PrintFailure(version.error());
  }
  record.version = *version;
  Json line = inference::SummaryJson(record);
  line["training_digest"] = record.training_digest;
  if (options.repeat > 1) {
    line["seconds"] = timed.seconds;
  }
  AddVerdict(record, line);
  PrintObject(line, options.where.format);
  return kDone;
}

}  // namespace

int RunModelsTrain(const ModelTrainOptions& options) {
  if (!inference::IsModelName(options.name)) {
    return PrintError(fmt::format("\"{}\" is no name of a model: letters, digits, _, - and ., no "
                                  "dot first",
                                  options.name),
                      kWrongUsage);
  }
  if (const auto type = CheckType(options); !type) {
    return type.error();
  }
  const auto store = OpenStore(options.where);
  if (!store) {
    return store.error();
  }
  const auto input = ReadSeries(options);
  if (!input) {
    return PrintError(input.error().message, kIncomplete);
  }
  const double test_size =
      options.test_size.value_or(options.type == "xgboost" ? kTestShareOfTrees : 0);
  const auto test_steps = inference::TestSteps(test_size, input->series.front().size());
  if (!test_steps) {
    return PrintFailure(test_steps.error());
  }
  auto timed = TrainRepeatedly(options, *input, *test_steps);
  if (!timed) {
    return PrintFailure(timed.error());
  }
  return StoreAndPrint(options, *store, *input, *std::move(timed));
}

}  // namespace promtally::cli
