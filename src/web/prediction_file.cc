// SPDX-License-Identifier: Apache-2.0
// Prediction loops as JSON: the file that keeps them, and what `GET /api/v1/predictions` shows.
#include <cmath>

#include "web/body_value.h"
#include "web/prediction_loops.h"
#include "web/python_text.h"

namespace promtally::web {
namespace {

constexpr std::size_t kDepth = 16;
constexpr std::string_view kFormat = "promtally-predictions-1";

/// Members of one object.
class Members {
 public:
  void Raw(std::string_view name, std::string_view json) {
    json_ += json_.empty() ? "{" : ",";
    AppendJsonText(json_, name);
    json_ += ':';
    json_ += json;
  }
  void Text(std::string_view name, std::string_view text) { Raw(name, Quoted(text)); }
  void Number(std::string_view name, std::int64_t number) { Raw(name, std::to_string(number)); }
  void TextOrNull(std::string_view name, const std::optional<std::string>& text) {
    Raw(name, text ? Quoted(*text) : "null");
  }
  [[nodiscard]] std::string Take() const { return json_.empty() ? "{}" : json_ + "}"; }

  static std::string Quoted(std::string_view text) {
    std::string json;
    AppendJsonText(json, text);
    return json;
  }

 private:
  std::string json_;
};

std::string List(const std::vector<std::string>& texts) {
  std::string json;
  for (const std::string& text : texts) {
    json += (json.empty() ? "" : ",") + Members::Quoted(text);
  }
  return "[" + json + "]";
}

std::string Lists(const std::vector<std::vector<double>>& lists) {
  std::string json;
  for (const std::vector<double>& list : lists) {
    std::string items;
    for (const double item : list) {
      items += (items.empty() ? "" : ",") + PythonFloatText(item);
    }
    json += (json.empty() ? "[" : ",[") + items + "]";
  }
  return "[" + json + "]";
}

std::optional<std::string> InstantText(const std::optional<base::Instant>& instant) {
  return instant ? std::optional(base::ToText(*instant)) : std::nullopt;
}

const char* TypeText(IcosType type) {
  switch (type) {
    case IcosType::kCounter:
      return "counter";
    case IcosType::kInfo:
      return "info";
    case IcosType::kEnum:
      return "enum";
    case IcosType::kGauge:
      break;
  }
  return "gauge";
}

std::string LabelsText(const base::LabelSet& labels) {
  Members members;
  for (const auto& [name, value] : labels) {
    members.Text(name, value);
  }
  return members.Take();
}

std::string KeptLoop(const PredictionLoop& loop) {
  Members members;
  members.Text("key", loop.key);
  members.Text("name", loop.metric.name);
  members.Number("type", static_cast<int>(loop.metric.type));
  members.Text("help", loop.metric.help);
  members.Raw("labels", LabelsText(loop.metric.labels));
  members.Raw("states", List(loop.metric.states));
  members.Text("model", loop.request.model_tag);
  members.Raw("queries", List(loop.request.queries));
  members.Number("steps_back", static_cast<std::int64_t>(loop.request.steps_back));
  members.Raw("fill_gaps", loop.request.fill_gaps ? "true" : "false");
  members.Raw("history_sample_size", loop.request.history_sample_size
                                         ? std::to_string(*loop.request.history_sample_size)
                                         : "null");
  members.Raw("history", Lists(loop.request.history));
  members.Number("step_seconds", loop.step_seconds);
  members.Number("cycles", static_cast<std::int64_t>(loop.cycles));
  members.Number("errors", static_cast<std::int64_t>(loop.errors));
  members.TextOrNull("last_error", loop.last_error);
  members.TextOrNull("last_success", InstantText(loop.last_success));
  return members.Take();
}

/// Reads members with their types; anything else is damage.
class KeptReader {
 public:
  explicit KeptReader(const BodyValue& body) : body_(body) {}

  std::string Text(const char* name) {
    const BodyValue* value = body_.Find(name);
    good_ = good_ && value != nullptr && value->IsText();
    return good_ ? value->text : "";
  }
  std::optional<std::string> TextOrNull(const char* name) {
    const BodyValue* value = body_.Find(name);
    return value == nullptr || value->IsNull() ? std::nullopt : std::optional(Text(name));
  }
  std::int64_t Number(const char* name, double least, double most) {
    const BodyValue* value = body_.Find(name);
    good_ = good_ && value != nullptr && value->IsNumber() && value->number >= least &&
            value->number <= most;
    return good_ ? static_cast<std::int64_t>(value->number) : 0;
  }
  std::vector<std::string> Texts(const char* name) {
    std::vector<std::string> texts;
    const BodyValue* value = body_.Find(name);
    good_ = good_ && value != nullptr && value->IsArray();
    for (const BodyValue& item : good_ ? value->items : std::vector<BodyValue>()) {
      good_ = good_ && item.IsText();
      texts.push_back(item.text);
    }
    return texts;
  }
  [[nodiscard]] const BodyValue* Find(const char* name) const { return body_.Find(name); }
  void Need(bool condition) { good_ = good_ && condition; }
  [[nodiscard]] bool good() const { return good_; }

 private:
  const BodyValue& body_;
  bool good_ = true;
};

std::vector<std::vector<double>> HistoryOf(KeptReader& reader) {
  std::vector<std::vector<double>> history;
  const BodyValue* lists = reader.Find("history");
  reader.Need(lists != nullptr && lists->IsArray());
  for (const BodyValue& list : reader.good() ? lists->items : std::vector<BodyValue>()) {
    reader.Need(list.IsArray());
    history.emplace_back();
    for (const BodyValue& item : list.items) {
      reader.Need(item.IsNumber());
      history.back().push_back(item.number);
    }
  }
  return history;
}

base::Result<PredictionLoop> ReadLoop(const BodyValue& body) {
  constexpr double kMost = 1e15;
  KeptReader reader(body);
  PredictionLoop loop;
  loop.key = reader.Text("key");
  loop.metric.name = reader.Text("name");
  loop.metric.type = static_cast<IcosType>(reader.Number("type", 1, 4));
  loop.metric.help = reader.Text("help");
  const BodyValue* labels = reader.Find("labels");
  reader.Need(labels != nullptr && labels->IsObject());
  if (reader.good()) {
    for (const auto& [name, value] : labels->members) {
      reader.Need(value.IsText());
      loop.metric.labels.emplace_back(name, value.text);
    }
  }
  loop.metric.states = reader.Texts("states");
  loop.request.model_tag = reader.Text("model");
  loop.request.queries = reader.Texts("queries");
  loop.request.steps_back = static_cast<std::size_t>(reader.Number("steps_back", 1, kMost));
  const BodyValue* fill = reader.Find("fill_gaps");
  loop.request.fill_gaps = fill != nullptr && fill->boolean;
  if (const BodyValue* size = reader.Find("history_sample_size");
      size != nullptr && !size->IsNull()) {
    loop.request.history_sample_size = reader.Number("history_sample_size", 0, kMost);
  }
  loop.request.history = HistoryOf(reader);
  loop.step_seconds = reader.Number("step_seconds", 1, kMost);
  loop.cycles = static_cast<std::uint64_t>(reader.Number("cycles", 0, kMost));
  loop.errors = static_cast<std::uint64_t>(reader.Number("errors", 0, kMost));
  loop.last_error = reader.TextOrNull("last_error");
  if (const auto text = reader.TextOrNull("last_success"); text) {
    const auto instant = base::ParseInstant(*text);
    reader.Need(instant.has_value());
    loop.last_success = instant ? std::optional(*instant) : std::nullopt;
  }
  if (!reader.good()) {
    return base::Fail(base::ErrorCode::kParse, "a loop is not as it was written");
  }
  return loop;
}

}  // namespace

std::string LoopsText(const std::vector<const PredictionLoop*>& loops) {
  std::string json = "{\"format\":\"" + std::string(kFormat) + "\",\"loops\":[";
  for (const PredictionLoop* const loop : loops) {
    json += (json.ends_with('[') ? "\n" : ",\n") + KeptLoop(*loop);
  }
  return json + "]}\n";
}

base::Result<std::vector<PredictionLoop>> ReadLoops(const std::string& text) {
  const auto body = ParseJson(text, kDepth);
  const BodyValue* format = body && body->IsObject() ? body->Find("format") : nullptr;
  const BodyValue* list = format != nullptr ? body->Find("loops") : nullptr;
  if (format == nullptr || format->text != kFormat || list == nullptr || !list->IsArray()) {
    return base::Fail(base::ErrorCode::kParse, "it is no file of prediction loops");
  }
  std::vector<PredictionLoop> loops;
  for (const BodyValue& item : list->items) {
    base::Result<PredictionLoop> loop = ReadLoop(item);
    if (!loop) {
      return tl::unexpected(loop.error());
    }
    loops.push_back(*std::move(loop));
  }
  return loops;
}

std::string LoopJson(const PredictionLoop& loop) {
  Members members;
  members.Text("name", loop.metric.name);
  members.Text("model", loop.request.model_tag);
  members.Text("type", TypeText(loop.metric.type));
  members.Number("step_seconds", loop.step_seconds);
  members.Number("cycles", static_cast<std::int64_t>(loop.cycles));
  members.Number("errors", static_cast<std::int64_t>(loop.errors));
  members.TextOrNull("last_error", loop.last_error);
  members.TextOrNull("last_success", InstantText(loop.last_success));
  members.Raw("running", "true");
  members.Raw("labels", LabelsText(loop.metric.labels));
  return members.Take();
}

}  // namespace promtally::web
