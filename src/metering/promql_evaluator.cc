// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/promql_evaluator.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "metering/promql_aggregation.h"
#include "metering/promql_functions.h"
#include "metering/promql_matching.h"
#include "metering/promql_range_functions.h"
#include "metering/promql_reader.h"
#include "metering/promql_value.h"

namespace promtally::metering {

namespace {

using base::ErrorCode;
using base::Fail;
using promql::Expression;
using promql::RangeEdges;

const Expression& Unwrap(const Expression& expression) {
  const Expression* inner = &expression;
  while (const auto* parenthesis = std::get_if<promql::Parenthesis>(&inner->node)) {
    inner = parenthesis->argument.get();
  }
  return *inner;
}

template <typename T>
tl::unexpected<base::Error> ErrorOf(base::Result<T> failed) {
  return tl::unexpected<base::Error>(std::move(failed).error());
}

class Evaluator {
 public:
  Evaluator(const SeriesStore& store, const EvaluationOptions& options, std::int64_t query_time)
      : reader_(store, options, query_time) {}

  base::Result<PromqlValue> ValueAt(const Expression& expression, std::int64_t time) {
    return std::visit(
        [this, time](const auto& node) -> base::Result<PromqlValue> { return Visit(node, time); },
        expression.node);
  }
  /// Of an expression whose type is a range vector.
  base::Result<RangeVector> RangeAt(const Expression& expression, std::int64_t time) {
    const Expression& inner = Unwrap(expression);
    if (const auto* subquery = std::get_if<promql::Subquery>(&inner.node)) {
      return SubqueryAt(*subquery, time);
    }
    return reader_.RangeAt(std::get<promql::Selector>(inner.node), time);
  }

 private:
  base::Result<RangeVector> SubqueryAt(const promql::Subquery& subquery, std::int64_t time) {
    const auto window = reader_.WindowOf(subquery, time);
    if (!window) {
      return tl::unexpected(window.error());
    }
    const auto step = std::chrono::duration_cast<std::chrono::milliseconds>(subquery.step.length);
    auto series = Steps(*subquery.argument, *window,
                        subquery.step.IsSet()
                            ? std::max<std::int64_t>(1, step.count())
                            : std::max<std::int64_t>(1, reader_.options().subquery_step.count()));
    if (!series) {
      return ErrorOf(std::move(series));
    }
    RangeVector range;
    range.window = *window;
    auto& labels = range.owned.emplace_back();
    labels.reserve(series->size());
    for (auto& [key, all_samples] : *series) {
      auto samples = reader_.SamplesIn(all_samples, window->begin, window->end);
      if (!samples.empty()) {
        labels.push_back(key);
        range.series.push_back({&labels.back(), std::move(samples)});
      }
    }
    return range;
  }

  /// The argument's value at every multiple of the step in the window.
  base::Result<std::map<base::LabelSet, std::vector<TimedValue>>> Steps(const Expression& argument,
                                                                        const RangeWindow& window,
                                                                        std::int64_t step) {
    std::map<base::LabelSet, std::vector<TimedValue>> series;
    // Truncates towards zero, as Go does.
    std::int64_t at = step * (window.begin / step);
    if (at < window.begin || (at == window.begin && !reader_.IsPrometheus2())) {
      at += step;
    }
    for (; at <= window.end; at += step) {
      if (auto within = reader_.Spend(1); !within) {
        return tl::unexpected(std::move(within).error());
      }
      auto value = ValueAt(argument, at);
      if (!value) {
        return ErrorOf(std::move(value));
      }
      for (VectorSample& sample : std::get<InstantVector>(*value)) {
        series[std::move(sample.labels)].push_back({at, sample.value});
      }
    }
    return series;
  }

  // --- nodes
  base::Result<PromqlValue> Visit(const promql::NumberLiteral& number, std::int64_t /*time*/) {
    return PromqlValue(number.value);
  }
  base::Result<PromqlValue> Visit(const promql::StringLiteral& text, std::int64_t /*time*/) {
    return PromqlValue(text.value);
  }
  base::Result<PromqlValue> Visit(const promql::Parenthesis& parenthesis, std::int64_t time) {
    return ValueAt(*parenthesis.argument, time);
  }
  base::Result<PromqlValue> Visit(const promql::Subquery& /*subquery*/, std::int64_t /*time*/) {
    return Fail(ErrorCode::kInternal, "a subquery is no instant vector");
  }

  base::Result<PromqlValue> Visit(const promql::Selector& selector, std::int64_t time) {
    return Wrapped(reader_.InstantAt(selector, time));
  }

  base::Result<PromqlValue> Visit(const promql::Unary& unary, std::int64_t time) {
    auto value = ValueAt(*unary.argument, time);
    if (!value || !unary.negative) {
      return value;
    }
    if (double* const scalar = std::get_if<double>(&*value)) {
      return PromqlValue(-*scalar);
    }
    auto& vector = std::get<InstantVector>(*value);
    for (VectorSample& sample : vector) {
      sample.labels = DropName(sample.labels, Semantics());
      sample.value = -sample.value;
    }
    return Wrapped(RefuseDuplicates(std::move(vector)));
  }

  static base::Result<PromqlValue> Wrapped(base::Result<InstantVector> vector) {
    if (!vector) {
      return ErrorOf(std::move(vector));
    }
    return PromqlValue(*std::move(vector));
  }

  base::Result<PromqlValue> Visit(const promql::Binary& binary, std::int64_t time) {
    auto left = ValueAt(*binary.left, time);
    if (!left) {
      return left;
    }
    auto right = ValueAt(*binary.right, time);
    if (!right) {
      return right;
    }
    return Operate(binary, *std::move(left), *std::move(right), Semantics());
  }

  base::Result<PromqlValue> Visit(const promql::Aggregation& aggregation, std::int64_t time) {
    base::Result<PromqlValue> parameter = PromqlValue(0.0);
    if (aggregation.parameter) {
      parameter = ValueAt(*aggregation.parameter, time);
    }
    if (!parameter) {
      return parameter;
    }
    auto argument = ValueAt(*aggregation.argument, time);
    if (!argument) {
      return argument;
    }
    return Wrapped(
        Aggregate(aggregation, *parameter, std::get<InstantVector>(*argument), Semantics()));
  }

  base::Result<PromqlValue> Visit(const promql::Call& call, std::int64_t time) {
    const auto range = std::find_if(
        call.arguments.begin(), call.arguments.end(),
        [](const auto& argument) { return TypeOf(*argument) == promql::ValueType::kMatrix; });
    if (range != call.arguments.end()) {
      return RangeCallAt(call, **range, time);
    }
    FunctionCall function{call.function, {}, time, Semantics()};
    for (const auto& argument : call.arguments) {
      auto value = ValueAt(*argument, time);
      if (!value) {
        return value;
      }
      function.arguments.push_back(*std::move(value));
    }
    if (call.function == "absent") {
      return Absence(Unwrap(*call.arguments.front()), function.Vector(0).empty());
    }
    if (call.function == "timestamp") {
      return Timestamps(function, Unwrap(*call.arguments.front()));
    }
    if (call.function == "start" || call.function == "end") {
      function.evaluated_at = reader_.query_time();
    }
    return CallFunction(function);
  }

  /// The time of the raw sample where the argument is a selector, else the time of evaluation.
  base::Result<PromqlValue> Timestamps(const FunctionCall& function, const Expression& argument) {
    const auto* const selector = std::get_if<promql::Selector>(&argument.node);
    const bool is_raw = selector != nullptr && selector->edges == RangeEdges::kPlain;
    InstantVector result;
    for (const VectorSample& sample : function.Vector(0)) {
      const std::int64_t at = is_raw ? sample.unix_milliseconds : function.evaluated_at;
      result.push_back({DropName(sample.labels, Semantics()), static_cast<double>(at) / 1000, 0});
    }
    return Wrapped(RefuseDuplicates(std::move(result)));
  }

  /// One element with the labels that a selector fixes, if there was nothing.
  static base::Result<PromqlValue> Absence(const Expression& argument, bool is_absent) {
    InstantVector result;
    if (is_absent) {
      base::LabelSet labels;
      if (const auto* selector = std::get_if<promql::Selector>(&argument.node)) {
        std::vector<std::string> seen;
        for (const promql::Matcher& matcher : selector->matchers) {
          if (matcher.name == kMetricNameLabel) {
            continue;
          }
          const bool is_first = std::find(seen.begin(), seen.end(), matcher.name) == seen.end();
          const bool is_fixed = matcher.op == promql::MatchOperator::kEqual && is_first;
          SetLabel(&labels, matcher.name, is_fixed ? matcher.value : "");
          if (is_fixed) {
            seen.push_back(matcher.name);
          }
        }
      }
      result.push_back({std::move(labels), 1, 0});
    }
    return PromqlValue(std::move(result));
  }

  base::Result<PromqlValue> RangeCallAt(const promql::Call& call, const Expression& argument,
                                        std::int64_t time) {
    std::vector<double> scalars;
    for (const auto& each : call.arguments) {
      if (each.get() == &argument) {
        continue;
      }
      auto value = ValueAt(*each, time);
      if (!value) {
        return value;
      }
      scalars.push_back(std::get<double>(*value));
    }
    auto range = RangeAt(argument, time);
    if (!range) {
      return ErrorOf(std::move(range));
    }
    if (call.function == "absent_over_time") {
      return Absence(Unwrap(argument), range->series.empty());
    }
    if (auto checked = CheckRangeCall(call.function, range->window.edges, scalars); !checked) {
      return tl::unexpected(std::move(checked).error());
    }
    return ApplyToRange(call.function, *range, scalars);
  }

  static base::Status CheckRangeCall(const std::string& function, RangeEdges edges,
                                     const std::vector<double>& scalars) {
    if (FindRangeFunction(function) == nullptr) {
      return Fail(ErrorCode::kInvalidArgument,
                  function + "() cannot be evaluated without a server");
    }
    const bool is_difference = function == "rate" || function == "increase" || function == "delta";
    const bool is_counting = function == "changes" || function == "resets";
    if (edges == RangeEdges::kAnchored && !is_difference && !is_counting) {
      return Fail(ErrorCode::kInvalidArgument,
                  "anchored modifier can only be used with: changes, delta, increase, rate, "
                  "resets - not with " +
                      function);
    }
    if (edges == RangeEdges::kSmoothed && !is_difference) {
      return Fail(
          ErrorCode::kInvalidArgument,
          "smoothed modifier can only be used with: delta, increase, rate - not with " + function);
    }
    const bool is_smoothing =
        function == "double_exponential_smoothing" || function == "holt_winters";
    for (std::size_t i = 0; is_smoothing && i < scalars.size(); ++i) {
      if (scalars[i] <= 0 || scalars[i] >= 1) {
        return Fail(ErrorCode::kInvalidArgument,
                    std::string("invalid ") + (i == 0 ? "smoothing" : "trend") +
                        " factor. Expected: 0 < " + (i == 0 ? "sf" : "tf") + " < 1");
      }
    }
    return {};
  }

  base::Result<PromqlValue> ApplyToRange(const std::string& function, const RangeVector& range,
                                         const std::vector<double>& scalars) const {
    const RangeFunction apply = FindRangeFunction(function);
    const bool keeps_name = function == "last_over_time" || function == "first_over_time";
    InstantVector result;
    for (const RangeVector::Series& series : range.series) {
      const RangeCall call{series.samples, &range.window, scalars, Semantics()};
      if (const auto value = apply(call)) {
        result.push_back(
            {keeps_name ? *series.labels : DropName(*series.labels, Semantics()), *value, 0});
      }
    }
    return Wrapped(RefuseDuplicates(std::move(result)));
  }

  [[nodiscard]] PromqlSemantics Semantics() const { return reader_.options().semantics; }

  PromqlReader reader_;
};

}  // namespace

base::Result<EvaluatedValue> Evaluate(const Expression& expression, base::Instant time,
                                      const SeriesStore& store, const EvaluationOptions& options) {
  const std::int64_t at = time.time_since_epoch().count();
  Evaluator evaluator(store, options, at);
  EvaluatedValue result;
  result.type = TypeOf(expression);
  if (result.type == promql::ValueType::kMatrix) {
    auto range = evaluator.RangeAt(expression, at);
    if (!range) {
      return ErrorOf(std::move(range));
    }
    if (range->window.edges != RangeEdges::kPlain) {
      return Fail(ErrorCode::kInvalidArgument,
                  "an anchored or smoothed range is only evaluated as a function's argument");
    }
    for (RangeVector::Series& series : range->series) {
      result.matrix.push_back({*series.labels, std::move(series.samples)});
    }
    return result;
  }
  auto value = evaluator.ValueAt(expression, at);
  if (!value) {
    return ErrorOf(std::move(value));
  }
  if (const double* const scalar = std::get_if<double>(&*value)) {
    result.scalar = *scalar;
  } else if (auto* const text = std::get_if<std::string>(&*value)) {
    result.text = std::move(*text);
  } else {
    result.vector = std::get<InstantVector>(*std::move(value));
  }
  return result;
}

}  // namespace promtally::metering
