// SPDX-License-Identifier: Apache-2.0
#include "web/metric_body.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "exposition/text_encoder.h"
#include "promtally/base/time.h"
#include "web/body_value.h"

namespace promtally::web {
namespace {

using exposition::MetricDefinition;
using exposition::MetricType;
using exposition::SampleChange;
using exposition::SampleOp;

/// Reads values at places of a body and notes what is wrong.
class BodyReader {
 public:
  using Place = const std::string&;

  /// The object that the body is.
  std::optional<BodyValue> Root(std::string_view body, std::size_t json_depth) {
    auto value = ParseJson(body, json_depth);
    if (!value) {
      Add("body", value.error().message + " at byte " + std::to_string(value.error().offset));
      return std::nullopt;
    }
    if (!value->IsObject()) {
      Add("body", "must be a JSON object");
      return std::nullopt;
    }
    return *std::move(value);
  }

  void Add(Place place, std::string_view problem) {
    problems_.push_back(place + ": " + std::string(problem));
  }

  void OnlyMembers(const BodyValue& object, const std::vector<std::string_view>& known,
                   Place place) {
    for (const auto& member : object.members) {
      if (std::find(known.begin(), known.end(), member.first) == known.end()) {
        Add(place.empty() ? member.first : place + "." + member.first, "there is no such member");
      }
    }
  }

  std::string Text(const BodyValue& value, Place place) {
    if (!value.IsText()) {
      Add(place, "must be a text");
    }
    return value.text;
  }

  /// A number, or "NaN", "+Inf", "-Inf" as text.
  double Number(const BodyValue& value, Place place) {
    if (value.IsNumber()) {
      return value.number;
    }
    if (value.text == "+Inf" || value.text == "Inf") {
      return std::numeric_limits<double>::infinity();
    }
    if (value.text == "-Inf") {
      return -std::numeric_limits<double>::infinity();
    }
    if (value.text != "NaN") {
      Add(place, R"(must be a number, "NaN", "+Inf" or "-Inf")");
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

  std::vector<std::string> TextList(const BodyValue& value, Place place) {
    std::vector<std::string> texts;
    if (!value.IsArray()) {
      Add(place, "must be a list of texts");
    }
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      texts.push_back(Text(value.items[i], place + "[" + std::to_string(i) + "]"));
    }
    return texts;
  }

  base::LabelSet TextMap(const BodyValue& value, Place place) {
    base::LabelSet texts;
    if (!value.IsObject()) {
      Add(place, "must be an object of texts");
    }
    for (const auto& [name, member] : value.members) {
      texts.emplace_back(name, Text(member, place + "." + name));
    }
    return base::MakeLabelSet(std::move(texts));
  }

  base::Seconds Duration(const BodyValue& value, Place place) {
    const auto duration = base::ParseDuration(Text(value, place));
    if (!duration || *duration < base::Seconds(1)) {
      Add(place, "must be a duration of a second and more such as 10m");
      return base::Seconds(1);
    }
    return std::chrono::floor<base::Seconds>(*duration);
  }

  [[nodiscard]] bool IsSound() const { return problems_.empty(); }
  [[nodiscard]] BodyProblems& problems() { return problems_; }

 private:
  BodyProblems problems_;
};

std::vector<double> ReadBuckets(BodyReader& reader, const BodyValue& value) {
  std::vector<double> bounds;
  if (!value.IsArray()) {
    reader.Add("buckets", "must be a list of numbers");
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    bounds.push_back(reader.Number(value.items[i], "buckets[" + std::to_string(i) + "]"));
  }
  return bounds;
}

std::vector<std::pair<double, double>> ReadQuantiles(BodyReader& reader, const BodyValue& value) {
  std::vector<std::pair<double, double>> quantiles;
  if (!value.IsObject()) {
    reader.Add("quantiles", R"(must be an object such as {"0.99": 0.001})");
  }
  for (const auto& [name, error] : value.members) {
    const std::string place = "quantiles." + name;
    const auto quantile = ParseJson(name, 1);
    if (!quantile || !quantile->IsNumber()) {
      reader.Add(place, "a quantile is a number from 0 to 1");
      continue;
    }
    quantiles.emplace_back(quantile->number, reader.Number(error, place));
  }
  std::sort(quantiles.begin(), quantiles.end());
  return quantiles;
}

void ReadDefinitionMembers(BodyReader& reader, const BodyValue& body, MetricDefinition& metric) {
  const auto member = [&](const char* name, const auto& take) {
    if (const BodyValue* value = body.Find(name)) {
      take(*value, std::string(name));
    }
  };
  using Place = const std::string&;
  member("help", [&](const BodyValue& v, Place at) { metric.help = reader.Text(v, at); });
  member("unit", [&](const BodyValue& v, Place at) { metric.unit = reader.Text(v, at); });
  member("labels", [&](const BodyValue& v, Place at) { metric.labels = reader.TextList(v, at); });
  member("states", [&](const BodyValue& v, Place at) { metric.states = reader.TextList(v, at); });
  member("buckets", [&](const BodyValue& v, Place) { metric.buckets = ReadBuckets(reader, v); });
  member("quantiles",
         [&](const BodyValue& v, Place) { metric.quantiles = ReadQuantiles(reader, v); });
  member("max_age", [&](const BodyValue& v, Place at) { metric.max_age = reader.Duration(v, at); });
  member("ttl", [&](const BodyValue& v, Place at) {
    if (!v.IsNull()) {
      metric.ttl = reader.Duration(v, at);
    }
  });
}

void ReadExemplar(BodyReader& reader, const BodyValue& value, const std::string& place,
                  SampleChange& change) {
  if (!value.IsObject()) {
    reader.Add(place, "must be an object");
    return;
  }
  reader.OnlyMembers(value, {"labels", "value", "timestamp"}, place);
  exposition::Exemplar exemplar;
  if (const BodyValue* labels = value.Find("labels")) {
    exemplar.labels = reader.TextMap(*labels, place + ".labels");
  }
  const BodyValue* number = value.Find("value");
  if (number == nullptr) {
    reader.Add(place + ".value", "is missing");
  } else {
    exemplar.value = reader.Number(*number, place + ".value");
  }
  if (const BodyValue* timestamp = value.Find("timestamp")) {
    exemplar.timestamp = reader.Number(*timestamp, place + ".timestamp");
  }
  change.exemplar = std::move(exemplar);
}

SampleOp ReadOp(BodyReader& reader, const BodyValue& value, const std::string& place) {
  const std::string name = reader.Text(value, place);
  if (name == "set") {
    return SampleOp::kSet;
  }
  if (name == "add") {
    return SampleOp::kAdd;
  }
  if (name != "observe") {
    reader.Add(place, "is set, add or observe");
  }
  return SampleOp::kObserve;
}

SampleChange ReadSample(BodyReader& reader, MetricType type, const BodyValue& sample,
                        const std::string& place) {
  SampleChange change;
  if (!sample.IsObject()) {
    reader.Add(place, "must be an object");
    return change;
  }
  reader.OnlyMembers(sample, {"labels", "op", "value", "exemplar"}, place);
  if (const BodyValue* labels = sample.Find("labels")) {
    change.labels = reader.TextMap(*labels, place + ".labels");
  }
  if (const BodyValue* op = sample.Find("op")) {
    change.op = ReadOp(reader, *op, place + ".op");
  }
  const std::string at = place + ".value";
  const BodyValue* value = sample.Find("value");
  if (value == nullptr) {
    reader.Add(at, "is missing");
  } else if (type == MetricType::kInfo) {
    change.info = reader.TextMap(*value, at);
  } else if (type == MetricType::kStateSet) {
    change.state = reader.Text(*value, at);
  } else {
    change.value = reader.Number(*value, at);
  }
  if (const BodyValue* exemplar = sample.Find("exemplar")) {
    ReadExemplar(reader, *exemplar, place + ".exemplar", change);
  }
  return change;
}

}  // namespace

std::optional<MetricType> TypeNamed(std::string_view name) {
  for (const MetricType type :
       {MetricType::kCounter, MetricType::kGauge, MetricType::kInfo, MetricType::kStateSet,
        MetricType::kHistogram, MetricType::kSummary}) {
    if (exposition::ToText(type) == name) {
      return type;
    }
  }
  return std::nullopt;
}

tl::expected<MetricDefinition, BodyProblems> ReadDefinition(std::string_view name,
                                                            std::string_view body,
                                                            std::size_t json_depth) {
  BodyReader reader;
  MetricDefinition metric;
  metric.name = std::string(name);
  if (const auto root = reader.Root(body, json_depth)) {
    reader.OnlyMembers(
        *root,
        {"type", "help", "unit", "labels", "states", "buckets", "quantiles", "max_age", "ttl"}, "");
    const BodyValue* type_name = root->Find("type");
    const auto type = type_name == nullptr ? std::nullopt : TypeNamed(type_name->text);
    if (!type) {
      reader.Add("type", "is counter, gauge, info, stateset, histogram or summary");
    }
    metric.type = type.value_or(MetricType::kGauge);
    ReadDefinitionMembers(reader, *root, metric);
  }
  if (!reader.IsSound()) {
    return tl::unexpected(std::move(reader.problems()));
  }
  return metric;
}

tl::expected<std::vector<SampleChange>, BodyProblems> ReadSamples(MetricType type,
                                                                  std::string_view body,
                                                                  std::size_t json_depth) {
  constexpr std::size_t kMostProblems = 20;
  BodyReader reader;
  std::vector<SampleChange> changes;
  if (const auto root = reader.Root(body, json_depth)) {
    reader.OnlyMembers(*root, {"samples"}, "");
    const BodyValue* samples = root->Find("samples");
    if (samples == nullptr || !samples->IsArray()) {
      reader.Add("samples", "must be a list");
      return tl::unexpected(std::move(reader.problems()));
    }
    changes.reserve(samples->items.size());
    for (std::size_t i = 0; i < samples->items.size() && reader.problems().size() < kMostProblems;
         ++i) {
      changes.push_back(
          ReadSample(reader, type, samples->items[i], "samples[" + std::to_string(i) + "]"));
    }
  }
  if (!reader.IsSound()) {
    return tl::unexpected(std::move(reader.problems()));
  }
  return changes;
}

tl::expected<base::LabelSet, BodyProblems> ReadLabels(std::string_view text,
                                                      std::size_t json_depth) {
  BodyReader reader;
  base::LabelSet labels;
  if (const auto root = reader.Root(text, json_depth)) {
    labels = reader.TextMap(*root, "labels");
  }
  if (!reader.IsSound()) {
    return tl::unexpected(std::move(reader.problems()));
  }
  return labels;
}

}  // namespace promtally::web
