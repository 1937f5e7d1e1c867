// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/regex_check.h"

#include "metering/anchored_regex.h"

namespace promtally::metering {

promql::RegexVerdict CheckRegex(std::string_view expression) {
  promql::RegexVerdict verdict;
  if (expression.find_first_of("\\.+*?()|[]{}^$") == std::string_view::npos) {
    // Plain text; Prometheus asks no library about it, and takes bytes that are not UTF-8.
    verdict.matches_empty = expression.empty();
    return verdict;
  }
  const auto regex = AnchoredRegex::Make(expression, DotMatchesNewline::kYes);
  if (!regex) {
    verdict.error = regex.error().message;
    return verdict;
  }
  verdict.matches_empty = regex->Matches("");
  return verdict;
}

}  // namespace promtally::metering
