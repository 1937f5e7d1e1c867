// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "promtally/metering/exact_usage.h"

namespace promtally::metering {

/// What PromQL would have answered for one record from the same samples; absent: no series.
struct ServerAnswers {
  std::optional<double> increase;
  std::optional<double> delta;
  std::optional<double> anchored;  ///< `increase(… anchored)`: from the last sample before begin
};

/// increase, delta and anchored increase of the series that have these labels, by the spec's
/// aggregation, in doubles as servers compute them. `closed_edges`: a sample at begin is in the
/// window (Prometheus 2).
///
/// Extrapolation is that of Prometheus' `extrapolatedRate` (promql/functions.go).
[[nodiscard]] ServerAnswers CompareWithServers(const MetricSpec& spec, Period period,
                                               bool closed_edges, const base::LabelSet& labels,
                                               const std::vector<RawAnswer>& answers);

}  // namespace promtally::metering
