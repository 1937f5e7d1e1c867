// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/query_builder.h"

#include <utility>

#include "promtally/promql/expression.h"

namespace promtally::metering {

namespace {

promql::Matcher MatchScopes(const std::string& scope_key, std::span<const std::string> scopes) {
  if (scopes.size() == 1) {
    return {scope_key, promql::MatchOperator::kEqual, scopes.front()};
  }
  std::string alternatives;
  for (const std::string& scope : scopes) {
    alternatives += alternatives.empty() ? "" : "|";
    alternatives += promql::QuoteRegex(scope);
  }
  return {scope_key, promql::MatchOperator::kRegex, std::move(alternatives)};
}

}  // namespace

std::string BuildQuery(const MetricSpec& spec, const std::optional<std::string>& scope_key,
                       std::span<const std::string> scopes, base::Seconds period,
                       bool without_begin) {
  promql::Selector selector{spec.metric, {}, {period}};
  // What goes from sample to sample wants the one at begin: it closes the step across it.
  if (without_begin && RangeFunctionOf(spec).ends_with("_over_time")) {
    selector.range.length = base::Milliseconds(period) - base::Milliseconds(1);
  }
  if (scope_key && !scopes.empty()) {
    selector.matchers.push_back(MatchScopes(*scope_key, scopes));
  }
  auto expression = promql::MakeCall(RangeFunctionOf(spec), MakeSelector(std::move(selector)));
  if (!spec.query_function.empty()) {
    expression = promql::MakeCall(spec.query_function, std::move(expression));
  }
  expression = promql::MakeAggregation(spec.aggregation_method, std::move(expression),
                                       AllLabels(spec, scope_key));
  // Free text comes from the configuration file alone, and is joined as CloudKitty does: by one
  // blank.
  std::string text = promql::Print(*expression);
  if (!spec.query_prefix.empty()) {
    text.insert(0, spec.query_prefix + " ");
  }
  if (!spec.query_suffix.empty()) {
    text += " " + spec.query_suffix;
  }
  return text;
}

std::vector<std::span<const std::string>> BatchScopes(const MetricSpec& spec,
                                                      const std::string& scope_key,
                                                      std::span<const std::string> scopes,
                                                      std::size_t most) {
  constexpr base::Seconds kLongestPeriod{86400};
  const std::string none;
  // `=""` becomes `=~""` where there are several.
  const std::size_t frame = BuildQuery(spec, scope_key, {&none, 1}, kLongestPeriod).size() + 1;
  std::vector<std::span<const std::string>> batches;
  std::size_t first = 0;
  std::size_t bytes = frame;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    // Each alternative is quoted twice, once for RE2, once for the string; both quotes of the
    // string count for the bar before it.
    const std::size_t size = promql::Quote(promql::QuoteRegex(scopes[i])).size();
    if (i > first && (i - first == most || bytes + size > kQueryBytes)) {
      batches.push_back(scopes.subspan(first, i - first));
      first = i;
      bytes = frame;
    }
    bytes += size;
  }
  if (first < scopes.size()) {
    batches.push_back(scopes.subspan(first));
  }
  return batches;
}

}  // namespace promtally::metering
