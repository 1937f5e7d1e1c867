// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/model_input.h"

#include "promtally/metering/metric_spec.h"
#include "promtally/metering/query_builder.h"

namespace promtally::metering {

std::string InputQuery(const ModelInput& input, const std::optional<std::string>& scope_key) {
  if (!input.query.empty()) {
    return input.query;
  }
  MetricSpec spec;
  spec.metric = input.metric;
  spec.aggregation_method = input.aggregation_method;
  spec.range_function = input.range_function;
  spec.query_function = input.query_function;
  spec.groupby = input.labels;
  return BuildQuery(spec, scope_key, {}, input.step);
}

}  // namespace promtally::metering
