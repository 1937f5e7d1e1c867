// SPDX-License-Identifier: Apache-2.0
#include "web/model_body.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "web/icos_fields.h"
#include "web/python_text.h"

namespace promtally::web {
namespace {

constexpr std::int64_t kMostSteps = 10'000;
constexpr std::int64_t kMostSeconds = 366LL * 86'400;

/// An integer that must be in a range, where it is given.
std::optional<std::int64_t> InRange(IcosFieldReader& reader, const char* field, bool needed,
                                    std::int64_t least, std::int64_t most) {
  const std::optional<std::int64_t> number = reader.Integer(field, needed);
  if (!number || (*number >= least && *number <= most)) {
    return number;
  }
  const bool low = *number < least;
  reader.findings().Add(low ? "greater_than_equal" : "less_than_equal", {field},
                        low ? "Input should be greater than or equal to " + std::to_string(least)
                            : "Input should be less than or equal to " + std::to_string(most),
                        reader.body().Find(field));
  return std::nullopt;
}

std::int64_t StepSeconds(IcosFieldReader& reader, std::int64_t interval_seconds) {
  const std::int64_t step =
      InRange(reader, "step_in_seconds", false, 0, kMostSeconds).value_or(interval_seconds);
  return std::max(step, interval_seconds);
}

std::vector<std::string> Queries(IcosFieldReader& reader) {
  std::vector<std::string> queries = reader.NeededTexts("telemetry_metrics");
  if (queries.empty() && reader.findings().empty()) {
    reader.findings().Add("too_short", {"telemetry_metrics"},
                          "List should have at least 1 item after validation, not 0",
                          reader.body().Find("telemetry_metrics"));
  }
  return queries;
}

base::LabelSet Labels(IcosFieldReader& reader) {
  IcosTexts labels;
  bool are_null = false;
  reader.Labels(are_null, labels);
  return base::MakeLabelSet({labels.begin(), labels.end()});
}

std::vector<std::vector<double>> History(IcosFieldReader& reader) {
  std::vector<std::vector<double>> history;
  const BodyValue* const value = reader.body().Find("history_data");
  if (value == nullptr || value->IsNull()) {
    return history;
  }
  if (!value->IsArray()) {
    reader.findings().Add("list_type", {"history_data"}, "Input should be a valid list", value);
    return history;
  }
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    const BodyValue& list = value->items[i];
    if (!list.IsArray()) {
      reader.findings().Add("list_type", {"history_data", i}, "Input should be a valid list",
                            &list);
    }
    history.emplace_back();
    for (std::size_t j = 0; j < list.items.size(); ++j) {
      if (!list.items[j].IsNumber() || !std::isfinite(list.items[j].number)) {
        reader.findings().Add("int_type", {"history_data", i, j}, "Input should be a valid integer",
                              &list.items[j]);
      }
      history.back().push_back(list.items[j].number);
    }
  }
  return history;
}

collector::TrainedType TrainedTypeOf(IcosFieldReader& reader) {
  const std::string text = reader.NeededText("model_type");
  if (text == "XGB") {
    return collector::TrainedType::kXgboost;
  }
  const BodyValue* const value = reader.body().Find("model_type");
  if (text != "Arima" && text != "ARIMA" && value != nullptr && value->IsText()) {
    reader.findings().Add("enum", {"model_type"}, "Input should be 'XGB' or 'Arima'", value);
  }
  return collector::TrainedType::kArima;
}

void TakeParameters(IcosFieldReader& reader, const BodyValue& object, const IcosPlace& place,
                    std::map<std::string, double>& parameters) {
  if (!object.IsObject()) {
    reader.findings().Add("dict_type", place, "Input should be a valid dictionary", &object);
    return;
  }
  for (const auto& [name, value] : object.members) {
    IcosPlace at = place;
    at.emplace_back(name);
    if (!value.IsNumber() || !std::isfinite(value.number)) {
      reader.findings().NotNumber(at, value);
    } else {
      parameters[name] = value.number;
    }
  }
}

/// Flat, or under the name of either kind.
std::map<std::string, double> Parameters(IcosFieldReader& reader) {
  constexpr const char* kField = "model_parameters";
  std::map<std::string, double> parameters;
  const BodyValue* const value = reader.body().Find(kField);
  if (value == nullptr) {
    reader.findings().Missing(kField, reader.body());
    return parameters;
  }
  bool nested = false;
  for (const char* const kind : {"xgboost_model_parameters", "arima_model_parameters"}) {
    if (const BodyValue* const object = value->Find(kind)) {
      nested = true;
      TakeParameters(reader, *object, {kField, kind}, parameters);
    }
  }
  if (!nested) {
    TakeParameters(reader, *value, {kField}, parameters);
  }
  return parameters;
}

}  // namespace

tl::expected<PredictionLoop, Response> ReadModelMetric(const Request& request,
                                                       std::size_t max_depth,
                                                       std::int64_t interval_seconds) {
  const auto body = ReadIcosObject(request, max_depth);
  if (!body) {
    return tl::unexpected(body.error());
  }
  IcosFieldReader reader(*body);
  PredictionLoop loop;
  loop.metric.type = reader.Type();
  loop.metric.name = std::string(PythonStrip(reader.Name()));
  loop.key = loop.metric.name;
  loop.metric.help = reader.Info().value_or(loop.metric.name + " info");
  loop.metric.labels = Labels(reader);
  loop.request.queries = Queries(reader);
  loop.request.model_tag = reader.NeededText("model_tag");
  reader.States("model_states", loop.metric.states);
  loop.step_seconds = StepSeconds(reader, interval_seconds);
  loop.request.steps_back =
      static_cast<std::size_t>(InRange(reader, "steps_back", true, 1, kMostSteps).value_or(1));
  loop.request.history_sample_size = InRange(reader, "history_sample_size", false, 0, kMostSteps);
  loop.request.fill_gaps = reader.Bool("data_interruption");
  loop.request.history = History(reader);
  if (!reader.findings().empty()) {
    return tl::unexpected(reader.findings().ToResponse());
  }
  return loop;
}

tl::expected<std::vector<std::string>, Response> ReadStoppedMetrics(const Request& request,
                                                                    std::size_t max_depth) {
  const auto body = ReadIcosObject(request, max_depth);
  if (!body) {
    return tl::unexpected(body.error());
  }
  IcosFieldReader reader(*body);
  std::vector<std::string> names = reader.NeededTexts("metric_names");
  if (!reader.findings().empty()) {
    return tl::unexpected(reader.findings().ToResponse());
  }
  for (std::string& name : names) {
    name = std::string(PythonStrip(name));
  }
  return names;
}

tl::expected<collector::TrainingRequest, Response> ReadTraining(const Request& request,
                                                                std::size_t max_depth,
                                                                std::int64_t interval_seconds) {
  const auto body = ReadIcosObject(request, max_depth);
  if (!body) {
    return tl::unexpected(body.error());
  }
  IcosFieldReader reader(*body);
  collector::TrainingRequest training;
  training.labels = Labels(reader);
  training.model_name = reader.NeededText("model_name");
  training.type = TrainedTypeOf(reader);
  training.test_size = reader.Number("test_size", true).value_or(0);
  training.dataclay = reader.Bool("dataclay");
  training.dataset_name = reader.OptionalText("dataset_name");
  training.steps_back =
      static_cast<std::size_t>(InRange(reader, "steps_back", true, 1, kMostSteps).value_or(1));
  training.step_seconds = StepSeconds(reader, interval_seconds);
  training.max_models_count = InRange(reader, "max_models_count", false, 0, kMostSteps);
  training.max_mlruns_count = InRange(reader, "max_mlruns_count", false, 0, kMostSteps);
  training.shap_samples = InRange(reader, "shap_samples", false, 0, kMostSteps);
  training.parameters = Parameters(reader);
  training.queries = Queries(reader);
  if (!reader.findings().empty()) {
    return tl::unexpected(reader.findings().ToResponse());
  }
  return training;
}

tl::expected<std::string, Response> ReadShownModel(const Request& request, std::size_t max_depth) {
  const auto body = ReadIcosObject(request, max_depth);
  if (!body) {
    return tl::unexpected(body.error());
  }
  IcosFieldReader reader(*body);
  const std::string model = body->Find("model") == nullptr ? "all" : reader.NeededText("model");
  if (!reader.findings().empty()) {
    return tl::unexpected(reader.findings().ToResponse());
  }
  return model;
}

tl::expected<std::string, Response> ReadRemovedModel(const Request& request,
                                                     std::size_t max_depth) {
  const auto body = ReadIcosObject(request, max_depth);
  if (!body) {
    return tl::unexpected(body.error());
  }
  IcosFieldReader reader(*body);
  std::string tag = reader.NeededText("model_tag");
  if (!reader.findings().empty()) {
    return tl::unexpected(reader.findings().ToResponse());
  }
  return tag;
}

}  // namespace promtally::web
