// SPDX-License-Identifier: Apache-2.0
#include "inference/icos_intelligence.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "inference/predicted_values.h"
#include "inference/remote_protocol.h"
#include "inference/remote_rows.h"
#include "promtally/base/one_line.h"

namespace promtally::inference {
namespace {

using nlohmann::json;

base::Error Bad(const std::string& what) { return {base::ErrorCode::kParse, what}; }

/// The number at the beginning of a text; what follows it is left in `text`.
std::optional<double> TakeNumber(std::string_view& text) {
  const std::size_t begin = text.find_first_of("+-.0123456789");
  if (begin == std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_prefix(text[begin] == '+' ? begin + 1 : begin);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// `63.1 to 69.2`; what cannot be read is left out.
void ReadInterval(std::string_view text, IcosPrediction& prediction) {
  const std::optional<double> low = TakeNumber(text);
  const std::size_t to = text.find("to");
  if (!low || to == std::string_view::npos) {
    return;
  }
  text.remove_prefix(to + 2);
  const std::optional<double> high = TakeNumber(text);
  if (high && *low <= *high) {
    prediction.lower = low;
    prediction.upper = high;
  }
}

base::Result<IcosPrediction> ReadOutput(const json& output) {
  const auto found = output.find("model_prediction");
  if (found == output.end()) {
    return tl::unexpected(Bad("the answer has no model_prediction"));
  }
  const json* value = &*found;
  while (value->is_array() && !value->empty()) {
    value = &value->front();
  }
  IcosPrediction prediction;
  if (value->is_number()) {
    prediction.value = value->get<double>();
  } else if (value->is_string() && !value->get_ref<const std::string&>().empty()) {
    prediction.text = value->get<std::string>();
  } else {
    return tl::unexpected(
        Bad("the answer has the prediction " + base::OneLine(value->dump().substr(0, 60))));
  }
  if (const auto confidence = output.find("model_confidence");
      confidence != output.end() && confidence->is_number()) {
    prediction.confidence = confidence->get<double>();
  }
  if (const auto interval = output.find("95%_confidence_interval");
      interval != output.end() && interval->is_string()) {
    ReadInterval(interval->get_ref<const std::string&>(), prediction);
  }
  return prediction;
}

class IcosProtocol : public RemoteProtocol {
 public:
  explicit IcosProtocol(config::RemoteModelSettings settings) : settings_(std::move(settings)) {}

  base::Result<RemoteDescription> Describe(RemoteServer& server) const override;
  std::size_t max_rows() const override { return 1; }
  base::Result<RemoteRequest> Encode(const RemoteDescription& description,
                                     const RemoteBatch& batch) const override;
  base::Result<std::vector<Prediction>> Decode(const RemoteDescription& description,
                                               const RemoteAnswer& answer,
                                               const RemoteBatch& batch) const override;

 private:
  [[nodiscard]] std::string Tag() const {
    const bool tagged = settings_.model.find(':') != std::string::npos;
    const std::string version = settings_.version.empty() ? "latest" : settings_.version;
    return tagged ? settings_.model : settings_.model + ":" + version;
  }

  const config::RemoteModelSettings settings_;
};

base::Result<RemoteDescription> IcosProtocol::Describe(RemoteServer& server) const {
  const base::Result<RemoteAnswer> answer =
      server.Call({"/show_models", "application/json", "{\"model\":\"all\"}", {}, {500}, {}});
  if (!answer) {
    return tl::unexpected(answer.error());
  }
  if (!answer->Succeeded()) {
    return base::Fail(base::ErrorCode::kRejected, "/show_models: " + FailureText(*answer));
  }
  RemoteDescription description;
  const std::optional<std::vector<IcosModel>> models = ReadIcosModels(answer->body);
  if (!models) {
    description.warnings.emplace_back("/show_models lists no models: rows are sent unchecked");
    return description;
  }
  const std::string tag = Tag();
  const std::string name = tag.substr(0, tag.find(':'));
  const std::string version = tag.substr(std::min(tag.find(':') + 1, tag.size()));
  std::string names;
  for (const IcosModel& model : *models) {
    if (model.name == name && (version == "latest" || model.version == version)) {
      return description;
    }
    names += (names.empty() ? "" : ", ") + model.name + ":" + model.version;
  }
  return base::Fail(base::ErrorCode::kNotFound,
                    "the server has no model \"" + tag + "\"; it has " +
                        (names.empty() ? "none" : base::OneLine(names)));
}

base::Result<RemoteRequest> IcosProtocol::Encode(const RemoteDescription&,
                                                 const RemoteBatch& batch) const {
  IcosPredictRequest predict;
  predict.model_tag = Tag();
  predict.steps_back = static_cast<std::int64_t>(batch.rows.columns);
  predict.inputs.push_back(batch.rows.values);
  RemoteRequest request;
  request.path = "/predict";
  request.content_type = "application/json";
  request.body = ToJsonText(predict);
  request.headers.emplace_back("X-Request-Id", batch.id);
  request.once_more = {500};
  return request;
}

base::Result<std::vector<Prediction>> IcosProtocol::Decode(const RemoteDescription&,
                                                           const RemoteAnswer& answer,
                                                           const RemoteBatch&) const {
  const base::Result<std::vector<IcosPrediction>> outputs = ReadIcosPrediction(answer.body);
  if (!outputs) {
    return tl::unexpected(outputs.error());
  }
  Prediction prediction;
  for (const IcosPrediction& output : *outputs) {
    if (!output.value) {
      return tl::unexpected(
          Bad("the answer has the prediction \"" + base::OneLine(output.text) + "\", no number"));
    }
    prediction.values.push_back(*output.value);
  }
  prediction.confidence = outputs->front().confidence;
  prediction.lower = outputs->front().lower;
  prediction.upper = outputs->front().upper;
  prediction.model_version = settings_.version;
  return std::vector<Prediction>{std::move(prediction)};
}

}  // namespace

std::string ToJsonText(const IcosPredictRequest& request) {
  std::string inputs;
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    inputs += (i == 0 ? "\"input_" : ",\"input_") + std::to_string(i + 1) + "\":";
    AppendList(inputs, request.inputs[i]);
  }
  return "{\"model_tag\":" + JsonQuoted(request.model_tag) +
         ",\"metric_type\":" + std::to_string(request.metric_type) +
         ",\"steps_back\":" + std::to_string(request.steps_back) + ",\"input_series\":{" + inputs +
         "},\"history_sample_size\":" + std::to_string(request.history_sample_size) +
         ",\"data_interruption\":" + (request.data_interruption ? "true" : "false") +
         ",\"history_data\":" + request.history_data + "}";
}

base::Result<std::vector<IcosPrediction>> ReadIcosPrediction(std::string_view body) {
  const base::Result<json> answer = ParseAnswer(body);
  if (!answer) {
    return tl::unexpected(answer.error());
  }
  if (!answer->is_object()) {
    return tl::unexpected(Bad("the answer is no object"));
  }
  std::vector<IcosPrediction> outputs;
  for (std::size_t i = 0; answer->contains("metric_" + std::to_string(i)); ++i) {
    const json& output = (*answer)["metric_" + std::to_string(i)];
    const base::Result<IcosPrediction> read =
        output.is_object() ? ReadOutput(output)
                           : tl::unexpected(Bad("metric_" + std::to_string(i) + " is no object"));
    if (!read) {
      return tl::unexpected(read.error());
    }
    outputs.push_back(*read);
  }
  if (outputs.empty()) {
    const base::Result<IcosPrediction> read = ReadOutput(*answer);
    if (!read) {
      return tl::unexpected(read.error());
    }
    outputs.push_back(*read);
  }
  return outputs;
}

std::optional<std::vector<IcosModel>> ReadIcosModels(std::string_view body) {
  const json answer = json::parse(body, nullptr, false);
  const auto list = answer.is_object() ? answer.find("models_list") : answer.end();
  if (!answer.is_object() || list == answer.end() || !list->is_object()) {
    return std::nullopt;
  }
  std::vector<IcosModel> models;
  for (const auto& [version, name] : list->items()) {
    if (name.is_string()) {
      models.push_back({name.get<std::string>(), version});
    }
  }
  return models;
}

std::unique_ptr<RemoteProtocol> MakeIcosProtocol(const config::RemoteModelSettings& settings) {
  return std::make_unique<IcosProtocol>(settings);
}

}  // namespace promtally::inference
