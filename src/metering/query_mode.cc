// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/query_mode.h"

#include <algorithm>
#include <utility>

#include "promtally/metering/query_builder.h"
#include "promtally/metering/regex_check.h"
#include "promtally/promql/parser.h"
#include "promtally/promql/scope_proof.h"
#include "promtally/promql/selectors.h"
#include "promtally/promql/signatures.h"

namespace promtally::metering {

namespace {

/// For questions whose answer does not depend on it.
constexpr base::Seconds kAnyPeriod{3600};

using promql::SelectorUse;
using ParsedQuery = tl::expected<promql::ExpressionPtr, promql::ParseError>;

ParsedQuery ParseQuery(const MetricSpec& spec, const std::optional<std::string>& scope_key,
                       base::Seconds period) {
  return promql::Parse(BuildQuery(spec, scope_key, {}, period), CheckRegex,
                       promql::Experimental::kAllowed);
}

/// Byte of the query's text where the built selector stands.
std::size_t SelectorBegin(const MetricSpec& spec) {
  const std::size_t prefix = spec.query_prefix.empty() ? 0 : spec.query_prefix.size() + 1;
  const std::size_t function = spec.query_function.empty() ? 0 : spec.query_function.size() + 1;
  return prefix + spec.aggregation_method.size() + 1 + function + RangeFunctionOf(spec).size() + 1;
}

/// The selector is one in the parsed text, too: a quote or a comment of the prefix has not
/// swallowed it. Then the text for one scope is this tree with a matcher more.
bool HasBuiltSelector(const MetricSpec& spec, const std::vector<SelectorUse>& selectors) {
  const std::size_t begin = SelectorBegin(spec);
  return std::any_of(selectors.begin(), selectors.end(),
                     [begin](const SelectorUse& use) { return use.begin == begin; });
}

std::string Describe(const promql::ParseError& error) {
  const std::string line = error.line > 1 ? "line " + std::to_string(error.line) + ", " : "";
  return line + "column " + std::to_string(error.column) + ": " + error.message;
}

/// CloudKitty's functions keep the labels, and need no proof without other text.
bool NeedsProof(const MetricSpec& spec) {
  const auto* const signature = promql::FindSignature(spec.range_function);
  return HasFreeText(spec) ||
         (signature != nullptr && signature->labels != promql::LabelEffect::kKeeps);
}

/// Why the text does not serve all scopes at once; empty where it does.
std::string ReasonAgainst(const MetricSpec& spec, const std::string& scope_key) {
  const ParsedQuery parsed = ParseQuery(spec, scope_key, kAnyPeriod);
  if (!parsed) {
    return "the query cannot be read as PromQL: " + Describe(parsed.error());
  }
  if (!HasBuiltSelector(spec, promql::SelectorsOf(**parsed, {}))) {
    return "query_prefix makes the built query a text or a comment";
  }
  return promql::KeepsScopes(**parsed, scope_key).reason;
}

/// `metric{a="b",key!=""}`, whatever its range.
std::string WithScope(const promql::Selector& selector, const std::string& scope_key) {
  promql::Selector any_time;
  any_time.metric = selector.metric;
  any_time.matchers = selector.matchers;
  any_time.matchers.push_back({scope_key, promql::MatchOperator::kNotEqual, ""});
  return promql::PrintCanonical(*promql::MakeSelector(std::move(any_time)));
}

/// The window widened to what the selector sees.
Period Widened(Period window, const SelectorUse& use) {
  const base::Instant first = use.is_bounded ? use.first : base::Instant();
  return {std::min(window.begin, first), std::max(window.end, use.last)};
}

}  // namespace

ModeChoice ChooseMode(const MetricSpec& spec, const std::optional<std::string>& scope_key) {
  if (!scope_key) {
    return {};
  }
  if (!NeedsProof(spec)) {
    return {QueryMode::kAllScopes, {}};
  }
  std::string reason = ReasonAgainst(spec, *scope_key);
  return {reason.empty() ? QueryMode::kAllScopes : QueryMode::kPerScope, std::move(reason)};
}

std::string SyntaxProblemOf(const MetricSpec& spec, const std::optional<std::string>& scope_key) {
  if (!HasFreeText(spec)) {
    return "";
  }
  const ParsedQuery parsed = ParseQuery(spec, scope_key, kAnyPeriod);
  return parsed ? "" : Describe(parsed.error());
}

Discovery DiscoveryOf(const MetricSpec& spec, const std::string& scope_key, Period period) {
  const promql::Selector built{spec.metric, {}, {base::Milliseconds(0)}};
  Discovery discovery{{WithScope(built, scope_key)}, period};
  if (!HasFreeText(spec) || ChooseMode(spec, scope_key).mode != QueryMode::kAllScopes) {
    return discovery;
  }
  const auto parsed = ParseQuery(
      spec, scope_key, std::chrono::duration_cast<base::Seconds>(period.end - period.begin));
  for (const SelectorUse& use : promql::SelectorsOf(**parsed, period.end)) {
    const std::string selector = WithScope(*use.selector, scope_key);
    auto& known = discovery.selectors;
    if (std::find(known.begin(), known.end(), selector) == known.end()) {
      known.push_back(selector);
    }
    discovery.window = Widened(discovery.window, use);
  }
  return discovery;
}

}  // namespace promtally::metering
