// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "config/settings_reader.h"

namespace promtally::config {
namespace {

constexpr std::int64_t kMostVersions = 1'000'000;

constexpr std::array<Field<ModelsSettings>, 2> kModels{{
    {"store",
     [](ValueReader& reader, const Node& value, ModelsSettings& models) {
       models.store = reader.NonEmptyText(value).value_or(models.store);
     }},
    {"max_models_count",
     [](ValueReader& reader, const Node& value, ModelsSettings& models) {
       if (const auto most = reader.Integer(value, 0, kMostVersions)) {
         models.max_models_count = static_cast<std::size_t>(*most);
       }
     }},
}};

}  // namespace

void ReadModels(ValueReader& reader, const Node& value, Settings& settings) {
  if (reader.IsMap(value)) {
    reader.ReadMap<ModelsSettings>(value, "models", {kModels}, settings.models);
  }
}

void AppendModelsKeys(std::vector<std::string>& keys) {
  AppendKeys<ModelsSettings>("models.", kModels, keys);
}

}  // namespace promtally::config
