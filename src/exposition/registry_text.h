// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

namespace promtally::exposition {

/// Writes what prometheus-cpp's registry collected as text 0.0.4: families by name, series by their
/// labels, families without a series left out.
void AppendRegistry(std::string& out, std::vector<prometheus::MetricFamily> families);

}  // namespace promtally::exposition
