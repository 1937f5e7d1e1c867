// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "promtally/promql/expression.h"

namespace promtally::promql {

/// The whole tree as text, so that two trees can be compared: every field, nothing sorted, no
/// parentheses of the source but as nodes.
[[nodiscard]] std::string TreeText(const Expression& expression);

}  // namespace promtally::promql
