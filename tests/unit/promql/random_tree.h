// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "promtally/promql/expression.h"

namespace promtally::promql {

/// A tree that the parser could have made: types are right, and what binds weaker stands in
/// parentheses. The same number gives the same tree.
[[nodiscard]] ExpressionPtr RandomTree(unsigned start);

}  // namespace promtally::promql
