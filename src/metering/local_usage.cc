// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/local_usage.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "metering/promql_value.h"
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

base::Status AddRaw(const RawAnswer& raw, const std::string& metric, bool nans_are_stale,
                    SeriesStore* store) {
  for (std::size_t i = 0; i < raw.series.size(); ++i) {
    if (raw.series.series(i).histogram) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "native histograms cannot be evaluated locally");
    }
    base::LabelSet labels;
    for (std::uint32_t label = 0; label < raw.series.label_count(i); ++label) {
      labels.emplace_back(raw.series.label_name(i, label), raw.series.label_value(i, label));
    }
    labels = base::MakeLabelSet(std::move(labels));
    SetLabel(&labels, kMetricNameLabel, metric);
    std::vector<TimedValue> samples;
    for (const RawSample& sample : raw.samples.samples(i)) {
      if (!nans_are_stale || sample.kind() != RawSample::Kind::kNan) {
        samples.push_back({sample.time_ms(), raw.samples.DoubleOf(sample)});
      }
    }
    std::sort(samples.begin(), samples.end(), [](const TimedValue& a, const TimedValue& b) {
      return a.unix_milliseconds < b.unix_milliseconds;
    });
    store->Merge(std::move(labels), samples);
  }
  return {};
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

base::Result<Answer> EvaluateRawAnswers(const LocalRequest& request,
                                        std::span<const RawAnswer> answers, bool nans_are_stale) {
  if (HasFreeText(*request.spec)) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "a spec with query_prefix or query_suffix cannot be evaluated locally");
  }
  SeriesStore store;
  for (const RawAnswer& raw : answers) {
    if (auto added = AddRaw(raw, request.spec->metric, nans_are_stale, &store); !added) {
      return tl::unexpected(std::move(added).error());
    }
  }
  const auto length =
      std::chrono::duration_cast<base::Seconds>(request.period.end - request.period.begin);
  const auto parsed =
      ParseText(BuildQuery(*request.spec, request.scope_key, {}, length, request.without_begin));
  if (!parsed) {
    return tl::unexpected(parsed.error());
  }
  const auto value = Evaluate(**parsed, request.period.end, store, request.options);
  if (!value) {
    return tl::unexpected(value.error());
  }
  return ToAnswer(value->vector);
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
    std::string text =
        BuildQuery(*request.spec, request.scope_key, part.scopes, length, request.without_begin);
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
