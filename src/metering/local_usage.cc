// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/local_usage.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "promtally/metering/query_builder.h"
#include "promtally/metering/query_mode.h"
#include "promtally/metering/query_parts.h"
#include "promtally/metering/regex_check.h"
#include "promtally/promql/parser.h"

namespace promtally::metering {

namespace {

base::Result<promql::ExpressionPtr> ParseText(const std::string& text) {
  auto parsed = promql::Parse(text, CheckRegex, promql::Experimental::kAllowed);
  if (!parsed) {
    return base::Fail(base::ErrorCode::kParse, "column " + std::to_string(parsed.error().column) +
                                                   ": " + parsed.error().message);
  }
  return *std::move(parsed);
}

/// The values of the scope key among the series that the discovery's selectors match.
base::Result<std::vector<std::string>> ScopesIn(const SeriesStore& store,
                                                const LocalRequest& request) {
  std::set<std::string> scopes;
  const Discovery discovery = DiscoveryOf(*request.spec, *request.scope_key, request.period);
  for (const std::string& text : discovery.selectors) {
    const auto parsed = ParseText(text);
    if (!parsed) {
      return tl::unexpected(parsed.error());
    }
    const auto* const selector = std::get_if<promql::Selector>(&(*parsed)->node);
    if (selector == nullptr) {
      continue;
    }
    const auto series = store.Select(*selector, DotMatchesNewline::kYes);
    if (!series) {
      return tl::unexpected(series.error());
    }
    for (const StoredSeries* each : *series) {
      if (const std::string* const scope = base::Find(each->labels, *request.scope_key)) {
        scopes.insert(*scope);
      }
    }
  }
  return std::vector<std::string>(scopes.begin(), scopes.end());
}

}  // namespace

std::string ValueText(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  // The largest double has 309 digits, the smallest 324 zeros and 17 digits behind the point.
  constexpr std::size_t kLongest = 400;
  char text[kLongest];
  return {text, std::to_chars(text, text + kLongest, value, std::chars_format::fixed).ptr};
}

Answer ToAnswer(const InstantVector& vector) {
  Answer answer;
  for (const VectorSample& sample : vector) {
    answer.BeginSeries();
    for (const auto& [name, value] : sample.labels) {
      answer.AddLabel(name, value);
    }
    answer.SetValue(ValueText(sample.value));
  }
  return answer;
}

base::Result<LocalAnswers> EvaluateLocally(const LocalRequest& request, const SeriesStore& store) {
  QueryParts parts = PartsOf(*request.spec, request.scope_key, request.scopes, false);
  if (!parts.unknown_scopes.empty()) {
    auto scopes = ScopesIn(store, request);
    if (!scopes) {
      return tl::unexpected(std::move(scopes).error());
    }
    if (scopes->empty()) {
      return LocalAnswers();
    }
    parts = PartsOf(*request.spec, request.scope_key, *scopes, false);
  }
  const auto length =
      std::chrono::duration_cast<base::Seconds>(request.period.end - request.period.begin);
  const bool brings_in_others =
      ChooseMode(*request.spec, request.scope_key).mode == QueryMode::kAllScopes &&
      HasFreeText(*request.spec);
  LocalAnswers result;
  for (const QueryPart& part : parts.parts) {
    std::string text = BuildQuery(*request.spec, request.scope_key, part.scopes, length);
    const auto parsed = ParseText(text);
    if (!parsed) {
      return tl::unexpected(parsed.error());
    }
    if (TypeOf(**parsed) != promql::ValueType::kVector) {
      return base::Fail(
          base::ErrorCode::kInvalidArgument,
          "the query gives a " + std::string(promql::TextOf(TypeOf(**parsed))) + ", not a vector");
    }
    const auto value = Evaluate(**parsed, request.period.end, store, request.options);
    if (!value) {
      return tl::unexpected(value.error());
    }
    ScopedAnswer answer;
    answer.answer = ToAnswer(value->vector);
    if (brings_in_others) {
      // The text keeps the label: whose series it is stands in the answer.
      answer.named_scopes = part.scopes;
      std::sort(answer.named_scopes.begin(), answer.named_scopes.end());
    } else {
      answer.asked_scope = part.asked;
    }
    result.answers.push_back(std::move(answer));
    result.queries.push_back(std::move(text));
  }
  return result;
}

}  // namespace promtally::metering
