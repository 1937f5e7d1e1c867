// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/value_reader.h"
#include "promtally/metering/metric_spec.h"

namespace promtally::config {

/// `model`: one block or a list of them. Those that cannot be used are left out, with a problem.
void ReadModelBlocks(ValueReader& reader, const Node& value, metering::MetricSpec& spec);

/// `metrics.<metric>.model.` + each key, for the reference of keys.
void AppendModelKeys(std::vector<std::string>& keys);

}  // namespace promtally::config
