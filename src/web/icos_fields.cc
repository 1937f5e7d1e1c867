// SPDX-License-Identifier: Apache-2.0
#include "web/icos_fields.h"

#include <cmath>
#include <utility>

#include "web/python_text.h"
#include "web/router.h"

namespace promtally::web {
namespace {

Response OneFinding(std::string_view type, std::string_view message, const BodyValue& input) {
  IcosFindings findings;
  findings.Add(type, {}, message, &input);
  return findings.ToResponse();
}

Response Unreadable(const JsonError& error) {
  if (error.kind == JsonError::Kind::kTooDeep) {
    return ErrorResponse(ErrorStyle::kDetail, 400, "There was an error parsing the body");
  }
  std::string json = R"({"detail":[{"type":"json_invalid","loc":["body",)" +
                     std::to_string(error.offset) +
                     R"(],"msg":"JSON decode error","input":{},"ctx":{"error":)";
  AppendJsonText(json, error.message);
  return JsonResponse(422, json + "}}]}");
}

/// True when the body is not as it stands what the caller says (`identity` is no encoding).
bool IsEncoded(const Request& request) {
  const std::string* const encoding = FindHeader(request, "Content-Encoding");
  return encoding != nullptr && !EqualsIgnoringCase(*encoding, "identity");
}

std::string NumberText(const BodyValue& value) {
  if (value.kind == BodyValue::Kind::kBool) {
    return value.boolean ? "1" : "0";
  }
  if (value.kind == BodyValue::Kind::kInteger) {
    return value.text == "-0" ? "0" : value.text;
  }
  return PythonFloatText(value.number);
}

/// Text as it is, a number as Python's float.
std::optional<std::string> InfoText(const BodyValue& value) {
  if (value.IsText()) {
    return value.text;
  }
  if (value.kind == BodyValue::Kind::kBool) {
    return value.boolean ? "1.0" : "0.0";
  }
  return value.IsNumber() ? std::optional(PythonFloatText(value.number)) : std::nullopt;
}

}  // namespace

void IcosFindings::Add(std::string_view type, const IcosPlace& place, std::string_view message,
                       const BodyValue* input) {
  json_ += json_.empty() ? R"({"type":)" : R"(,{"type":)";
  AppendJsonText(json_, type);
  json_ += R"(,"loc":["body")";
  for (const auto& step : place) {
    json_ += ',';
    if (const auto* name = std::get_if<std::string>(&step)) {
      AppendJsonText(json_, *name);
    } else {
      json_ += std::to_string(std::get<std::size_t>(step));
    }
  }
  json_ += R"(],"msg":)";
  AppendJsonText(json_, message);
  json_ += R"(,"input":)";
  AppendJson(json_, input != nullptr ? *input : BodyValue());
  json_ += '}';
}

void IcosFindings::Missing(const std::string& field, const BodyValue& body) {
  Add("missing", {field}, "Field required", &body);
}

void IcosFindings::NotText(const IcosPlace& place, const BodyValue& input) {
  Add("string_type", place, "Input should be a valid string", &input);
}

void IcosFindings::NotNumber(const IcosPlace& place, const BodyValue& input) {
  Add("float_type", place, "Input should be a valid number", &input);
}

Response IcosFindings::ToResponse() const {
  return JsonResponse(422, R"({"detail":[)" + json_ + "]}");
}

tl::expected<BodyValue, Response> ReadIcosObject(const Request& request, std::size_t max_depth) {
  const std::string* content_type = FindHeader(request, "Content-Type");
  BodyValue null;
  if (request.body.text().empty()) {
    return tl::unexpected(OneFinding("missing", "Field required", null));
  }
  const auto text = DecodeJsonBytes(request.body.text());
  if (!text || IsEncoded(request)) {
    return tl::unexpected(
        ErrorResponse(ErrorStyle::kDetail, 400, "There was an error parsing the body"));
  }
  constexpr const char* kNoObject =
      "Input should be a valid dictionary or object to extract fields from";
  if (content_type != nullptr && !IsJsonContentType(*content_type)) {
    BodyValue as_text;
    as_text.kind = BodyValue::Kind::kText;
    as_text.text = *text;
    return tl::unexpected(OneFinding("model_attributes_type", kNoObject, as_text));
  }
  auto value = ParseJson(*text, max_depth);
  if (!value) {
    return tl::unexpected(Unreadable(value.error()));
  }
  if (value->IsNull()) {
    return tl::unexpected(OneFinding("missing", "Field required", null));
  }
  if (!value->IsObject()) {
    return tl::unexpected(OneFinding("model_attributes_type", kNoObject, *value));
  }
  return *std::move(value);
}

IcosType IcosFieldReader::Type() {
  const BodyValue* value = body_.Find("metric_type");
  value = value != nullptr ? value : body_.Find("type");  // 2.0.1
  if (value == nullptr) {
    findings_.Missing("metric_type", body_);
    return IcosType::kGauge;
  }
  const double number = value->kind == BodyValue::Kind::kBool ? (value->boolean ? 1.0 : 0.0)
                        : value->IsNumber()                   ? value->number
                                                              : 0.0;
  constexpr double kLast = 4;
  if (number < 1 || number > kLast || number != std::floor(number)) {
    findings_.Add("enum", {"metric_type"}, "Input should be 1, 2, 3 or 4", value);
    return IcosType::kGauge;
  }
  return static_cast<IcosType>(static_cast<int>(number));
}

std::string IcosFieldReader::Name() {
  const BodyValue* value = body_.Find("metric_name");
  if (value == nullptr) {
    findings_.Missing("metric_name", body_);
  } else if (!value->IsText()) {
    findings_.NotText({"metric_name"}, *value);
  } else {
    return value->text;
  }
  return {};
}

std::optional<std::string> IcosFieldReader::Info() {
  const BodyValue* value = body_.Find("metric_info");
  if (value == nullptr || value->IsNull()) {
    return std::nullopt;
  }
  if (!value->IsText()) {
    findings_.NotText({"metric_info"}, *value);
  }
  return value->text;
}

void IcosFieldReader::Value(IcosMetric& metric) {
  const BodyValue* value = body_.Find("value");
  if (value == nullptr) {
    findings_.Missing("value", body_);
  } else if (value->IsText()) {
    metric.value = value->text;
  } else if (value->IsNumber()) {
    metric.value = value->number;
  } else if (value->kind == BodyValue::Kind::kBool) {
    metric.value = value->boolean ? 1.0 : 0.0;
  } else if (!value->IsObject()) {
    NoValue(*value);
    findings_.Add("dict_type", {"value", kDict}, "Input should be a valid dictionary", value);
  } else {
    ObjectValue(*value, metric);
  }
}

void IcosFieldReader::Labels(bool& are_null, IcosTexts& labels) {
  const BodyValue* value = body_.Find("labels");
  if (value == nullptr) {
    return;
  }
  are_null = value->IsNull();
  if (!value->IsNull() && !value->IsObject()) {
    findings_.Add("dict_type", {"labels"}, "Input should be a valid dictionary", value);
  }
  for (const auto& [name, label] : value->members) {
    if (label.IsText()) {
      labels.emplace_back(name, label.text);
    } else if (label.IsNumber() || label.kind == BodyValue::Kind::kBool) {
      labels.emplace_back(name, NumberText(label));
    } else {
      findings_.NotText({"labels", name, "str"}, label);
      findings_.Add("int_type", {"labels", name, "int"}, "Input should be a valid integer", &label);
      findings_.NotNumber({"labels", name, "float"}, label);
    }
  }
}

void IcosFieldReader::States(const char* field, std::vector<std::string>& states) {
  const BodyValue* value = body_.Find(field);
  if (value == nullptr) {
    return;
  }
  if (!value->IsNull() && !value->IsArray()) {
    findings_.Add("list_type", {field}, "Input should be a valid list", value);
  }
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    if (!value->items[i].IsText()) {
      findings_.NotText({field, i}, value->items[i]);
    }
    states.push_back(value->items[i].text);
  }
}

void IcosFieldReader::NoValue(const BodyValue& value) {
  findings_.NotNumber({"value", "float"}, value);
  findings_.NotText({"value", "str"}, value);
}

void IcosFieldReader::ObjectValue(const BodyValue& value, IcosMetric& metric) {
  IcosTexts texts;
  bool told = false;
  for (const auto& [name, member] : value.members) {
    if (auto text = InfoText(member)) {
      texts.emplace_back(name, *std::move(text));
      continue;
    }
    if (!std::exchange(told, true)) {
      NoValue(value);
    }
    findings_.NotText({"value", kDict, name, "str"}, member);
    findings_.NotNumber({"value", kDict, name, "float"}, member);
  }
  metric.value = std::move(texts);
}

std::string IcosFieldReader::NeededText(const char* field) {
  const BodyValue* value = body_.Find(field);
  if (value == nullptr) {
    findings_.Missing(field, body_);
  } else if (!value->IsText()) {
    findings_.NotText({field}, *value);
  } else {
    return value->text;
  }
  return {};
}

std::optional<std::string> IcosFieldReader::OptionalText(const char* field) {
  const BodyValue* value = body_.Find(field);
  if (value == nullptr || value->IsNull()) {
    return std::nullopt;
  }
  if (!value->IsText()) {
    findings_.NotText({field}, *value);
  }
  return value->text;
}

std::vector<std::string> IcosFieldReader::NeededTexts(const char* field) {
  std::vector<std::string> texts;
  const BodyValue* value = body_.Find(field);
  if (value == nullptr) {
    findings_.Missing(field, body_);
  } else if (!value->IsArray()) {
    findings_.Add("list_type", {field}, "Input should be a valid list", value);
  } else {
    States(field, texts);
  }
  return texts;
}

std::optional<std::int64_t> IcosFieldReader::Integer(const char* field, bool needed) {
  const std::optional<double> number = Number(field, needed);
  constexpr double kMost = 1e15;
  if (number && (*number != std::floor(*number) || std::abs(*number) > kMost)) {
    findings_.Add("int_type", {field}, "Input should be a valid integer", body_.Find(field));
    return std::nullopt;
  }
  return number ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

std::optional<double> IcosFieldReader::Number(const char* field, bool needed) {
  const BodyValue* value = body_.Find(field);
  if (value == nullptr || (value->IsNull() && !needed)) {
    if (needed) {
      findings_.Missing(field, body_);
    }
    return std::nullopt;
  }
  if (!value->IsNumber() || !std::isfinite(value->number)) {
    findings_.NotNumber({field}, *value);
    return std::nullopt;
  }
  return value->number;
}

bool IcosFieldReader::Bool(const char* field) {
  const BodyValue* value = body_.Find(field);
  if (value == nullptr) {
    return false;
  }
  if (value->kind != BodyValue::Kind::kBool) {
    findings_.Add("bool_type", {field}, "Input should be a valid boolean", value);
  }
  return value->boolean;
}

}  // namespace promtally::web
