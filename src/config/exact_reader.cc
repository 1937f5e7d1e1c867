// SPDX-License-Identifier: Apache-2.0
#include "config/exact_reader.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/metric_values.h"
#include "promtally/base/labels.h"
#include "promtally/metering/exact_usage.h"

namespace promtally::config {
namespace {

using metering::ExactOptions;

/// One of an enumeration's words.
template <typename Enum, std::size_t N>
void ReadWord(ValueReader& reader, const Node& value, const std::array<Enum, N>& all,
              Enum& target) {
  std::vector<std::string_view> words;
  words.reserve(N);
  for (const Enum one : all) {
    words.push_back(metering::ToText(one));
  }
  if (const auto word = reader.OneOf(value, words)) {
    const auto at = std::find(words.begin(), words.end(), *word);
    target = all[static_cast<std::size_t>(at - words.begin())];
  }
}

void ReadPositive(ValueReader& reader, const Node& value, base::Milliseconds& target) {
  const auto duration = reader.Duration(value);
  if (duration && duration->count() == 0) {
    reader.Wrong(value, "must be more than 0s");
  } else {
    target = duration.value_or(target);
  }
}

void ReadIdentity(ValueReader& reader, const Node& value, ExactOptions& options) {
  std::vector<std::string> labels;
  ReadLabels(reader, value, labels);
  if (value.kind == NodeKind::kSequence && value.items.empty()) {
    reader.Wrong(value, "is empty", "leave it out: then all labels name the thing metered");
  }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  options.identity = std::move(labels);
}

void ReadReplicaLabel(ValueReader& reader, const Node& value, ExactOptions& options) {
  const auto label = reader.NonEmptyText(value);
  if (label && !base::IsLabelName(*label)) {
    reader.Wrong(value, "must be a label name, which " + Quoted(*label) + " is not",
                 "letters, digits and _, not a digit first");
  } else if (label) {
    options.replica_label = *label;
  }
}

void ReadHistogram(ValueReader& reader, const Node& value, ExactOptions& options) {
  auto part = metering::HistogramPart::kCount;
  ReadWord(reader, value,
           std::array{metering::HistogramPart::kCount, metering::HistogramPart::kSum}, part);
  options.histogram = part;
}

constexpr std::array<Field<ExactOptions>, 9> kExact{{
    {"first_sample",
     [](ValueReader& reader, const Node& value, ExactOptions& options) {
       using metering::FirstSample;
       ReadWord(reader, value,
                std::array{FirstSample::kIgnore, FirstSample::kFromZero,
                           FirstSample::kFromStartTimestamp},
                options.first_sample);
     }},
    {"gap",
     [](ValueReader& reader, const Node& value, ExactOptions& options) {
       ReadWord(reader, value,
                std::array{metering::GapPolicy::kAtArrival, metering::GapPolicy::kByTime},
                options.gap);
     }},
    {"max_gap", [](ValueReader& reader, const Node& value,
                   ExactOptions& options) { ReadPositive(reader, value, options.max_gap); }},
    {"integral",
     [](ValueReader& reader, const Node& value, ExactOptions& options) {
       ReadWord(reader, value,
                std::array{metering::Integral::kStep, metering::Integral::kTrapezoid},
                options.integral);
     }},
    {"max_hold", [](ValueReader& reader, const Node& value,
                    ExactOptions& options) { ReadPositive(reader, value, options.max_hold); }},
    {"identity", ReadIdentity},
    {"replica_label", ReadReplicaLabel},
    {"histogram", ReadHistogram},
    {"on_suspicious_reset",
     [](ValueReader& reader, const Node& value, ExactOptions& options) {
       using metering::SuspiciousReset;
       ReadWord(reader, value, std::array{SuspiciousReset::kReset, SuspiciousReset::kHold},
                options.on_suspicious_reset);
     }},
}};

/// Places of keys of one spec, the spec itself where a key is not written.
class Places {
 public:
  explicit Places(const SpecDraft& draft) : draft_(draft) {}
  [[nodiscard]] Place Of(std::string_view map, std::string_view key) const {
    const Node* const outer = Find(*draft_.map, map);
    const Node* const value = outer == nullptr ? nullptr : Find(*outer, key);
    return value == nullptr ? draft_.place : value->place;
  }
  [[nodiscard]] bool Has(std::string_view map, std::string_view key) const {
    const Node* const outer = Find(*draft_.map, map);
    return outer != nullptr && Find(*outer, key) != nullptr;
  }

 private:
  const SpecDraft& draft_;
};

void RefuseFunctions(const SpecDraft& draft, Problems& problems) {
  const metering::MetricSpec& spec = draft.spec;
  const Places places(draft);
  const std::string where = " of metric " + Quoted(spec.metric);
  if (!places.Has("extra_args", "aggregation_method")) {
    problems.Error(draft.place,
                   "evaluation: exact needs \"aggregation_method\" in extra_args" + where,
                   "sum adds the usage of all series up; the default, max, would bill one of them");
  } else if (!metering::IsExactAggregation(spec.aggregation_method)) {
    problems.Error(places.Of("extra_args", "aggregation_method"),
                   Quoted(spec.aggregation_method) + " is no aggregation of exact evaluation",
                   "allowed: avg, count, max, min, sum");
  }
  const std::string function = metering::RangeFunctionOf(spec);
  if (!metering::ExactFunctionFromText(function)) {
    problems.Error(places.Of("extra_args", "range_function"),
                   Quoted(function) + where + " is no range function of exact evaluation",
                   "allowed: increase, rate, delta, resets, changes, integral, "
                   "duration_over_time, avg_over_time, min_over_time, max_over_time, "
                   "last_over_time, sum_over_time, count_over_time");
  }
  if (metering::HasFreeText(spec)) {
    problems.Error(
        places.Of("extra_args", spec.query_prefix.empty() ? "query_suffix" : "query_prefix"),
        "exact evaluation" + where + " reads raw samples, and has no place for free PromQL",
        "use evaluation: promql, or do without query_prefix and query_suffix");
  }
}

void CheckOptions(const SpecDraft& draft, const FileContext& file, Problems& problems) {
  const ExactOptions& options = draft.spec.exact;
  const Places places(draft);
  const auto has = [&](const std::vector<std::string>& labels) {
    return std::find(labels.begin(), labels.end(), options.replica_label) != labels.end();
  };
  if (!options.replica_label.empty() && has(options.identity)) {
    problems.Error(places.Of("exact", "identity"),
                   Quoted(options.replica_label) +
                       " is the replica label: it cannot be part of what names the thing metered");
  }
  if (!options.replica_label.empty() && (has(draft.spec.groupby) || has(draft.spec.metadata))) {
    problems.Warn(places.Of("exact", "replica_label"),
                  "records of " + Quoted(draft.spec.name) + " have the replica label " +
                      Quoted(options.replica_label) + ", which changes when another is followed");
  }
  if (options.first_sample == metering::FirstSample::kFromZero && file.job.is_known &&
      file.job.scope_key && options.identity.empty()) {
    problems.Error(places.Of("exact", "first_sample"),
                   "first_sample: from_zero of " + Quoted(draft.spec.name) +
                       " needs \"identity\" in a job with a scope key",
                   "a counter that gains its scope label is not new: name the labels that stay");
  }
}

void WarnOfSums(const SpecDraft& draft, Problems& problems) {
  const metering::MetricSpec& spec = draft.spec;
  const Places places(draft);
  const auto warn = [&](Place place, const std::string& what) {
    problems.Warn(place,
                  what + ": the records of " + Quoted(spec.name) + " do not add up over periods");
  };
  if (spec.aggregation_method != "sum" && spec.aggregation_method != "count") {
    warn(places.Of("extra_args", "aggregation_method"),
         "aggregation_method " + spec.aggregation_method + " chooses among series");
  }
  const auto function = metering::ExactFunctionFromText(metering::RangeFunctionOf(spec));
  if (function && *function != metering::ExactFunction::kRate && !metering::IsAdditive(*function)) {
    warn(places.Of("extra_args", "range_function"),
         metering::RangeFunctionOf(spec) + " is no amount of a period");
  }
  if (!spec.query_function.empty() && spec.query_function != "abs") {
    warn(places.Of("extra_args", "query_function"),
         "query_function " + spec.query_function + " is applied in every period");
  }
  if (spec.mutate == metering::Mutation::kFloor || spec.mutate == metering::Mutation::kCeil) {
    const Node* const mutate = Find(*draft.map, "mutate");
    warn(mutate == nullptr ? draft.place : mutate->place,
         std::string(metering::ToText(spec.mutate)) + " rounds every period");
  }
}

}  // namespace

void ReadEvaluation(ValueReader& reader, const Node& value, metering::Evaluation& target) {
  const auto word = reader.OneOf(value, {"promql", "local", "exact"});
  if (word) {
    target = metering::EvaluationFromText(*word).value_or(target);
  }
}

void ReadExactOptions(ValueReader& reader, const Node& value, const std::string& where,
                      ExactOptions& options) {
  if (reader.IsMap(value)) {
    reader.ReadMap<ExactOptions>(value, where, {kExact}, options);
  }
}

std::string DefaultExactFunction(std::string_view metric) {
  for (const std::string_view suffix : {"_total", "_count", "_sum", "_bucket"}) {
    if (metric.ends_with(suffix)) {
      return "increase";
    }
  }
  return "";
}

void CheckExact(const SpecDraft& draft, const FileContext& file, Problems& problems) {
  RefuseFunctions(draft, problems);
  CheckOptions(draft, file, problems);
  WarnOfSums(draft, problems);
  if (draft.spec.range_function.empty()) {
    problems.Warn(draft.place,
                  "metric " + Quoted(draft.spec.metric) +
                      " is no counter by its name and has no \"range_function\": it is " +
                      metering::RangeFunctionOf(draft.spec),
                  "increase for a counter, integral for the area of a gauge");
  }
}

void AppendExactKeys(std::string_view prefix, std::vector<std::string>& keys) {
  AppendKeys<ExactOptions>(prefix, kExact, keys);
}

}  // namespace promtally::config
