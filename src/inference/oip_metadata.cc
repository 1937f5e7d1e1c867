// SPDX-License-Identifier: Apache-2.0
#include "inference/oip_metadata.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "inference/oip_tensor.h"
#include "net/url.h"
#include "promtally/base/one_line.h"

namespace promtally::inference {
namespace {

using config::MissingPolicy;
using config::RemoteModelSettings;
using config::RemoteModelType;
using nlohmann::json;

constexpr std::size_t kMostDimensions = 8;
constexpr std::size_t kMostTensors = 100;

std::string ModelText(const RemoteModelSettings& settings) {
  return "\"" + settings.model + "\"" +
         (settings.version.empty() ? "" : " version \"" + settings.version + "\"");
}

std::string NamesOf(const std::vector<RemoteTensor>& tensors) {
  std::string text;
  for (const RemoteTensor& tensor : tensors) {
    text += (text.empty() ? "\"" : ", \"") + base::OneLine(tensor.name) + "\"";
  }
  return text;
}

base::Result<RemoteTensor> ReadTensor(const json& tensor) {
  const auto text = [&](const char* key) {
    const auto member = tensor.find(key);
    return member != tensor.end() && member->is_string() ? member->get<std::string>()
                                                         : std::string();
  };
  const auto wrong = [](const std::string& what) {
    return base::Fail(base::ErrorCode::kParse, "the model's metadata has a tensor " + what);
  };
  if (!tensor.is_object() || text("name").empty()) {
    return wrong("without a name");
  }
  RemoteTensor read{text("name"), text("datatype"), {}};
  const auto shape = tensor.find("shape");
  if (shape == tensor.end() || !shape->is_array() || shape->size() > kMostDimensions) {
    return wrong("without a shape: \"" + base::OneLine(read.name) + "\"");
  }
  for (const json& length : *shape) {
    if (!length.is_number_integer() || length.get<std::int64_t>() < -1) {
      return wrong("with a shape that holds no lengths: \"" + base::OneLine(read.name) + "\"");
    }
    read.shape.push_back(length.get<std::int64_t>());
  }
  return read;
}

base::Result<std::vector<RemoteTensor>> ReadTensors(const json& metadata, const char* key) {
  std::vector<RemoteTensor> tensors;
  const auto list = metadata.find(key);
  if (list == metadata.end() || !list->is_array()) {
    return tensors;
  }
  for (const json& item : *list) {
    base::Result<RemoteTensor> tensor = ReadTensor(item);
    if (!tensor) {
      return tl::unexpected(tensor.error());
    }
    if (tensors.size() == kMostTensors) {
      return base::Fail(base::ErrorCode::kParse, "the model's metadata has more than 100 tensors");
    }
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

base::Result<RemoteDescription> ReadMetadata(const RemoteModelSettings& settings,
                                             const std::string& body) {
  const json metadata = json::parse(body, nullptr, false);
  if (!metadata.is_object()) {
    return base::Fail(base::ErrorCode::kParse, "the model's metadata is no JSON object");
  }
  const auto name = metadata.find("name");
  if (name != metadata.end() && name->is_string() && name->get<std::string>() != settings.model) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "the settings say model \"" + settings.model + "\", the server says \"" +
                          base::OneLine(name->get<std::string>()) + "\"");
  }
  RemoteDescription description;
  if (const auto versions = metadata.find("versions");
      versions != metadata.end() && versions->is_array()) {
    for (const json& version : *versions) {
      if (version.is_string()) {
        description.versions.push_back(base::OneLine(version.get<std::string>()));
      }
    }
  }
  base::Result<std::vector<RemoteTensor>> inputs = ReadTensors(metadata, "inputs");
  base::Result<std::vector<RemoteTensor>> outputs = ReadTensors(metadata, "outputs");
  if (!inputs || !outputs) {
    return tl::unexpected(!inputs ? inputs.error() : outputs.error());
  }
  description.inputs = *std::move(inputs);
  description.outputs = *std::move(outputs);
  if (description.inputs.empty()) {
    description.warnings.push_back("the server has no metadata of model " + ModelText(settings) +
                                   ": rows are sent unchecked");
  }
  return description;
}

base::Error NotReady(const RemoteModelSettings& settings, RemoteServer& server,
                     const std::string& said) {
  const base::Result<RemoteAnswer> metadata = server.Call({OipPath(settings), "", "", {}, {}, {}});
  if (metadata && metadata->status == 404) {
    return {base::ErrorCode::kNotFound,
            "the server has no model " + ModelText(settings) + " (" + FailureText(*metadata) + ")"};
  }
  return {base::ErrorCode::kRejected,
          "the model " + ModelText(settings) + " is not ready (" + said + ")"};
}

/// Servers disagree about the body; a plain `"ready":false` is believed.
bool SaysNotReady(const std::string& body) {
  const json said = json::parse(body, nullptr, false);
  if (!said.is_object()) {
    return false;
  }
  const auto ready = said.find("ready");
  return ready != said.end() && ready->is_boolean() && !ready->get<bool>();
}

void CheckExtension(RemoteServer& server, RemoteDescription& description) {
  const base::Result<RemoteAnswer> answer = server.Call({"/v2", "", "", {}, {}, {}});
  const json said = answer ? json::parse(answer->body, nullptr, false) : json();
  const auto extensions = said.is_object() ? said.find("extensions") : said.end();
  const bool listed = said.is_object() && extensions != said.end() && extensions->is_array() &&
                      std::find(extensions->begin(), extensions->end(),
                                json("binary_tensor_data")) != extensions->end();
  if (!listed) {
    description.warnings.emplace_back("the server does not announce binary_tensor_data");
  }
}

base::Status CheckMask(const RemoteModelSettings& settings, const RemoteDescription& description,
                       const RemoteTensor& input) {
  if (settings.missing != MissingPolicy::kMask || description.inputs.empty()) {
    return {};
  }
  const std::string name = input.name + "_mask";
  const RemoteTensor* const mask = FindTensor(description.inputs, name);
  if (mask == nullptr) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "the settings say missing: mask, which wants an input \"" +
                          base::OneLine(name) + "\"; the model has " + NamesOf(description.inputs));
  }
  if (mask->datatype != "BOOL") {
    return base::Fail(base::ErrorCode::kInvalidArgument, "a mask is BOOL, the model's input \"" +
                                                             base::OneLine(name) + "\" is " +
                                                             base::OneLine(mask->datatype));
  }
  return {};
}

base::Status CheckOutput(const RemoteModelSettings& settings,
                         const RemoteDescription& description) {
  if (description.outputs.empty()) {
    return {};
  }
  const RemoteTensor* output = nullptr;
  if (!settings.output.empty()) {
    output = FindTensor(description.outputs, settings.output);
  } else if (description.outputs.size() == 1) {
    output = &description.outputs.front();
  }
  if (output == nullptr) {
    const std::string wanted =
        settings.output.empty() ? "no output" : "output \"" + settings.output + "\"";
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        "the settings name " + wanted + ", the model has " + NamesOf(description.outputs));
  }
  const bool numeric = ElementBytes(output->datatype) && output->datatype != "BOOL";
  if (!numeric && output->datatype != "BF16") {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "predictions are numbers, the model's output \"" +
                          base::OneLine(output->name) + "\" is " + base::OneLine(output->datatype));
  }
  return {};
}

}  // namespace

std::string OipPath(const RemoteModelSettings& settings) {
  std::string path = "/v2/models/" + net::PathEncode(settings.model);
  return settings.version.empty() ? path : path + "/versions/" + net::PathEncode(settings.version);
}

const RemoteTensor* FindTensor(const std::vector<RemoteTensor>& tensors, std::string_view name) {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const RemoteTensor& one) { return one.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

base::Result<RemoteDescription> DescribeOip(const RemoteModelSettings& settings,
                                            RemoteServer& server) {
  const std::string path = OipPath(settings);
  const base::Result<RemoteAnswer> ready = server.Call({path + "/ready", "", "", {}, {}, {}});
  if (!ready) {
    return tl::unexpected(ready.error());
  }
  if (!ready->Succeeded() || SaysNotReady(ready->body)) {
    return tl::unexpected(NotReady(settings, server, FailureText(*ready)));
  }
  const base::Result<RemoteAnswer> answer = server.Call({path, "", "", {}, {}, {}});
  if (!answer) {
    return tl::unexpected(answer.error());
  }
  if (!answer->Succeeded()) {
    return base::Fail(
        answer->status == 404 ? base::ErrorCode::kNotFound : base::ErrorCode::kRejected,
        "no metadata of model " + ModelText(settings) + ": " + FailureText(*answer));
  }
  base::Result<RemoteDescription> description = ReadMetadata(settings, answer->body);
  if (!description) {
    return description;
  }
  if (const base::Status checked = CheckOipTensors(settings, *description); !checked) {
    return tl::unexpected(checked.error());
  }
  const base::Result<RemoteTensor> input = OipInput(settings, *description);
  if (input && input->shape.size() == 2 && input->shape[1] > 0) {
    description->columns = static_cast<std::size_t>(input->shape[1]);
  }
  if (settings.type == RemoteModelType::kOipV2Binary) {
    CheckExtension(server, *description);
  }
  return description;
}

base::Result<RemoteTensor> OipInput(const RemoteModelSettings& settings,
                                    const RemoteDescription& description) {
  if (description.inputs.empty()) {
    return RemoteTensor{settings.input.empty() ? "input-0" : settings.input, "FP64", {}};
  }
  if (!settings.input.empty()) {
    const RemoteTensor* const input = FindTensor(description.inputs, settings.input);
    if (input == nullptr) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "the settings name the input \"" + settings.input + "\", the model has " +
                            NamesOf(description.inputs));
    }
    return *input;
  }
  std::vector<RemoteTensor> candidates = description.inputs;
  if (settings.missing == MissingPolicy::kMask) {
    std::erase_if(candidates, [&](const RemoteTensor& one) {
      return one.name.ends_with("_mask") &&
             FindTensor(description.inputs,
                        std::string_view(one.name).substr(0, one.name.size() - 5)) != nullptr;
    });
  }
  if (candidates.size() != 1) {
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        "the settings name no input, and the model has several: " + NamesOf(description.inputs));
  }
  return candidates.front();
}

base::Status CheckOipTensors(const RemoteModelSettings& settings,
                             const RemoteDescription& description) {
  const base::Result<RemoteTensor> input = OipInput(settings, description);
  if (!input) {
    return tl::unexpected(input.error());
  }
  if (!IsFloating(input->datatype)) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "rows are sent as FP16, FP32 or FP64, the model's input \"" +
                          base::OneLine(input->name) + "\" is " + base::OneLine(input->datatype));
  }
  if (const base::Status mask = CheckMask(settings, description, *input); !mask) {
    return mask;
  }
  return CheckOutput(settings, description);
}

}  // namespace promtally::inference
