// SPDX-License-Identifier: Apache-2.0
#include "config/models_reader.h"

#include <array>

#include "config/remote_models.h"
#include "config/yaml_lines.h"

namespace promtally::config {
namespace {

constexpr std::int64_t kMostVersions = 100'000;

constexpr std::array<Field<ModelsSettings>, 3> kModels{{
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

}  // namespace

void ReadModels(ValueReader& reader, const Node& value, Settings& settings) {
  if (reader.IsMap(value)) {
    reader.ReadMap<ModelsSettings>(value, "models", {kModels}, settings.models);
  }
}

void AppendModelsKeys(std::vector<std::string>& keys) {
  AppendKeys<ModelsSettings>("models.", kModels, keys);
  AppendRemoteModelKeys(keys);
}

std::string ModelsText(const ModelsSettings& models) {
  Lines lines("  ");
  lines.Text("store", models.store);
  lines.Number("max_models_count", models.max_models_count);
  std::string text = Nested("models", lines, "");
  for (const RemoteModelSettings& model : models.remote) {
    text += (&model == &models.remote.front() ? "  remote:\n" : "") + RemoteText(model);
  }
  return text;
}

}  // namespace promtally::config
