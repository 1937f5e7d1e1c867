// SPDX-License-Identifier: Apache-2.0
#include "config/models_reader.h"

#include <algorithm>
#include <array>

#include "config/http_reader.h"
#include "config/remote_models.h"
#include "config/yaml_lines.h"

namespace promtally::config {
namespace {

constexpr std::int64_t kMostVersions = 100'000;

/// An empty URL, from a variable that is not set, means that there is no such server.
std::string ReadUrlOrNone(ValueReader& reader, const Node& value) {
  const std::optional<Scalar> scalar = reader.AnyScalar(value, "a URL");
  return !scalar || scalar->text.empty() ? std::string() : ReadUrl(reader, value).value_or("");
}

void ReadPositive(ValueReader& reader, const Node& value, base::Milliseconds least,
                  base::Milliseconds& target) {
  const auto duration = reader.Duration(value);
  if (duration && *duration < least) {
    reader.Wrong(value, "must be at least " + base::ToText(least));
  } else {
    target = duration.value_or(target);
  }
}

constexpr base::Milliseconds kOneMillisecond{1};

constexpr std::array<Field<IntelligenceSettings>, 4> kIntelligence{{
    {"url",
     [](ValueReader& reader, const Node& value, IntelligenceSettings& settings) {
       settings.server.url = ReadUrlOrNone(reader, value);
     }},
    {"timeout",
     [](ValueReader& reader, const Node& value, IntelligenceSettings& settings) {
       ReadPositive(reader, value, kOneMillisecond, settings.server.timeout);
     }},
    {"train_timeout",
     [](ValueReader& reader, const Node& value, IntelligenceSettings& settings) {
       ReadPositive(reader, value, kOneMillisecond, settings.train_timeout);
     }},
    {"retries",
     [](ValueReader& reader, const Node& value, IntelligenceSettings& settings) {
       settings.server.retries =
           static_cast<int>(reader.Integer(value, 0, 10).value_or(settings.server.retries));
     }},
}};

void ReadIntelligence(ValueReader& reader, const Node& value, ModelsSettings& models) {
  if (reader.IsMap(value)) {
    models.intelligence.server.name = "intelligence";
    models.intelligence.server.type = RemoteModelType::kIcos;
    reader.ReadMap<IntelligenceSettings>(value, "models.intelligence",
                                         {kIntelligence, HttpFields<IntelligenceSettings>::kTable},
                                         models.intelligence);
    CheckHttpClient(value, reader.problems());
  }
}

template <std::string AggregatorSettings::*Member>
void ReadQuery(ValueReader& reader, const Node& value, AggregatorSettings& settings) {
  settings.*Member = reader.NonEmptyText(value).value_or(settings.*Member);
}

constexpr std::array<Field<AggregatorSettings>, 6> kAggregator{{
    {"url", [](ValueReader& reader, const Node& value,
               AggregatorSettings& settings) { settings.url = ReadUrlOrNone(reader, value); }},
    {"interval",
     [](ValueReader& reader, const Node& value, AggregatorSettings& settings) {
       ReadPositive(reader, value, base::Seconds(1), settings.interval);
     }},
    {"timeout",
     [](ValueReader& reader, const Node& value, AggregatorSettings& settings) {
       ReadPositive(reader, value, kOneMillisecond, settings.timeout);
     }},
    {"cpu_query", ReadQuery<&AggregatorSettings::cpu_query>},
    {"memory_query", ReadQuery<&AggregatorSettings::memory_query>},
    {"energy_query", ReadQuery<&AggregatorSettings::energy_query>},
}};

void ReadAggregator(ValueReader& reader, const Node& value, ModelsSettings& models) {
  if (reader.IsMap(value)) {
    reader.ReadMap<AggregatorSettings>(value, "models.aggregator",
                                       {kAggregator, HttpFields<AggregatorSettings>::kTable},
                                       models.aggregator);
    CheckHttpClient(value, reader.problems());
  }
}

void ReadCount(ValueReader& reader, const Node& value, std::int64_t most, std::size_t& target) {
  if (const auto count = reader.Integer(value, 1, most)) {
    target = static_cast<std::size_t>(*count);
  }
}

constexpr std::array<Field<ModelsSettings>, 11> kModels{{
    {"store",
     [](ValueReader& reader, const Node& value, ModelsSettings& models) {
       models.store = reader.NonEmptyText(value).value_or(models.store);
     }},
    {"max_models_count",
     [](ValueReader& reader, const Node& value, ModelsSettings& models) {
       if (const auto count = reader.Integer(value, 0, kMostVersions)) {
         models.max_models_count = static_cast<std::size_t>(*count);
       }
     }},
    {"remote", [](ValueReader& reader, const Node& value,
                  ModelsSettings& models) { ReadRemoteModels(reader, value, models.remote); }},
    {"source",
     [](ValueReader& reader, const Node& value, ModelsSettings& models) {
       models.source = reader.NonEmptyText(value).value_or(models.source);
     }},
    {"interval",
     [](ValueReader& reader, const Node& value, ModelsSettings& models) {
       ReadPositive(reader, value, base::Seconds(1), models.interval);
     }},
    {"query_step",
     [](ValueReader& reader, const Node& value, ModelsSettings& models) {
       ReadPositive(reader, value, base::Seconds(1), models.query_step);
     }},
    {"max_loops",
     [](ValueReader& reader, const Node& value, ModelsSettings& models) {
       ReadCount(reader, value, 100'000, models.max_loops);
     }},
    {"training_queue",
     [](ValueReader& reader, const Node& value, ModelsSettings& models) {
       ReadCount(reader, value, 1000, models.training_queue);
     }},
    {"datasets",
     [](ValueReader& reader, const Node& value, ModelsSettings& models) {
       models.datasets = reader.NonEmptyText(value).value_or(models.datasets);
     }},
    {"intelligence", ReadIntelligence},
    {"aggregator", ReadAggregator},
}};

std::string RemoteText(const RemoteModelSettings& model) {
  Lines lines("      ", "    - ");
  lines.Text("name", model.name);
  lines.Raw("type", ToText(model.type));
  lines.Text("url", WithoutPassword(model.url));
  lines.IfText("model", model.model);
  lines.IfText("version", model.version);
  lines.IfText("input", model.input);
  lines.IfText("output", model.output);
  lines.Raw("missing", ToText(model.missing));
  lines.Duration("timeout", model.timeout);
  lines.Raw("retries", std::to_string(model.retries));
  lines.Number("max_batch_rows", model.max_batch_rows);
  lines.IfText("path", model.path);
  if (model.type == RemoteModelType::kTemplate) {
    lines.Raw("request", model.request);  // JSON is YAML
    lines.Text("response", model.response);
    lines.IfText("ready", model.ready);
  }
  return lines.text() + HttpText(model.http, "      ");
}

/// The servers beside the list of remote models.
std::string ServersText(const ModelsSettings& models) {
  std::string text;
  if (models.intelligence.IsThere()) {
    Lines lines("    ");
    lines.Text("url", WithoutPassword(models.intelligence.server.url));
    lines.Duration("timeout", models.intelligence.server.timeout);
    lines.Duration("train_timeout", models.intelligence.train_timeout);
    lines.Raw("retries", std::to_string(models.intelligence.server.retries));
    text += Nested("intelligence", lines, "  ") + HttpText(models.intelligence.server.http, "    ");
  }
  if (!models.aggregator.url.empty()) {
    Lines lines("    ");
    lines.Text("url", WithoutPassword(models.aggregator.url));
    lines.Duration("interval", models.aggregator.interval);
    lines.Duration("timeout", models.aggregator.timeout);
    lines.Text("cpu_query", models.aggregator.cpu_query);
    lines.Text("memory_query", models.aggregator.memory_query);
    lines.Text("energy_query", models.aggregator.energy_query);
    text += Nested("aggregator", lines, "  ") + HttpText(models.aggregator.http, "    ");
  }
  return text;
}

}  // namespace

void ReadModels(ValueReader& reader, const Node& value, Settings& settings) {
  if (reader.IsMap(value)) {
    reader.ReadMap<ModelsSettings>(value, "models", {kModels}, settings.models);
  }
}

void ResolveModelSource(const Node& root, Settings& settings, Problems& problems) {
  std::string& name = settings.models.source;
  if (name.empty()) {
    name = settings.sources.size() == 1 ? settings.sources.front().name : "";
    return;
  }
  const bool known = std::any_of(settings.sources.begin(), settings.sources.end(),
                                 [&](const SourceSettings& source) { return source.name == name; });
  const Node* const models = Find(root, "models");
  const Node* const value = models == nullptr ? nullptr : Find(*models, "source");
  if (!known && value != nullptr) {
    problems.Error(value->place, "there is no source " + Quoted(name));
  }
}

void AppendModelsKeys(std::vector<std::string>& keys) {
  AppendKeys<ModelsSettings>("models.", kModels, keys);
  AppendRemoteModelKeys(keys);
  constexpr std::string_view kOfIntelligence = "models.intelligence.";
  AppendKeys<IntelligenceSettings>(kOfIntelligence, kIntelligence, keys);
  AppendKeys<IntelligenceSettings>(kOfIntelligence, HttpFields<IntelligenceSettings>::kTable, keys);
  AppendHttpKeys(kOfIntelligence, keys);
  constexpr std::string_view kOfAggregator = "models.aggregator.";
  AppendKeys<AggregatorSettings>(kOfAggregator, kAggregator, keys);
  AppendKeys<AggregatorSettings>(kOfAggregator, HttpFields<AggregatorSettings>::kTable, keys);
  AppendHttpKeys(kOfAggregator, keys);
}

std::string ToYaml(const ModelsSettings& models) {
  Lines lines("  ");
  lines.Text("store", models.store);
  lines.Number("max_models_count", models.max_models_count);
  lines.IfText("source", models.source);
  lines.Duration("interval", models.interval);
  lines.Duration("query_step", models.query_step);
  lines.Number("max_loops", models.max_loops);
  lines.Number("training_queue", models.training_queue);
  lines.Text("datasets", models.datasets);
  std::string text = Nested("models", lines, "") + ServersText(models);
  for (const RemoteModelSettings& model : models.remote) {
    text += (&model == &models.remote.front() ? "  remote:\n" : "") + RemoteText(model);
  }
  return text;
}

}  // namespace promtally::config
