// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "cli/exit_status.h"
#include "cli/model_remote.h"
#include "cli/model_target.h"
#include "inference/csv_file.h"
#include "inference/npy_file.h"
#include "inference/open_model.h"
#include "inference/shortest_number.h"
#include "ledger/durable_file.h"

namespace promtally::cli {

namespace {

using inference::Json;

/// A batch of rows; `values` as they go into a dense model.
struct Batch {
  std::size_t columns = 0;
  std::vector<float> values;
  inference::Rows rows;  ///< the same for other models; empty for NPY until needed

  [[nodiscard]] std::size_t size() const { return columns == 0 ? 0 : values.size() / columns; }
};

bool IsNpy(std::string_view bytes) { return bytes.starts_with("\x93NUMPY"); }

base::Result<Batch> ReadBatch(const std::string& file, const inference::Model& model,
                              const inference::ModelRecord& record) {
  const auto bytes = ReadInput(file);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  Batch batch;
  if (IsNpy(*bytes)) {
    auto matrix = inference::ReadNpy(*bytes);
    if (!matrix) {
      return base::Fail(file, matrix.error());
    }
    batch.columns = matrix->columns;
    batch.values = std::move(matrix->values);
    batch.rows.columns = batch.columns;
    batch.rows.values.assign(batch.values.begin(), batch.values.end());
    return batch;
  }
  const auto table = inference::CsvFile::Parse(*bytes, file);
  if (!table) {
    return tl::unexpected(table.error());
  }
  const bool must_match = !model.features().empty();
  auto rows = inference::SelectRows(*table, must_match ? model.features() : record.features,
                                    model.columns(), must_match);
  if (!rows) {
    return base::Fail(file, rows.error());
  }
  batch.columns = rows->columns;
  batch.values.assign(rows->values.begin(), rows->values.end());
  batch.rows = *std::move(rows);
  return batch;
}

/// A list where there are several values or none was asked for as one.
Json ValuesJson(const std::vector<double>& values, bool is_float) {
  const auto number = [is_float](double value) {
    return Json::parse(is_float ? inference::ShortestText(static_cast<float>(value))
                                : inference::ShortestText(value));
  };
  if (values.size() == 1) {
    return number(values.front());
  }
  Json list = Json::array();
  for (const double value : values) {
    list.push_back(number(value));
  }
  return list;
}

/// One list, or a list a class.
Json ContributionsJson(const std::vector<double>& contributions, std::size_t columns,
                       bool is_float) {
  const std::size_t width = columns + 1;
  if (contributions.size() <= width) {
    Json list = ValuesJson(contributions, is_float);
    return list.is_array() ? list : Json::array({list});
  }
  Json lists = Json::array();
  for (std::size_t at = 0; at < contributions.size(); at += width) {
    const auto begin = contributions.begin() + static_cast<std::ptrdiff_t>(at);
    lists.push_back(ValuesJson({begin, begin + static_cast<std::ptrdiff_t>(width)}, is_float));
  }
  return lists;
}

Json LineOf(std::size_t row, const inference::Prediction& prediction, std::size_t columns,
            bool is_float) {
  Json line{{"row", row}, {"prediction", nullptr}};
  if (prediction.values.empty()) {
    line["reason"] = prediction.reason;
  } else {
    line["prediction"] = ValuesJson(prediction.values, is_float);
  }
  const auto add = [&line](const char* member, const std::optional<double>& value) {
    if (value) {
      line[member] = Json::parse(inference::ShortestText(*value));
    }
  };
  add("lower", prediction.lower);
  add("upper", prediction.upper);
  add("confidence", prediction.confidence);
  if (!prediction.contributions.empty()) {
    line["contributions"] = ContributionsJson(prediction.contributions, columns, is_float);
  }
  if (!prediction.model_version.empty()) {
    line["model_version"] = prediction.model_version;
  }
  return line;
}

int PrintLines(const std::vector<inference::Prediction>& predictions, std::size_t columns,
               bool is_float, Format format) {
  std::vector<Json> lines;
  std::vector<std::string> members{"row", "prediction"};
  bool is_whole = true;
  for (std::size_t row = 0; row < predictions.size(); ++row) {
    lines.push_back(LineOf(row, predictions[row], columns, is_float));
    is_whole = is_whole && !predictions[row].values.empty();
    for (const auto& [member, value] : lines.back().items()) {
      if (std::find(members.begin(), members.end(), member) == members.end()) {
        members.push_back(member);
      }
    }
  }
  PrintObjects(lines, members, format);
  return is_whole ? kDone : kIncomplete;
}

/// Predictions in memory as float32, `width` a row, and how long each repetition took.
struct Run {
  std::vector<float> values;
  std::size_t width = 1;
  std::vector<double> seconds;
};

base::Status PredictGeneric(const inference::Model& model, const Batch& batch,
                            const inference::PredictOptions& options, Run& run) {
  const auto predictions = model.Predict(batch.rows, options);
  if (!predictions) {
    return tl::unexpected(predictions.error());
  }
  run.values.clear();
  run.width = predictions->empty() ? 1 : predictions->front().values.size();
  for (const inference::Prediction& prediction : *predictions) {
    if (prediction.values.empty() || prediction.values.size() != run.width) {
      return base::Fail(base::ErrorCode::kRejected,
                        "a row was not predicted: " + prediction.reason);
    }
    run.values.insert(run.values.end(), prediction.values.begin(), prediction.values.end());
  }
  return {};
}

base::Result<Run> RunRepeatedly(const inference::Model& model, const Batch& batch,
                                const inference::PredictOptions& options, std::size_t repeat) {
  Run run;
  const inference::DensePredictor* dense = model.dense();
  if (dense != nullptr) {
    run.width = dense->outputs();
    run.values.resize(batch.size() * run.width);
  }
  for (std::size_t i = 0; i < repeat; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const base::Status status = dense != nullptr
                                    ? dense->PredictDense(batch.values, options.threads, run.values)
                                    : PredictGeneric(model, batch, options, run);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (!status) {
      return tl::unexpected(status.error());
    }
    run.seconds.push_back(took.count());
  }
  return run;
}

/// `--output` or `--repeat`: predictions into a file, one line about them.
int PredictInBulk(const inference::Model& model, const Batch& batch,
                  const inference::PredictOptions& predict, const ModelPredictOptions& options) {
  if (batch.columns != model.columns() && model.columns() != 0) {
    return PrintError(
        fmt::format("the rows have {} columns, the model takes {}", batch.columns, model.columns()),
        kIncomplete);
  }
  const auto run = RunRepeatedly(model, batch, predict, options.repeat);
  if (!run) {
    return PrintError(run.error().message, kIncomplete);
  }
  if (!options.output.empty()) {
    const auto written =
        ledger::WriteDurably(options.output, inference::WriteNpy(run->values, run->width),
                             ledger::FolderOf(options.output));
    if (!written) {
      return PrintError(written.error().message, kIncomplete);
    }
  }
  PrintObject({{"rows", batch.size()},
               {"features", batch.columns},
               {"threads", predict.threads},
               {"seconds", run->seconds}},
              options.where.format);
  return kDone;
}

}  // namespace

int RunModelsPredict(const ModelPredictOptions& options) {
  const auto named = ReadNamed(options.where, options.name);
  if (!named) {
    return named.error();
  }
  const auto record = named->store.Get(named->reference);
  if (!record && record.error().code == base::ErrorCode::kNotFound) {
    const auto remote = FindRemoteModel(options.where, options.name);
    if (!remote) {
      return remote.error();
    }
    if (*remote) {
      return PredictRemote(**remote, options);
    }
  }
  if (!record) {
    return PrintFailure(record.error());
  }
  const auto model = inference::OpenModel(*record);
  if (!model) {
    return PrintError(inference::ToText(named->reference) + ": " + model.error().message,
                      kIncomplete);
  }
  const auto batch = ReadBatch(options.input, **model, *record);
  if (!batch) {
    return PrintError(batch.error().message, kIncomplete);
  }
  const auto processors = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const inference::PredictOptions predict{.threads = options.threads.value_or(processors),
                                          .contributions = options.contributions,
                                          .horizon = options.horizon};
  if (!options.output.empty() || options.repeat > 1) {
    return PredictInBulk(**model, *batch, predict, options);
  }
  const auto predictions = (*model)->Predict(batch->rows, predict);
  if (!predictions) {
    return PrintError(predictions.error().message, kIncomplete);
  }
  return PrintLines(*predictions, batch->columns, (*model)->dense() != nullptr,
                    options.where.format);
}

}  // namespace promtally::cli
