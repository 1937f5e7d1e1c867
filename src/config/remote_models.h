// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/value_reader.h"
#include "promtally/config/remote_model.h"

namespace promtally::config {

inline HttpClientSettings& HttpOf(RemoteModelSettings& model) { return model.http; }

/// `models.remote`, with the checks of each model and of their names.
void ReadRemoteModels(ValueReader& reader, const Node& value,
                      std::vector<RemoteModelSettings>& models);

void AppendRemoteModelKeys(std::vector<std::string>& keys);

}  // namespace promtally::config
