// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/value_reader.h"
#include "promtally/config/models_settings.h"
#include "promtally/config/settings.h"

namespace promtally::config {

/// `models:`
void ReadModels(ValueReader& reader, const Node& value, Settings& settings);
void AppendModelsKeys(std::vector<std::string>& keys);
/// The section in force; every secret as `<secret>`.
[[nodiscard]] std::string ModelsText(const ModelsSettings& models);

}  // namespace promtally::config
