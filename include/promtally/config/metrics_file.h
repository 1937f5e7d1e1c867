// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "promtally/base/diagnostic.h"
#include "promtally/base/result.h"
#include "promtally/metering/metric_spec.h"

namespace promtally::config {

/// What reading a metrics.yml gives: the specs in file order (only meaningful without errors) and
/// every problem found.
struct MetricsFile {
  metering::MetricSpecs specs;
  base::Diagnostics diagnostics;
};

/// Reads CloudKitty's schema and promtally's own keys. Bytes in, values or diagnostics out; all
/// problems at once (at most 20 errors). `file` is only printed. Warnings: `irange`, a counter
/// without range function, delta on a counter, functions that extrapolate, a label in groupby and
/// metadata, `instance`/`job` in groupby.
[[nodiscard]] MetricsFile ReadMetricsFile(std::string_view bytes, std::string_view file);

/// One spec as text that FromDefinition() reads back to an equal spec: what the ledger keeps of a
/// version.
[[nodiscard]] std::string ToDefinition(const metering::MetricSpec& spec);
[[nodiscard]] base::Result<metering::MetricSpec> FromDefinition(std::string_view text);

}  // namespace promtally::config
