// SPDX-License-Identifier: Apache-2.0
#include "collector/model_service.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "inference/icos_intelligence.h"
#include "inference/open_model.h"
#include "inference/remote_rows.h"
#include "promtally/base/one_line.h"

namespace promtally::collector {
namespace {

using inference::RemoteAnswer;

constexpr std::size_t kMostOpenModels = 32;
constexpr std::int64_t kHistorySamples = 500;  // the service's default

tl::unexpected<CycleFailure> Fail(CycleFailure::Kind kind, std::string message) {
  return tl::unexpected(CycleFailure{kind, std::move(message)});
}

std::unique_ptr<source::RangeSource> OpenSourceOf(const config::Settings& settings) {
  for (const config::SourceSettings& source : settings.sources) {
    if (source.name == settings.models.source) {
      return source::OpenRangeSource(source);
    }
  }
  return nullptr;
}

/// How many older samples are asked for, to fill gaps from.
std::size_t OlderSamples(const PredictionRequest& request) {
  constexpr std::int64_t kMost = 10'000;
  return request.fill_gaps ? static_cast<std::size_t>(std::clamp<std::int64_t>(
                                 request.history_sample_size.value_or(kHistorySamples), 0, kMost))
                           : 0;
}

std::string HistoryText(const std::vector<std::vector<double>>& history) {
  std::string text = "[";
  for (const std::vector<double>& one : history) {
    text += text.size() > 1 ? "," : "";
    inference::AppendList(text, one);
  }
  return text + "]";
}

PredictedSeries SeriesOf(const base::LabelSet& labels, const inference::IcosPrediction& read) {
  return {labels, read.value, read.text, read.confidence, read.lower, read.upper};
}

/// Several outputs for one series are told apart by a label.
base::LabelSet WithOutput(base::LabelSet labels, std::size_t output, std::size_t outputs) {
  if (outputs > 1) {
    std::erase_if(labels, [](const auto& label) { return label.first == "output"; });
    labels.emplace_back("output", "metric_" + std::to_string(output));
  }
  return base::MakeLabelSet(std::move(labels));
}

}  // namespace

ModelService::ModelService(const config::Settings& settings, std::function<base::Instant()> clock)
    : settings_(settings.models),
      clock_(std::move(clock)),
      store_(settings.models.store, settings.models.max_models_count),
      source_(OpenSourceOf(settings)) {
  for (const config::RemoteModelSettings& remote : settings_.remote) {
    remote_[remote.name] = std::make_shared<const inference::RemoteModel>(remote);
  }
  if (settings_.intelligence.IsThere()) {
    intelligence_ = std::make_unique<inference::RemoteServer>(settings_.intelligence.server);
  }
}

void ModelService::Stop() {
  if (source_) {
    source_->Stop();
  }
  if (intelligence_) {
    intelligence_->Stop();
  }
  for (const auto& [name, model] : remote_) {
    model->Stop();
  }
}

base::Result<std::vector<std::vector<source::RangeSeries>>> ModelService::Ask(
    const std::vector<std::string>& queries, std::size_t steps, std::size_t more) {
  if (!source_) {
    return base::Fail(base::ErrorCode::kNotFound,
                      "no source of telemetry is configured (models.source)");
  }
  const base::Instant now = clock_();
  std::vector<std::vector<source::RangeSeries>> answers;
  for (const std::string& query : queries) {
    auto answer = source_->Query(WindowQuery(query, now, settings_.query_step, steps, more));
    if (!answer) {
      return tl::unexpected(answer.error());
    }
    answers.push_back(*std::move(answer));
  }
  return answers;
}

base::Result<ModelService::ModelPtr> ModelService::Find(const std::string& tag) {
  const auto reference = inference::ParseModelReference(tag);
  if (reference) {
    auto record = store_.Get(*reference);
    if (record) {
      const std::pair key(record->name, record->version);
      {
        const std::lock_guard lock(mutex_);
        if (const auto known = open_.find(key); known != open_.end()) {
          return known->second;
        }
      }
      auto opened = inference::OpenModel(*record);
      if (!opened) {
        return tl::unexpected(opened.error());
      }
      const ModelPtr model = *std::move(opened);
      const std::lock_guard lock(mutex_);
      if (open_.size() >= kMostOpenModels) {
        open_.clear();
      }
      open_[key] = model;
      return model;
    }
    if (record.error().code != base::ErrorCode::kNotFound) {
      return tl::unexpected(record.error());
    }
  }
  const auto remote = remote_.find(tag);
  return remote == remote_.end() ? ModelPtr() : ModelPtr(remote->second);
}

CycleResult ModelService::Predict(const PredictionRequest& request) {
  const base::Result<ModelPtr> model = Find(request.model_tag);
  if (!model) {
    return Fail(CycleFailure::Kind::kOther, model.error().message);
  }
  if (*model == nullptr && intelligence_ == nullptr) {
    return Fail(CycleFailure::Kind::kOther,
                "there is no model \"" + base::OneLine(request.model_tag) + "\"");
  }
  const auto answers = Ask(request.queries, request.steps_back, OlderSamples(request));
  if (!answers) {
    return Fail(CycleFailure::Kind::kNoData, answers.error().message);
  }
  WindowOptions options;
  options.steps = request.steps_back;
  options.step = settings_.query_step;
  options.end = WindowQuery("", clock_(), settings_.query_step, 0, 0).end;
  options.fill_gaps = request.fill_gaps;
  options.history = request.history;
  const auto windows = MakeWindows(request.queries, *answers, options);
  if (!windows) {
    const bool nothing = windows.error().code == base::ErrorCode::kNotFound;
    return Fail(nothing ? CycleFailure::Kind::kNoData : CycleFailure::Kind::kOther,
                windows.error().message);
  }
  return *model == nullptr ? PredictByIntelligence(request, *windows)
                           : PredictBy(**model, *windows);
}

CycleResult ModelService::PredictBy(const inference::Model& model,
                                    const std::vector<InputWindow>& windows) const {
  inference::Rows rows;
  for (const InputWindow& window : windows) {
    const std::size_t before = rows.values.size();
    for (const std::vector<double>& input : window.inputs) {
      rows.values.insert(rows.values.end(), input.begin(), input.end());
    }
    rows.columns = rows.values.size() - before;
  }
  if (model.columns() != 0 && model.columns() != rows.columns) {
    return Fail(CycleFailure::Kind::kOther,
                fmt::format("the model wants {} values, steps_back and telemetry_metrics give {}",
                            model.columns(), rows.columns));
  }
  const auto predictions = model.Predict(rows, {});
  if (!predictions) {
    return Fail(CycleFailure::Kind::kModel, predictions.error().message);
  }
  std::vector<PredictedSeries> all;
  for (std::size_t i = 0; i < predictions->size(); ++i) {
    const inference::Prediction& one = (*predictions)[i];
    if (one.values.empty()) {
      return Fail(CycleFailure::Kind::kOther, one.reason);
    }
    for (std::size_t output = 0; output < one.values.size(); ++output) {
      if (!std::isfinite(one.values[output])) {
        return Fail(CycleFailure::Kind::kModel, "the prediction is no finite number");
      }
      PredictedSeries series;
      series.labels = WithOutput(windows[i].labels, output, one.values.size());
      series.value = one.values[output];
      if (output == 0) {
        series.confidence = one.confidence;
        series.lower = one.lower;
        series.upper = one.upper;
      }
      all.push_back(std::move(series));
    }
  }
  return all;
}

CycleResult ModelService::PredictByIntelligence(const PredictionRequest& request,
                                                const std::vector<InputWindow>& windows) {
  std::vector<PredictedSeries> all;
  for (const InputWindow& window : windows) {
    inference::IcosPredictRequest body;
    body.model_tag = request.model_tag;
    body.steps_back = static_cast<std::int64_t>(request.steps_back);
    body.inputs = window.inputs;
    body.history_sample_size = request.history_sample_size.value_or(kHistorySamples);
    body.data_interruption = request.fill_gaps;
    body.history_data = HistoryText(request.history);
    const auto answer = intelligence_->Call(
        {"/predict", "application/json", inference::ToJsonText(body), {}, {500}, {}});
    if (!answer || !answer->Succeeded()) {
      return Fail(CycleFailure::Kind::kModel,
                  answer ? intelligence_->url() + "/predict: " + inference::FailureText(*answer)
                         : answer.error().message);
    }
    const auto outputs = inference::ReadIcosPrediction(answer->body);
    if (!outputs) {
      return Fail(CycleFailure::Kind::kModel,
                  intelligence_->url() + "/predict: " + outputs.error().message);
    }
    for (std::size_t i = 0; i < outputs->size(); ++i) {
      all.push_back(SeriesOf(WithOutput(window.labels, i, outputs->size()), (*outputs)[i]));
    }
  }
  return all;
}

std::optional<base::Result<RemoteAnswer>> ModelService::AskIntelligence(
    const std::string& path, const std::string& body, std::optional<base::Milliseconds> timeout) {
  if (!intelligence_) {
    return std::nullopt;
  }
  return intelligence_->Call({path, "application/json", body, {}, {}, timeout});
}

}  // namespace promtally::collector
