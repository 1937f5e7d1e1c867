// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/value_reader.h"
#include "promtally/config/settings.h"

namespace promtally::config {

/// `sources:`, with the checks of each source and of their names.
void ReadSources(ValueReader& reader, const Node& value, Settings& settings);
/// `collect:`, with the checks of each job and of their names.
void ReadJobs(ValueReader& reader, const Node& value, Settings& settings);
/// Each job has a source that exists; fills in the only one. After both lists have been read.
void ResolveSources(const Node& root, Settings& settings, Problems& problems);

void AppendSourceKeys(std::vector<std::string>& keys);
void AppendJobKeys(std::vector<std::string>& keys);

}  // namespace promtally::config
