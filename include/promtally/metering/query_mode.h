// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "promtally/metering/metric_spec.h"
#include "promtally/metering/period.h"

namespace promtally::metering {

/// How a spec's usage of one period is asked for.
enum class QueryMode {
  kUnscoped,   ///< the job has no scope key
  kAllScopes,  ///< one query grouped by the scope label
  kPerScope,   ///< one query a scope
};

struct ModeChoice {
  QueryMode mode = QueryMode::kUnscoped;
  std::string reason;  ///< of kPerScope, one line: `topk ranks across values of "project_id"`
};

/// One query for all scopes where the whole text, prefix and suffix included, is proved to keep the
/// scope label and to treat scopes apart (promql/scope_proof.h); else one query a scope. Reads the
/// text each time when there is a prefix or suffix.
[[nodiscard]] ModeChoice ChooseMode(const MetricSpec& spec,
                                    const std::optional<std::string>& scope_key);

/// What is wrong with the query of all scopes as PromQL (`column 7: unexpected …`), empty where it
/// can be read. Experimental functions are taken. Without prefix and suffix nothing can be wrong.
[[nodiscard]] std::string SyntaxProblemOf(const MetricSpec& spec,
                                          const std::optional<std::string>& scope_key);

/// Where scopes are looked for: the values of the scope key among the series of any of these
/// selectors.
struct Discovery {
  std::vector<std::string> selectors;  ///< `metric{key!=""}`
  Period window;
};

/// The built selector and the period; where one query would serve all scopes also the selectors of
/// prefix and suffix, whose series can be a scope's only ones, and the time from which they take
/// samples.
[[nodiscard]] Discovery DiscoveryOf(const MetricSpec& spec, const std::string& scope_key,
                                    Period period);

}  // namespace promtally::metering
