// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/exact_usage.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "metering/exact_amount.h"
#include "metering/exact_group.h"
#include "promtally/metering/query_builder.h"
#include "promtally/promql/expression.h"

namespace promtally::metering {
namespace {

constexpr std::array<std::pair<ExactFunction, std::string_view>, 13> kFunctions{{
    {ExactFunction::kIncrease, "increase"},
    {ExactFunction::kRate, "rate"},
    {ExactFunction::kDelta, "delta"},
    {ExactFunction::kResets, "resets"},
    {ExactFunction::kChanges, "changes"},
    {ExactFunction::kIntegral, "integral"},
    {ExactFunction::kDuration, "duration_over_time"},
    {ExactFunction::kAvg, "avg_over_time"},
    {ExactFunction::kMin, "min_over_time"},
    {ExactFunction::kMax, "max_over_time"},
    {ExactFunction::kLast, "last_over_time"},
    {ExactFunction::kSum, "sum_over_time"},
    {ExactFunction::kCount, "count_over_time"},
}};

std::int64_t Ms(base::Instant instant) { return instant.time_since_epoch().count(); }

/// Start timestamps by thing, each list in time order.
using StartMarks = std::unordered_map<std::string, std::vector<StartMark>>;

std::string KeyOf(const ThingId& id) { return {id.begin(), id.end()}; }

StartMarks MarksOf(const std::vector<RawAnswer>* starts, const ExactOptions& options) {
  StartMarks marks;
  if (starts == nullptr) {
    return marks;
  }
  for (const Thing& thing : GroupThings(*starts, options)) {
    std::vector<StartMark>& list = marks[KeyOf(thing.id)];
    for (const PointSource& source : thing.sources) {
      const RawSamples& samples = (*starts)[source.answer].samples;
      for (const RawSample& sample : samples.samples(source.series)) {
        const base::Decimal start = (samples.DecimalOf(sample) * base::Decimal(1000)).Floor();
        if (const auto start_ms = start.ToInt64(); start_ms && sample.IsFinite()) {
          list.push_back({sample.time_ms(), *start_ms});
        }
      }
    }
    std::sort(list.begin(), list.end(),
              [](const StartMark& x, const StartMark& y) { return x.time_ms < y.time_ms; });
  }
  return marks;
}

class Computation {
 public:
  Computation(const ExactRequest& request, const std::vector<RawAnswer>& answers)
      : request_(request), answers_(answers), groups_(request, answers) {
    const RawRange range = RawRangeOf(*request.spec, request.settle);
    window_.begin_ms = Ms(request.period.begin);
    window_.end_ms = Ms(request.period.end);
    window_.back_ms = range.back.count();
    window_.ahead_ms = range.ahead.count();
    window_.max_gap_ms = request.spec->exact.max_gap.count();
    window_.max_hold_ms = request.spec->exact.max_hold.count();
    window_.adjacent = request.adjacent;
    window_.with_steps = request.with_steps;
    window_.function =
        ExactFunctionFromText(RangeFunctionOf(*request.spec)).value_or(ExactFunction::kIncrease);
    window_.options = &request.spec->exact;
  }

  ExactUsage Run() {
    RejectHistograms();
    const StartMarks marks = MarksOf(request_.starts, *window_.options);
    static const std::vector<StartMark> kNone;
    for (const Thing& thing : GroupThings(answers_, *window_.options)) {
      const auto before = request_.find ? request_.find(thing.id) : std::nullopt;
      if (IsStepwise(window_.function)) {
        const auto found = marks.find(KeyOf(thing.id));
        Take(thing, WalkSteps(window_, thing, answers_, request_.period, before,
                              found == marks.end() ? kNone : found->second));
      } else {
        Take(thing, WalkHolds(window_, thing, answers_, request_.period, before));
      }
    }
    groups_.Finish(&usage_);
    return std::move(usage_);
  }

 private:
  void Take(const Thing& thing, ThingUsage found) {
    usage_.needs_history = usage_.needs_history || found.needs_history;
    if (usage_.suspicious.empty() && !found.suspicious.empty()) {
      usage_.suspicious = std::move(found.suspicious);
    }
    if (found.checkpoint) {
      usage_.checkpoints.push_back(*std::move(found.checkpoint));
    }
    for (StreamUsage& stream : found.streams) {
      const RawStream& place = thing.streams[stream.stream];
      if (!window_.options->replica_label.empty()) {
        stream.evidence.replica = thing.replicas[place.replica];
      }
      groups_.Add(place, std::move(stream), &usage_);
    }
  }

  void RejectHistograms() {
    if (window_.options->histogram) {
      return;
    }
    for (const RawAnswer& answer : answers_) {
      for (std::uint32_t s = 0; s < answer.series.size(); ++s) {
        if (!answer.series.series(s).histogram) {
          continue;
        }
        RejectedSeries rejected;
        for (std::uint32_t i = 0; i < answer.series.label_count(s); ++i) {
          rejected.labels.emplace_back(answer.series.label_name(s, i),
                                       answer.series.label_value(s, i));
        }
        rejected.labels = base::MakeLabelSet(std::move(rejected.labels));
        rejected.reason = "histogram";
        usage_.rejected.push_back(std::move(rejected));
      }
    }
  }

  const ExactRequest& request_;
  const std::vector<RawAnswer>& answers_;
  ExactWindow window_;
  ExactUsage usage_;
  UsageGroups groups_;
};

}  // namespace

std::optional<ExactFunction> ExactFunctionFromText(std::string_view name) {
  const auto* const at = std::find_if(kFunctions.begin(), kFunctions.end(),
                                      [name](const auto& row) { return row.second == name; });
  return at == kFunctions.end() ? std::nullopt : std::optional(at->first);
}

bool IsStepwise(ExactFunction function) { return function <= ExactFunction::kChanges; }

bool IsAdditive(ExactFunction function) {
  switch (function) {
    case ExactFunction::kRate:
    case ExactFunction::kAvg:
    case ExactFunction::kMin:
    case ExactFunction::kMax:
    case ExactFunction::kLast:
      return false;
    default:
      return true;
  }
}

bool IsExactAggregation(std::string_view name) {
  return name == "sum" || name == "avg" || name == "min" || name == "max" || name == "count";
}

std::string_view ToText(StepKind kind) {
  switch (kind) {
    case StepKind::kStep:
      return "step";
    case StepKind::kReset:
      return "reset";
    case StepKind::kFirst:
      return "first";
    case StepKind::kGap:
      return "gap";
    case StepKind::kHold:
      return "hold";
  }
  return "";
}

RawRange RawRangeOf(const MetricSpec& spec, base::Milliseconds settle) {
  if (spec.evaluation != Evaluation::kExact) {
    return {};  // the window of the query, as the server delimits it
  }
  const ExactOptions& options = spec.exact;
  const auto function = ExactFunctionFromText(RangeFunctionOf(spec));
  if (!function || IsStepwise(*function)) {
    // One that goes by time, or follows a replica, looks as far ahead as it may.
    const bool looks_far = options.gap == GapPolicy::kByTime || !options.replica_label.empty();
    return {options.max_gap, looks_far ? settle : std::min(settle, options.max_gap)};
  }
  const base::Milliseconds back = options.replica_label.empty()
                                      ? options.max_hold
                                      : std::max(options.max_hold, options.max_gap);
  return {back, options.replica_label.empty() ? std::min(settle, options.max_hold) : settle};
}

std::string BuildRawQuery(const MetricSpec& spec, const std::optional<std::string>& scope_key,
                          std::span<const std::string> scopes, base::Milliseconds range) {
  // Whole seconds: every server reads them, and what lies outside is passed over.
  promql::Selector selector{spec.metric, {}, {std::chrono::ceil<base::Seconds>(range)}};
  if (scope_key && scopes.size() == 1) {
    selector.matchers.push_back({*scope_key, promql::MatchOperator::kEqual, scopes.front()});
  } else if (scope_key && !scopes.empty()) {
    std::string alternatives;
    for (const std::string& scope : scopes) {
      alternatives += alternatives.empty() ? "" : "|";
      alternatives += promql::QuoteRegex(scope);
    }
    selector.matchers.push_back(
        {*scope_key, promql::MatchOperator::kRegex, std::move(alternatives)});
  }
  return promql::Print(*MakeSelector(std::move(selector)));
}

PeriodQuery QueryOfPeriod(const MetricSpec& spec, const std::optional<std::string>& scope_key,
                          std::span<const std::string> scopes, Period period,
                          base::Milliseconds settle) {
  if (spec.evaluation == Evaluation::kPromql) {
    const auto length = std::chrono::duration_cast<base::Seconds>(period.end - period.begin);
    return {BuildQuery(spec, scope_key, scopes, length), period.end};
  }
  const RawRange range = RawRangeOf(spec, settle);
  return {
      BuildRawQuery(spec, scope_key, scopes, period.end - period.begin + range.back + range.ahead),
      period.end + range.ahead};
}

bool NeedsStarts(const MetricSpec& spec) {
  return spec.evaluation == Evaluation::kExact &&
         spec.exact.first_sample == FirstSample::kFromStartTimestamp;
}

std::string StartMetricOf(std::string_view metric) {
  for (const std::string_view suffix : {"_total", "_count", "_sum", "_bucket"}) {
    if (metric.size() > suffix.size() && metric.ends_with(suffix)) {
      metric.remove_suffix(suffix.size());
      break;
    }
  }
  return std::string(metric) + "_created";
}

ExactUsage ComputeExact(const ExactRequest& request, const std::vector<RawAnswer>& answers) {
  return Computation(request, answers).Run();
}

}  // namespace promtally::metering
