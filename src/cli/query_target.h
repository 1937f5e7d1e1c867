// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/load.h"
#include "cli/options.h"
#include "promtally/metering/query_parts.h"

namespace promtally::cli {

/// What `query` speaks of, after files and flags were read: for one job (or a bare metrics file)
/// the specs, the periods and how they are asked for.
struct QueryTarget {
  std::optional<std::string> job;  ///< absent without settings
  std::vector<std::shared_ptr<const metering::MetricSpec>> specs;
  std::optional<std::string> scope_key;
  std::vector<std::string> scopes;
  bool per_scope = false;
  metering::SeriesLimits limits;
  std::shared_ptr<const metering::ScopeFilter> filter;
  metering::RoundingMode rounding = metering::RoundingMode::kExact;
  std::vector<metering::Period> periods;
  base::Milliseconds settle{0};
  config::WindowEdges window_edges = config::WindowEdges::kAsWritten;
  std::optional<config::SourceSettings> source;  ///< whom to ask
  config::ModelsSettings models;                 ///< for model blocks
};

/// One target for a metrics file, or one for each job of a configuration.
[[nodiscard]] OrExit<std::vector<QueryTarget>> ResolveQuery(const QueryOptions& options);

/// How a dry run would ask.
[[nodiscard]] metering::QueryParts PartsOf(const QueryTarget& target,
                                           const metering::MetricSpec& spec);

}  // namespace promtally::cli
