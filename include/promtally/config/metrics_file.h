// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "promtally/base/diagnostic.h"
#include "promtally/base/result.h"
#include "promtally/metering/metric_spec.h"

namespace promtally::config {

/// The job that a metrics.yml is read for, as far as it is known.
struct JobContext {
  bool is_known = false;
  std::optional<std::string> scope_key = std::nullopt;  ///< of a known job
  /// `evaluation` of the job: where the file says nothing.
  metering::Evaluation evaluation = metering::Evaluation::kPromql;
  /// In the place of whatever the file says.
  std::optional<metering::Evaluation> forced = std::nullopt;
};

/// What reading a metrics.yml gives: the specs in file order (only meaningful without errors) and
/// every problem found.
struct MetricsFile {
  metering::MetricSpecs specs;
  base::Diagnostics diagnostics;
};

/// Reads CloudKitty's schema and promtally's own keys. Bytes in, values or diagnostics out; all
/// problems at once (at most 20 errors). `file` is only printed. Warnings: `irange`, experimental
/// functions, a counter without range function, delta on a counter, functions that extrapolate,
/// texts that are no PromQL or need one query a scope (of an unknown job: with every scope key), a
/// label in groupby and metadata, `instance`/`job` in groupby.
[[nodiscard]] MetricsFile ReadMetricsFile(std::string_view bytes, std::string_view file,
                                          const JobContext& job = {});

/// One spec as text that FromDefinition() reads back to an equal spec: what the ledger keeps of a
/// version.
[[nodiscard]] std::string ToDefinition(const metering::MetricSpec& spec);
/// A model block in flow style, without defaults; equal blocks have equal texts.
[[nodiscard]] std::string ToDefinition(const metering::ModelBlock& block);
[[nodiscard]] base::Result<metering::MetricSpec> FromDefinition(std::string_view text);

}  // namespace promtally::config
