// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/query_parts.h"

#include <utility>

#include "promtally/metering/query_builder.h"
#include "promtally/metering/query_mode.h"

namespace promtally::metering {

QueryParts PartsOf(const MetricSpec& spec, const std::optional<std::string>& scope_key,
                   const std::vector<std::string>& scopes, bool per_scope) {
  const auto [mode, reason] = ChooseMode(spec, scope_key);
  std::vector<QueryPart> parts;
  if (mode != QueryMode::kUnscoped && (mode == QueryMode::kPerScope || per_scope)) {
    if (scopes.empty()) {
      return {{}, reason.empty() ? "--per-scope" : reason};
    }
    for (const std::string& scope : scopes) {
      parts.push_back({{scope}, scope});
    }
  } else if (mode == QueryMode::kUnscoped || scopes.empty()) {
    parts.push_back({});
  } else {
    for (const auto& batch : BatchScopes(spec, *scope_key, scopes, kScopesPerQuery)) {
      parts.push_back({{batch.begin(), batch.end()}, std::nullopt});
    }
    if (scopes.size() == 1) {
      parts.front().asked = scopes.front();
    }
  }
  return {std::move(parts), {}};
}

}  // namespace promtally::metering
