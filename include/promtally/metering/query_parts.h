// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "promtally/metering/metric_spec.h"

namespace promtally::metering {

/// The scopes of one query of a spec; `asked` where it is for one scope.
struct QueryPart {
  std::vector<std::string> scopes;
  std::optional<std::string> asked;
};

/// The queries that a spec and period become.
struct QueryParts {
  std::vector<QueryPart> parts;
  /// Not empty: the spec is asked once a scope, and the scopes are only found by asking the server.
  std::string unknown_scopes;
};

/// How a spec is asked: by one query, by batches of the scopes that are named, or once a scope.
/// `scopes` empty: all.
[[nodiscard]] QueryParts PartsOf(const MetricSpec& spec,
                                 const std::optional<std::string>& scope_key,
                                 const std::vector<std::string>& scopes, bool per_scope);

}  // namespace promtally::metering
