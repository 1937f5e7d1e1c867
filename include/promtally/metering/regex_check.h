// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "promtally/promql/parser.h"

namespace promtally::metering {

/// How a regular expression treats a line feed: a dot matches it from Prometheus 3 on.
enum class DotMatchesNewline { kNo, kYes };

/// Judges the expression of a `=~` or `!~` matcher by RE2, whose syntax Prometheus shares: a
/// promql::RegexCheck. Any thread; time and memory are bounded.
[[nodiscard]] promql::RegexVerdict CheckRegex(std::string_view expression);

}  // namespace promtally::metering
