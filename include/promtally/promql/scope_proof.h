// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "promtally/promql/expression.h"

namespace promtally::promql {

/// Whether one query may serve all scopes.
struct ScopeProof {
  bool is_proved = false;
  std::string reason;  ///< why not: `topk ranks across values of "project_id"`; empty when proved
};

/// Proves that an expression keeps `label` and treats its values apart: what the result says of one
/// value depends on series of this value alone, and every series of the result has the value of
/// the series that it was made of. Then one query over all scopes says of each scope what a query
/// for this scope alone would say. Conservative: what is not understood is not proved. The
/// expression has been parsed, so its types are right.
[[nodiscard]] ScopeProof KeepsScopes(const Expression& expression, std::string_view label);

}  // namespace promtally::promql
