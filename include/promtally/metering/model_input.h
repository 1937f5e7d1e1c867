// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "promtally/base/time.h"

namespace promtally::metering {

/// Windows of a model that are asked of the job's source by a range query, in the place of
/// committed usage (metrics.yml: `model.input`). Validated.
struct ModelInput {
  std::string query;  ///< PromQL as it is written; empty: built of the four below
  std::string metric;
  std::string aggregation_method;
  std::string range_function;  ///< empty: `<aggregation_method>_over_time`
  std::string query_function;  ///< empty: none
  /// The labels that a series keeps, beside the scope key: groupby and metadata of the spec.
  std::vector<std::string> labels;
  base::Seconds step{0};  ///< from one value of a window to the next

  bool operator==(const ModelInput&) const = default;
};

/// The text that is sent: as it is written, or built by BuildQuery with the step as its range.
[[nodiscard]] std::string InputQuery(const ModelInput& input,
                                     const std::optional<std::string>& scope_key);

}  // namespace promtally::metering
