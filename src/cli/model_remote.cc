// SPDX-License-Identifier: Apache-2.0
#include "cli/model_remote.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <utility>

#include "cli/exit_status.h"
#include "cli/model_target.h"
#include "inference/csv_file.h"
#include "inference/npy_file.h"
#include "inference/shortest_number.h"
#include "ledger/durable_file.h"

namespace promtally::cli {
namespace {

using inference::Json;
using inference::Prediction;

int Failed(const base::Error& error) {
  const bool silent =
      error.code == base::ErrorCode::kUnavailable || error.code == base::ErrorCode::kTimeout;
  return PrintError(error.message, silent ? kUnreachable : kIncomplete);
}

base::Result<inference::Rows> ReadRows(const std::string& file) {
  const auto bytes = ReadInput(file);
  if (!bytes) {
    return tl::unexpected(base::Error{base::ErrorCode::kNotFound, bytes.error().message});
  }
  if (bytes->starts_with("\x93NUMPY")) {
    const auto matrix = inference::ReadNpy(*bytes);
    if (!matrix) {
      return base::Fail(file, matrix.error());
    }
    inference::Rows rows;
    rows.columns = matrix->columns;
    rows.values.assign(matrix->values.begin(), matrix->values.end());
    return rows;
  }
  const auto table = inference::CsvFile::Parse(*bytes, file);
  if (!table) {
    return tl::unexpected(table.error());
  }
  auto rows = inference::SelectRows(*table, {}, 0, false);
  return rows ? std::move(rows) : base::Result<inference::Rows>(base::Fail(file, rows.error()));
}

/// A number that a float32 holds is written as one: that is what most servers send.
Json NumberJson(double value) {
  const auto single = static_cast<float>(value);
  return Json::parse(static_cast<double>(single) == value ? inference::ShortestText(single)
                                                          : inference::ShortestText(value));
}

Json LineOf(std::size_t row, const Prediction& prediction, const std::string& version) {
  Json line{{"row", row}, {"prediction", nullptr}};
  if (prediction.values.size() == 1) {
    line["prediction"] = NumberJson(prediction.values.front());
  } else if (!prediction.values.empty()) {
    line["prediction"] = Json::array();
    for (const double value : prediction.values) {
      line["prediction"].push_back(NumberJson(value));
    }
  } else {
    line["reason"] = prediction.reason;
  }
  const auto add = [&line](const char* member, const std::optional<double>& value) {
    if (value) {
      line[member] = NumberJson(*value);
    }
  };
  add("lower", prediction.lower);
  add("upper", prediction.upper);
  add("confidence", prediction.confidence);
  const std::string& said = prediction.values.empty() ? version : prediction.model_version;
  line["model_version"] = said.empty() ? Json() : Json(said);
  return line;
}

int PrintLines(const std::vector<Prediction>& predictions, Format format) {
  std::string version;
  for (const Prediction& prediction : predictions) {
    version = version.empty() ? prediction.model_version : version;
  }
  std::vector<Json> lines;
  std::vector<std::string> members{"row", "prediction"};
  for (std::size_t row = 0; row < predictions.size(); ++row) {
    lines.push_back(LineOf(row, predictions[row], version));
    for (const auto& [member, value] : lines.back().items()) {
      if (std::find(members.begin(), members.end(), member) == members.end()) {
        members.push_back(member);
      }
    }
  }
  PrintObjects(lines, members, format);
  return kDone;
}

/// `--output`: predictions into a file, one line about them.
int WriteFile(const std::vector<Prediction>& predictions, const inference::Rows& rows,
              const std::vector<double>& seconds, const ModelPredictOptions& options) {
  std::vector<float> values;
  const std::size_t width = predictions.empty() ? 1 : predictions.front().values.size();
  for (const Prediction& prediction : predictions) {
    if (prediction.values.empty() || prediction.values.size() != width) {
      return PrintError("a row was not predicted: " + prediction.reason, kIncomplete);
    }
    for (const double value : prediction.values) {
      values.push_back(static_cast<float>(value));
    }
  }
  if (!options.output.empty()) {
    const auto written = ledger::WriteDurably(options.output, inference::WriteNpy(values, width),
                                              ledger::FolderOf(options.output));
    if (!written) {
      return PrintError(written.error().message, kIncomplete);
    }
  }
  PrintObject(
      {{"rows", rows.size()}, {"features", rows.columns}, {"threads", 1}, {"seconds", seconds}},
      options.where.format);
  return kDone;
}

void PrintWarnings(const inference::RemoteModel& model, const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    std::cerr << "promtally: warning: remote model \"" << model.settings().name << "\": " << warning
              << '\n';
  }
}

Json TensorsJson(const std::vector<inference::RemoteTensor>& tensors) {
  Json list = Json::array();
  for (const inference::RemoteTensor& tensor : tensors) {
    list.push_back({{"name", tensor.name}, {"datatype", tensor.datatype}, {"shape", tensor.shape}});
  }
  return list;
}

}  // namespace

OrExit<std::vector<config::RemoteModelSettings>> RemoteModelsOf(const ModelStoreOptions& where) {
  if (where.config_file.empty()) {
    return std::vector<config::RemoteModelSettings>();
  }
  const auto text = ReadFile(where.config_file);
  if (!text) {
    return tl::unexpected(PrintError(text.error().message, kBadConfiguration));
  }
  const config::SettingsFile file =
      config::ReadSettings(*text, where.config_file, EnvironmentVariable);
  if (base::HasErrors(file.diagnostics)) {
    PrintDiagnostics(file.diagnostics);
    return tl::unexpected(kBadConfiguration);
  }
  return file.settings.models.remote;
}

OrExit<std::unique_ptr<inference::RemoteModel>> FindRemoteModel(const ModelStoreOptions& where,
                                                                const std::string& name) {
  auto models = RemoteModelsOf(where);
  if (!models) {
    return tl::unexpected(models.error());
  }
  for (config::RemoteModelSettings& remote : *models) {
    if (remote.name == name) {
      JoinHttpPaths(where.config_file, &remote.http);
      return std::make_unique<inference::RemoteModel>(std::move(remote));
    }
  }
  return std::unique_ptr<inference::RemoteModel>();
}

int PredictRemote(const inference::RemoteModel& model, const ModelPredictOptions& options) {
  const auto rows = ReadRows(options.input);
  if (!rows) {
    return PrintError(rows.error().message, kIncomplete);
  }
  const auto description = model.Describe();
  if (!description) {
    return Failed(description.error());
  }
  PrintWarnings(model, description->warnings);
  const inference::PredictOptions predict{
      .threads = 1, .contributions = options.contributions, .horizon = options.horizon};
  std::vector<Prediction> predictions;
  std::vector<double> seconds;
  for (std::size_t i = 0; i < options.repeat; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    auto answer = model.Predict(*rows, predict);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (!answer) {
      return Failed(answer.error());
    }
    predictions = *std::move(answer);
    seconds.push_back(took.count());
  }
  if (!options.output.empty() || options.repeat > 1) {
    return WriteFile(predictions, *rows, seconds, options);
  }
  PrintLines(predictions, options.where.format);
  const bool whole = std::none_of(predictions.begin(), predictions.end(),
                                  [](const Prediction& one) { return one.values.empty(); });
  return whole || model.settings().missing == config::MissingPolicy::kDrop ? kDone : kIncomplete;
}

int ShowRemote(const inference::RemoteModel& model, const ModelFileOptions& options) {
  const auto description = model.Describe();
  if (!description) {
    return Failed(description.error());
  }
  PrintWarnings(model, description->warnings);
  const config::RemoteModelSettings& settings = model.settings();
  const auto text = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
  PrintObject({{"name", settings.name},
               {"type", config::ToText(settings.type)},
               {"url", settings.url},
               {"model", text(settings.model)},
               {"version", text(settings.version)},
               {"versions", description->versions},
               {"ready", true},
               {"inputs", TensorsJson(description->inputs)},
               {"outputs", TensorsJson(description->outputs)}},
              options.where.format);
  return kDone;
}

}  // namespace promtally::cli
