// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "config/problems.h"
#include "config/yaml_document.h"
#include "promtally/config/settings.h"

namespace promtally::config {

/// The secrets and certificates that HTTP client keys name; `map` is where they were read from.
[[nodiscard]] std::vector<NamedFile> FilesOf(const Node& map, const HttpClientSettings& http,
                                             const Problems& problems);

/// Fills in the files that settings without errors name.
void NameFiles(const Node& root, const Problems& problems, SettingsFile* read);

}  // namespace promtally::config
