// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "inference/oip_metadata.h"
#include "inference/oip_tensor.h"
#include "inference/predicted_values.h"
#include "inference/remote_rows.h"
#include "promtally/base/one_line.h"

namespace promtally::inference {
namespace {

using config::RemoteModelSettings;
using config::RemoteModelType;
using nlohmann::json;

constexpr std::string_view kLengthHeader = "inference-header-content-length";

base::Error Bad(const std::string& what) { return {base::ErrorCode::kParse, what}; }

/// The JSON text of an answer, and the tensors behind it.
struct Parts {
  std::string_view text;
  std::string_view tensors;
};

base::Result<Parts> Split(const RemoteAnswer& answer) {
  const std::string* const header = answer.Header(kLengthHeader);
  const std::string_view body = answer.body;
  if (header == nullptr) {
    return Parts{body, {}};
  }
  std::size_t length = 0;
  const char* const end = header->data() + header->size();
  const auto read = std::from_chars(header->data(), end, length);
  if (read.ec != std::errc() || read.ptr != end || length > body.size()) {
    return tl::unexpected(Bad("Inference-Header-Content-Length is " + base::OneLine(*header) +
                              ", the body has " + std::to_string(body.size()) + " bytes"));
  }
  return Parts{body.substr(0, length), body.substr(length)};
}

std::string TextMember(const json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

base::Result<std::vector<std::int64_t>> ShapeOf(const json& output) {
  std::vector<std::int64_t> shape;
  const auto list = output.find("shape");
  if (list == output.end() || !list->is_array()) {
    return tl::unexpected(Bad("an output of the answer has no shape"));
  }
  for (const json& length : *list) {
    if (!length.is_number_unsigned() || length.get<std::uint64_t>() > (1ULL << 31U)) {
      return tl::unexpected(Bad("an output of the answer has a shape that holds no lengths"));
    }
    shape.push_back(length.get<std::int64_t>());
  }
  return shape;
}

/// Bytes of an output that come behind the JSON text; nullopt: its data stand in it.
std::optional<std::size_t> BinaryBytes(const json& output) {
  const auto parameters = output.find("parameters");
  if (parameters == output.end() || !parameters->is_object()) {
    return std::nullopt;
  }
  const auto size = parameters->find("binary_data_size");
  return size != parameters->end() && size->is_number_unsigned()
             ? std::optional(size->get<std::size_t>())
             : std::nullopt;
}

class OipProtocol : public RemoteProtocol {
 public:
  explicit OipProtocol(RemoteModelSettings settings) : settings_(std::move(settings)) {}

  base::Result<RemoteDescription> Describe(RemoteServer& server) const override {
    return DescribeOip(settings_, server);
  }
  base::Status Compare(const RemoteDescription& description, const Rows& rows) const override;
  base::Result<RemoteRequest> Encode(const RemoteDescription& description,
                                     const RemoteBatch& batch) const override;
  base::Result<std::vector<Prediction>> Decode(const RemoteDescription& description,
                                               const RemoteAnswer& answer,
                                               const RemoteBatch& batch) const override;

 private:
  [[nodiscard]] bool IsBinary() const { return settings_.type == RemoteModelType::kOipV2Binary; }
  void AddTensor(std::string& text, const std::string& name, const std::string& datatype,
                 const std::vector<std::int64_t>& shape, std::size_t bytes) const;
  [[nodiscard]] base::Result<const json*> OutputOf(const json& answer) const;
  [[nodiscard]] base::Result<std::vector<double>> ValuesOf(const json& answer, const json& output,
                                                           std::string_view tensors) const;
  [[nodiscard]] base::Result<std::size_t> WidthOf(const RemoteDescription& description,
                                                  const json& output, std::size_t rows) const;

  const RemoteModelSettings settings_;
};

base::Status OipProtocol::Compare(const RemoteDescription& description, const Rows& rows) const {
  const base::Result<RemoteTensor> input = OipInput(settings_, description);
  if (!input) {
    return tl::unexpected(input.error());
  }
  const auto shape = ShapeFor(*input, rows.size(), rows.columns);
  return shape ? base::Status() : tl::unexpected(shape.error());
}

/// Without its closing brace: `{"name":…,"shape":…,"datatype":…` and how many bytes follow.
void OipProtocol::AddTensor(std::string& text, const std::string& name, const std::string& datatype,
                            const std::vector<std::int64_t>& shape, std::size_t bytes) const {
  text += "{\"name\":" + JsonQuoted(name) + ",\"shape\":" + ShapeText(shape) + ",\"datatype\":\"" +
          datatype + "\"";
  if (IsBinary()) {
    text += ",\"parameters\":{\"binary_data_size\":" + std::to_string(bytes) + "}";
  }
}

std::string JsonData(const std::vector<double>& values, std::string_view datatype) {
  const NumberWidth width = datatype == "FP64" ? NumberWidth::kDouble : NumberWidth::kSingle;
  std::string text = ",\"data\":[";
  text.reserve(values.size() * 9);
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += i == 0 ? "" : ",";
    AppendNumber(text, values[i], width);
  }
  return text + "]";
}

std::string MaskBytes(const std::vector<bool>& mask) {
  std::string bytes;
  bytes.reserve(mask.size());
  for (const bool missing : mask) {
    bytes += missing ? '\1' : '\0';
  }
  return bytes;
}

std::string MaskData(const std::vector<bool>& mask) {
  std::string text = ",\"data\":[";
  for (std::size_t i = 0; i < mask.size(); ++i) {
    text += i == 0 ? "" : ",";
    text += mask[i] ? "true" : "false";
  }
  return text + "]";
}

base::Result<RemoteRequest> OipProtocol::Encode(const RemoteDescription& description,
                                                const RemoteBatch& batch) const {
  const base::Result<RemoteTensor> input = OipInput(settings_, description);
  if (!input) {
    return tl::unexpected(input.error());
  }
  const auto shape = ShapeFor(*input, batch.rows.size(), batch.rows.columns);
  if (!shape) {
    return tl::unexpected(shape.error());
  }
  // Also where JSON is sent: a value that does not fit the datatype is refused here.
  base::Result<std::string> elements = ToElements(batch.rows.values, input->datatype);
  if (!elements) {
    return tl::unexpected(elements.error());
  }
  std::string text = "{\"id\":\"" + batch.id + "\",\"inputs\":[";
  AddTensor(text, input->name, input->datatype, *shape, elements->size());
  text += IsBinary() ? "}" : JsonData(batch.rows.values, input->datatype) + "}";
  if (!batch.mask.empty()) {
    text += ",";
    AddTensor(text, input->name + "_mask", "BOOL", *shape, batch.mask.size());
    text += IsBinary() ? "}" : MaskData(batch.mask) + "}";
  }
  text += "]";
  if (!settings_.output.empty()) {
    text += ",\"outputs\":[{\"name\":" + JsonQuoted(settings_.output) +
            (IsBinary() ? ",\"parameters\":{\"binary_data\":true}" : "") + "}]";
  } else if (IsBinary()) {
    text += ",\"parameters\":{\"binary_data_output\":true}";
  }
  text += "}";
  RemoteRequest request;
  request.path = OipPath(settings_) + "/infer";
  request.content_type = IsBinary() ? "application/octet-stream" : "application/json";
  if (IsBinary()) {
    request.headers.emplace_back("Inference-Header-Content-Length", std::to_string(text.size()));
    text += *elements + MaskBytes(batch.mask);
  }
  request.body = std::move(text);
  return request;
}

base::Result<const json*> OipProtocol::OutputOf(const json& answer) const {
  const auto outputs = answer.find("outputs");
  if (outputs == answer.end() || !outputs->is_array() || outputs->empty()) {
    return tl::unexpected(Bad("the answer has no outputs"));
  }
  if (settings_.output.empty() && outputs->size() == 1 && outputs->front().is_object()) {
    return &outputs->front();
  }
  std::string names;
  for (const json& output : *outputs) {
    if (!output.is_object()) {
      return tl::unexpected(Bad("an output of the answer is no object"));
    }
    const std::string name = TextMember(output, "name");
    if (name == settings_.output && !name.empty()) {
      return &output;
    }
    names += (names.empty() ? "" : ", ") + ("\"" + base::OneLine(name) + "\"");
  }
  const std::string wanted = settings_.output.empty() ? "no output, and it must be one of several"
                                                      : "output \"" + settings_.output + "\"";
  return tl::unexpected(Bad("the settings name " + wanted + "; the answer has " + names));
}

base::Result<std::vector<double>> OipProtocol::ValuesOf(const json& answer, const json& output,
                                                        std::string_view tensors) const {
  std::size_t begin = 0;
  for (const json& one : answer["outputs"]) {
    const std::size_t bytes = one.is_object() ? BinaryBytes(one).value_or(0) : 0;
    if (bytes > tensors.size() - begin) {
      return tl::unexpected(Bad("the answer has fewer bytes than its outputs announce"));
    }
    if (&one == &output && BinaryBytes(one)) {
      return FromElements(tensors.substr(begin, bytes), TextMember(output, "datatype"));
    }
    begin += bytes;
  }
  const auto data = output.find("data");
  if (data == output.end()) {
    return tl::unexpected(Bad("the output of the answer has no data"));
  }
  const std::string datatype = TextMember(output, "datatype");
  if (datatype == "BYTES" || datatype == "BOOL") {
    return tl::unexpected(Bad("the output of the answer is " + datatype + ", no numbers"));
  }
  return FlatNumbers(*data);
}

/// How many values the answer has a row; its shape must fit the rows and the metadata.
base::Result<std::size_t> OipProtocol::WidthOf(const RemoteDescription& description,
                                               const json& output, std::size_t rows) const {
  const auto shape = ShapeOf(output);
  if (!shape) {
    return tl::unexpected(shape.error());
  }
  std::uint64_t width = 1;
  for (std::size_t i = 1; i < shape->size(); ++i) {
    width *= static_cast<std::uint64_t>((*shape)[i]);
    if (width > (1ULL << 31U)) {
      return tl::unexpected(Bad("the output has the shape " + ShapeText(*shape)));
    }
  }
  if (shape->empty() || (*shape)[0] != static_cast<std::int64_t>(rows) || width == 0) {
    return tl::unexpected(Bad(
        fmt::format("the output has the shape {}, {} rows were sent", ShapeText(*shape), rows)));
  }
  const RemoteTensor* const known = FindTensor(description.outputs, TextMember(output, "name"));
  if (known != nullptr && known->shape.size() > 1) {
    std::int64_t fixed = 1;
    for (std::size_t i = 1; i < known->shape.size(); ++i) {
      fixed = fixed < 0 || known->shape[i] < 0 ? -1 : fixed * known->shape[i];
    }
    if (fixed >= 0 && static_cast<std::uint64_t>(fixed) != width) {
      return tl::unexpected(Bad("the output has the shape " + ShapeText(*shape) +
                                ", the metadata say " + ShapeText(known->shape)));
    }
  }
  return width;
}

base::Result<std::vector<Prediction>> OipProtocol::Decode(const RemoteDescription& description,
                                                          const RemoteAnswer& answer,
                                                          const RemoteBatch& batch) const {
  const base::Result<Parts> parts = Split(answer);
  if (!parts) {
    return tl::unexpected(parts.error());
  }
  const base::Result<json> read = ParseAnswer(parts->text);
  if (!read) {
    return tl::unexpected(read.error());
  }
  if (const std::string id = TextMember(*read, "id"); !id.empty() && id != batch.id) {
    return tl::unexpected(
        Bad("the answer has the id \"" + base::OneLine(id) + "\", asked was \"" + batch.id + "\""));
  }
  const base::Result<const json*> output = OutputOf(*read);
  if (!output) {
    return tl::unexpected(output.error());
  }
  const base::Result<std::size_t> width = WidthOf(description, **output, batch.rows.size());
  if (!width) {
    return tl::unexpected(width.error());
  }
  const base::Result<std::vector<double>> values = ValuesOf(*read, **output, parts->tensors);
  if (!values) {
    return tl::unexpected(values.error());
  }
  std::string version = TextMember(*read, "model_version");
  if (version.empty()) {
    version = !settings_.version.empty()         ? settings_.version
              : description.versions.size() == 1 ? description.versions.front()
                                                 : "";
  }
  return PerRow(*values, batch.rows.size(), *width, base::OneLine(version));
}

}  // namespace

std::unique_ptr<RemoteProtocol> MakeOipProtocol(const RemoteModelSettings& settings) {
  return std::make_unique<OipProtocol>(settings);
}

}  // namespace promtally::inference
