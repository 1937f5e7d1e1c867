// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "exposition/metric_store.h"

namespace promtally::web {

/// What GET answers of a metric: an object without its closing brace, for `samples` may follow.
void AppendMetric(std::string& out, const exposition::MetricView& metric);
/// One sample of it, as an object.
void AppendSample(std::string& out, exposition::MetricType type,
                  const exposition::SeriesView& series);

}  // namespace promtally::web
