// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metering/promql_value.h"

namespace promtally::metering {

/// `operation by (labels) (…)` over an instant vector: sum, avg, min, max, count, group, stddev,
/// stdvar, quantile, topk, bottomk, limitk, count_values. `parameter` is the scalar or text of
/// those that take one. Groups come in the order of their first element.
[[nodiscard]] base::Result<InstantVector> Aggregate(const promql::Aggregation& aggregation,
                                                    const PromqlValue& parameter,
                                                    const InstantVector& vector,
                                                    PromqlSemantics semantics);

}  // namespace promtally::metering
