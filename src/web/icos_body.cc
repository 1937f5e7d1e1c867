// SPDX-License-Identifier: Apache-2.0
#include "web/icos_body.h"

#include <cmath>

#include "web/body_value.h"
#include "web/python_text.h"
#include "web/router.h"

namespace promtally::web {
namespace {

/// A place in the body as pydantic writes it: names and numbers.
using Place = std::vector<std::variant<std::string, std::size_t>>;

/// Collects what is wrong with a body, in pydantic's words.
class Findings {
 public:
  void Add(std::string_view type, const Place& place, std::string_view message,
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

  void Missing(const std::string& field, const BodyValue& body) {
    Add("missing", {field}, "Field required", &body);
  }
  void NotText(const Place& place, const BodyValue& input) {
    Add("string_type", place, "Input should be a valid string", &input);
  }
  void NotNumber(const Place& place, const BodyValue& input) {
    Add("float_type", place, "Input should be a valid number", &input);
  }

  [[nodiscard]] bool empty() const { return json_.empty(); }
  [[nodiscard]] Response ToResponse() const {
    return JsonResponse(422, R"({"detail":[)" + json_ + "]}");
  }

 private:
  std::string json_;
};

Response OneFinding(std::string_view type, std::string_view message, const BodyValue& input) {
  Findings findings;
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

/// The object that a body holds.
tl::expected<BodyValue, Response> ReadObject(const Request& request, std::size_t max_depth) {
  const std::string* content_type = FindHeader(request, "Content-Type");
  BodyValue null;
  if (request.body.empty()) {
    return tl::unexpected(OneFinding("missing", "Field required", null));
  }
  const auto text = DecodeJsonBytes(request.body);
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

/// Reads the fields of one body; each reader leaves its default where something is wrong.
class FieldReader {
 public:
  explicit FieldReader(const BodyValue& body) : body_(body) {}

  IcosType Type() {
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

  std::string Name() {
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

  std::optional<std::string> Info() {
    const BodyValue* value = body_.Find("metric_info");
    if (value == nullptr || value->IsNull()) {
      return std::nullopt;
    }
    if (!value->IsText()) {
      findings_.NotText({"metric_info"}, *value);
    }
    return value->text;
  }

  void Value(IcosMetric& metric) {
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

  void Labels(IcosMetric& metric) {
    const BodyValue* value = body_.Find("labels");
    if (value == nullptr) {
      return;
    }
    metric.labels_are_null = value->IsNull();
    if (!value->IsNull() && !value->IsObject()) {
      findings_.Add("dict_type", {"labels"}, "Input should be a valid dictionary", value);
    }
    for (const auto& [name, label] : value->members) {
      if (label.IsText()) {
        metric.labels.emplace_back(name, label.text);
      } else if (label.IsNumber() || label.kind == BodyValue::Kind::kBool) {
        metric.labels.emplace_back(name, NumberText(label));
      } else {
        findings_.NotText({"labels", name, "str"}, label);
        findings_.Add("int_type", {"labels", name, "int"}, "Input should be a valid integer",
                      &label);
        findings_.NotNumber({"labels", name, "float"}, label);
      }
    }
  }

  void States(IcosMetric& metric) {
    const BodyValue* value = body_.Find("states");
    if (value == nullptr) {
      return;
    }
    metric.states_are_null = value->IsNull();
    if (!value->IsNull() && !value->IsArray()) {
      findings_.Add("list_type", {"states"}, "Input should be a valid list", value);
    }
    for (std::size_t i = 0; i < value->items.size(); ++i) {
      if (!value->items[i].IsText()) {
        findings_.NotText({"states", i}, value->items[i]);
      }
      metric.states.push_back(value->items[i].text);
    }
  }

  [[nodiscard]] const Findings& findings() const { return findings_; }

 private:
  static constexpr const char* kDict = "dict[str,union[str,float]]";

  void NoValue(const BodyValue& value) {
    findings_.NotNumber({"value", "float"}, value);
    findings_.NotText({"value", "str"}, value);
  }

  void ObjectValue(const BodyValue& value, IcosMetric& metric) {
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

  const BodyValue& body_;
  Findings findings_;
};

}  // namespace

tl::expected<IcosMetric, Response> ReadIcosMetric(const Request& request, std::size_t max_depth) {
  const auto body = ReadObject(request, max_depth);
  if (!body) {
    return tl::unexpected(body.error());
  }
  FieldReader reader(*body);
  IcosMetric metric;
  metric.type = reader.Type();
  metric.name = reader.Name();
  metric.info = reader.Info();
  reader.Value(metric);
  reader.Labels(metric);
  reader.States(metric);
  if (!reader.findings().empty()) {
    return tl::unexpected(reader.findings().ToResponse());
  }
  return metric;
}

tl::expected<IcosUnregister, Response> ReadIcosUnregister(const Request& request,
                                                          std::size_t max_depth) {
  const auto body = ReadObject(request, max_depth);
  if (!body) {
    return tl::unexpected(body.error());
  }
  FieldReader reader(*body);
  IcosUnregister unregister;
  unregister.type = reader.Type();
  unregister.name = reader.Name();
  if (!reader.findings().empty()) {
    return tl::unexpected(reader.findings().ToResponse());
  }
  return unregister;
}

}  // namespace promtally::web
