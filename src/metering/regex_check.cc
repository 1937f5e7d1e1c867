// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/regex_check.h"

#include <re2/re2.h>

namespace promtally::metering {

promql::RegexVerdict CheckRegex(std::string_view expression) {
  promql::RegexVerdict verdict;
  if (expression.find_first_of("\\.+*?()|[]{}^$") == std::string_view::npos) {
    // Plain text; Prometheus asks no library about it, and takes bytes that are not UTF-8.
    verdict.matches_empty = expression.empty();
    return verdict;
  }
  // A batch of scopes is one long alternation.
  constexpr std::int64_t kMemory = std::int64_t{64} << 20;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(kMemory);
  const RE2 compiled(re2::StringPiece(expression.data(), expression.size()), options);
  if (!compiled.ok()) {
    verdict.error = compiled.error();
    return verdict;
  }
  verdict.matches_empty = RE2::FullMatch("", compiled);
  return verdict;
}

}  // namespace promtally::metering
