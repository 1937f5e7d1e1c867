// SPDX-License-Identifier: Apache-2.0
// Prometheus' extrapolatedRate, extendedRate and instantValue.
#include <algorithm>
#include <cmath>
#include <utility>

#include "metering/promql_range_functions.h"

namespace promtally::metering {

namespace {

enum class Kind { kRate, kIncrease, kDelta };

double Seconds(std::int64_t milliseconds) { return static_cast<double>(milliseconds) / 1000; }

double DifferenceOf(std::span<const TimedValue> samples, bool is_counter) {
  double difference = samples.back().value - samples.front().value;
  for (std::size_t i = 1; is_counter && i < samples.size(); ++i) {
    if (samples[i].value < samples[i - 1].value) {
      difference += samples[i - 1].value;
    }
  }
  return difference;
}

/// How long before the first sample the series is taken to have been there.
struct Start {
  double seconds = 0;
  double sampled = 0;
  double average = 0;
  double first_value = 0;
  double difference = 0;
  bool is_counter = false;

  /// A counter cannot have been negative.
  [[nodiscard]] double NotBelowZero(double seconds_before) const {
    if (is_counter && difference > 0 && first_value >= 0) {
      const double to_zero = sampled * (first_value / difference);
      return to_zero < seconds_before ? to_zero : seconds_before;
    }
    return seconds_before;
  }
};

/// The length of time that the difference is stretched to. Prometheus 2.42 looks for the zero point
/// before it asks whether the first sample is near the start, Prometheus 3 after that; 2.42 also
/// adds in another order, which the last bit of the result shows.
double ExtrapolatedSeconds(const Start& start, double to_end, PromqlSemantics semantics) {
  const double threshold = start.average * 1.1;
  const double end_part = to_end >= threshold ? start.average / 2 : to_end;
  if (semantics == PromqlSemantics::kPrometheus2) {
    const double to_start = start.NotBelowZero(start.seconds);
    return start.sampled + (to_start < threshold ? to_start : start.average / 2) + end_part;
  }
  const double to_start = start.seconds >= threshold ? start.average / 2 : start.seconds;
  return start.sampled + start.NotBelowZero(to_start) + end_part;
}

std::optional<double> Extrapolated(const RangeCall& call, Kind kind) {
  const auto& samples = call.samples;
  if (samples.size() < 2) {
    return std::nullopt;
  }
  const bool is_counter = kind != Kind::kDelta;
  Start start;
  start.is_counter = is_counter;
  start.difference = DifferenceOf(samples, is_counter);
  start.first_value = samples.front().value;
  start.seconds = Seconds(samples.front().unix_milliseconds - call.window->begin);
  start.sampled = Seconds(samples.back().unix_milliseconds - samples.front().unix_milliseconds);
  start.average = start.sampled / static_cast<double>(samples.size() - 1);
  const double to_end = Seconds(call.window->end - samples.back().unix_milliseconds);
  double factor = ExtrapolatedSeconds(start, to_end, call.semantics) / start.sampled;
  if (kind == Kind::kRate) {
    factor /= call.window->seconds;
  }
  return start.difference * factor;
}

/// The samples that an anchored or smoothed window is about: from the last one at or before begin.
struct ExtendedPart {
  std::size_t first = 0;
  std::size_t last = 0;
};

std::optional<ExtendedPart> ExtendedPartOf(const RangeCall& call) {
  const auto& samples = call.samples;
  const bool is_smoothed = call.window->edges == promql::RangeEdges::kSmoothed;
  const auto end = samples.end() - 1;
  const auto after = std::partition_point(samples.begin(), end, [&call](const TimedValue& sample) {
    return sample.unix_milliseconds <= call.window->begin;
  });
  ExtendedPart part;
  part.first = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, after - samples.begin() - 1));
  part.last = samples.size() - 1;
  if (is_smoothed) {
    const auto reached = std::partition_point(
        samples.begin(), end,
        [&call](const TimedValue& sample) { return sample.unix_milliseconds < call.window->end; });
    part.last = static_cast<std::size_t>(reached - samples.begin());
  }
  if (samples[part.last].unix_milliseconds <= call.window->begin ||
      (is_smoothed && samples[part.first].unix_milliseconds > call.window->end)) {
    return std::nullopt;
  }
  return part;
}

double ResetsBetween(double left, double right, std::span<const TimedValue> samples) {
  double correction = 0;
  double before = left;
  for (const TimedValue& sample : samples) {
    correction += sample.value < before ? before : 0;
    before = sample.value;
  }
  return correction + (right < before ? before : 0);
}

std::optional<double> Extended(const RangeCall& call, Kind kind) {
  auto part = ExtendedPartOf(call);
  if (!part) {
    return std::nullopt;
  }
  const auto& samples = call.samples;
  const RangeWindow& window = *call.window;
  const bool is_counter = kind != Kind::kDelta;
  const bool is_smoothed = window.edges == promql::RangeEdges::kSmoothed;
  double left = samples[part->first].value;
  if (is_smoothed && samples[part->first].unix_milliseconds < window.begin) {
    left = Interpolate(samples[part->first], samples[part->first + 1], window.begin, is_counter);
  }
  double right = samples[part->last].value;
  if (is_smoothed && part->last > 0 && samples[part->last].unix_milliseconds > window.end) {
    right = Interpolate(samples[part->last - 1], samples[part->last], window.end, is_counter);
  }
  double difference = right - left;
  if (is_counter) {
    // The bounds stand for the samples at and beyond them.
    const std::size_t first =
        part->first + (samples[part->first].unix_milliseconds <= window.begin ? 1 : 0);
    const std::size_t behind =
        part->last + (samples[part->last].unix_milliseconds >= window.end ? 0 : 1);
    const std::size_t count = behind > first ? behind - first : 0;
    difference += ResetsBetween(left, right, samples.subspan(first, count));
  }
  return kind == Kind::kRate ? difference / window.seconds : difference;
}

template <Kind kKind>
std::optional<double> Difference(const RangeCall& call) {
  return call.window->edges == promql::RangeEdges::kPlain ? Extrapolated(call, kKind)
                                                          : Extended(call, kKind);
}

template <bool kIsRate>
std::optional<double> Instant(const RangeCall& call) {
  if (call.samples.size() < 2) {
    return std::nullopt;
  }
  const TimedValue& last = call.samples[call.samples.size() - 1];
  const TimedValue& before = call.samples[call.samples.size() - 2];
  if (!kIsRate) {
    return last.value - before.value;
  }
  const double difference = last.value < before.value ? last.value : last.value - before.value;
  return difference / Seconds(last.unix_milliseconds - before.unix_milliseconds);
}

/// The samples that changes and resets count between; of an anchored window from the one before it.
std::span<const TimedValue> Counted(const RangeCall& call) {
  if (call.window->edges != promql::RangeEdges::kAnchored) {
    return call.samples;
  }
  const auto after = std::partition_point(
      call.samples.begin(), call.samples.end(),
      [&call](const TimedValue& sample) { return sample.unix_milliseconds <= call.window->begin; });
  if (after == call.samples.end()) {
    return {};
  }
  const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, after - call.samples.begin() - 1);
  return call.samples.subspan(static_cast<std::size_t>(first));
}

template <typename Predicate>
std::optional<double> CountSteps(const RangeCall& call, Predicate counts) {
  const auto samples = Counted(call);
  if (samples.empty()) {
    return std::nullopt;
  }
  std::size_t count = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    count += counts(samples[i - 1].value, samples[i].value) ? 1U : 0U;
  }
  return static_cast<double>(count);
}

std::optional<double> Resets(const RangeCall& call) {
  return CountSteps(call, [](double before, double after) { return after < before; });
}

std::optional<double> Changes(const RangeCall& call) {
  return CountSteps(call, [](double before, double after) {
    return after != before && !(std::isnan(after) && std::isnan(before));
  });
}

constexpr std::pair<std::string_view, RangeFunction> kFunctions[] = {
    {"changes", &Changes},       {"delta", &Difference<Kind::kDelta>},
    {"idelta", &Instant<false>}, {"increase", &Difference<Kind::kIncrease>},
    {"irate", &Instant<true>},   {"rate", &Difference<Kind::kRate>},
    {"resets", &Resets},
};

}  // namespace

double Interpolate(const TimedValue& from, const TimedValue& to, std::int64_t time,
                   bool is_counter) {
  const double left = is_counter && to.value < from.value ? 0 : from.value;
  return left + (to.value - left) * static_cast<double>(time - from.unix_milliseconds) /
                    static_cast<double>(to.unix_milliseconds - from.unix_milliseconds);
}

RangeFunction FindDifferenceFunction(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                         [name](const auto& each) { return each.first == name; });
  return found == std::end(kFunctions) ? nullptr : found->second;
}

}  // namespace promtally::metering
