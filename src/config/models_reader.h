// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/value_reader.h"
#include "promtally/config/models_settings.h"
#include "promtally/config/settings.h"

namespace promtally::config {

inline HttpClientSettings& HttpOf(IntelligenceSettings& settings) { return settings.server.http; }
inline HttpClientSettings& HttpOf(AggregatorSettings& settings) { return settings.http; }

/// `models:`
void ReadModels(ValueReader& reader, const Node& value, Settings& settings);
/// The source of the models' inputs exists; fills in the only one. After all lists have been read.
void ResolveModelSource(const Node& root, Settings& settings, Problems& problems);
void AppendModelsKeys(std::vector<std::string>& keys);
}  // namespace promtally::config
