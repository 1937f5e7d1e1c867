// SPDX-License-Identifier: Apache-2.0
#include "metering/promql_reader.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "metering/promql_range_functions.h"

namespace promtally::metering {

namespace {

using base::ErrorCode;
using base::Fail;
using promql::RangeEdges;

/// `@` may stand for times that no arithmetic holds.
constexpr std::int64_t kFurthestMilliseconds = 1'000'000'000'000'000;

std::int64_t MillisecondsOf(std::chrono::nanoseconds length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
}

base::Status CheckDuration(const promql::Duration& duration) {
  if (!duration.expression.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "the duration " + duration.expression + " cannot be evaluated without a server");
  }
  return {};
}

RangeWindow MakeWindow(const promql::Duration& range, std::int64_t end, std::int64_t time) {
  constexpr double kNanoseconds = 1e9;
  RangeWindow window;
  window.end = end;
  window.begin = end - MillisecondsOf(range.length);
  window.evaluated_at = time;
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(range.length);
  window.seconds = static_cast<double>(whole.count()) +
                   static_cast<double>((range.length - whole).count()) / kNanoseconds;
  return window;
}

}  // namespace

base::Status PromqlReader::Spend(std::size_t samples) {
  spent_ += samples;
  if (spent_ > options_.max_samples) {
    return Fail(ErrorCode::kTooLarge, "the expression needs more than " +
                                          std::to_string(options_.max_samples) + " samples");
  }
  return {};
}

base::Result<std::int64_t> PromqlReader::Shifted(const promql::TimeShift& shift,
                                                 std::int64_t time) const {
  if (auto checked = CheckDuration(shift.offset); !checked) {
    return tl::unexpected(std::move(checked).error());
  }
  if (shift.at.kind == promql::At::Kind::kInstant) {
    time = std::clamp(shift.at.unix_milliseconds, -kFurthestMilliseconds, kFurthestMilliseconds);
  } else if (shift.at.kind != promql::At::Kind::kNone) {
    time = query_time_;
  }
  return time - MillisecondsOf(shift.offset.length);
}

base::Result<std::vector<const StoredSeries*>> PromqlReader::Select(
    const promql::Selector& selector) const {
  return store_.Select(selector,
                       IsPrometheus2() ? DotMatchesNewline::kNo : DotMatchesNewline::kYes);
}

std::vector<TimedValue> PromqlReader::SamplesIn(const std::vector<TimedValue>& samples,
                                                std::int64_t begin, std::int64_t end) const {
  const bool is_closed = IsPrometheus2();
  const auto first =
      std::partition_point(samples.begin(), samples.end(), [=](const TimedValue& sample) {
        return is_closed ? sample.unix_milliseconds < begin : sample.unix_milliseconds <= begin;
      });
  std::vector<TimedValue> inside;
  for (auto each = first; each != samples.end() && each->unix_milliseconds <= end; ++each) {
    if (!IsStaleMarker(each->value)) {
      inside.push_back(*each);
    }
  }
  return inside;
}

base::Result<RangeVector> PromqlReader::RangeAt(const promql::Selector& selector,
                                                std::int64_t time) {
  const auto end = Shifted(selector.shift, time);
  if (!end) {
    return tl::unexpected(end.error());
  }
  if (auto checked = CheckDuration(selector.range); !checked) {
    return tl::unexpected(std::move(checked).error());
  }
  auto series = Select(selector);
  if (!series) {
    return tl::unexpected(std::move(series).error());
  }
  RangeVector range;
  range.window = MakeWindow(selector.range, *end, time);
  range.window.edges = selector.edges;
  const bool is_extended = selector.edges != RangeEdges::kPlain;
  const std::int64_t begin = range.window.begin - (is_extended ? Lookback() : 0);
  const std::int64_t last = *end + (selector.edges == RangeEdges::kSmoothed ? Lookback() : 0);
  for (const StoredSeries* stored : *series) {
    auto samples = SamplesIn(stored->samples, begin, last);
    if (auto within = Spend(samples.size() + 1); !within) {
      return tl::unexpected(std::move(within).error());
    }
    if (!samples.empty()) {
      range.series.push_back({&stored->labels, std::move(samples)});
    }
  }
  return range;
}

base::Result<RangeWindow> PromqlReader::WindowOf(const promql::Subquery& subquery,
                                                 std::int64_t time) const {
  for (const promql::Duration* duration : {&subquery.range, &subquery.step}) {
    if (auto checked = CheckDuration(*duration); !checked) {
      return tl::unexpected(std::move(checked).error());
    }
  }
  const auto end = Shifted(subquery.shift, time);
  if (!end) {
    return tl::unexpected(end.error());
  }
  return MakeWindow(subquery.range, *end, time);
}

base::Result<InstantVector> PromqlReader::InstantAt(const promql::Selector& selector,
                                                    std::int64_t time) {
  const auto at = Shifted(selector.shift, time);
  if (!at) {
    return tl::unexpected(at.error());
  }
  auto series = Select(selector);
  if (!series) {
    return tl::unexpected(std::move(series).error());
  }
  if (auto within = Spend(series->size()); !within) {
    return tl::unexpected(std::move(within).error());
  }
  InstantVector vector;
  for (const StoredSeries* stored : *series) {
    const auto newest = selector.edges == RangeEdges::kSmoothed ? SmoothedAt(stored->samples, *at)
                                                                : NewestAt(stored->samples, *at);
    if (newest) {
      vector.push_back({stored->labels, newest->value, newest->unix_milliseconds});
    }
  }
  return vector;
}

std::optional<TimedValue> PromqlReader::NewestAt(const std::vector<TimedValue>& samples,
                                                 std::int64_t at) const {
  const auto after = std::partition_point(
      samples.begin(), samples.end(),
      [at](const TimedValue& sample) { return sample.unix_milliseconds <= at; });
  if (after == samples.begin()) {
    return std::nullopt;
  }
  const TimedValue& newest = *(after - 1);
  const std::int64_t oldest = at - Lookback() + (IsPrometheus2() ? 0 : 1);
  if (newest.unix_milliseconds < oldest || IsStaleMarker(newest.value)) {
    return std::nullopt;
  }
  return newest;
}

std::optional<TimedValue> PromqlReader::SmoothedAt(const std::vector<TimedValue>& samples,
                                                   std::int64_t at) const {
  const auto around = SamplesIn(samples, at - Lookback(), at + Lookback());
  const auto next = std::partition_point(
      around.begin(), around.end(),
      [at](const TimedValue& sample) { return sample.unix_milliseconds < at; });
  if (next != around.end() && next->unix_milliseconds == at) {
    return *next;
  }
  if (next == around.begin()) {
    return std::nullopt;
  }
  if (next == around.end()) {
    return TimedValue{at, (next - 1)->value};
  }
  return TimedValue{at, Interpolate(*(next - 1), *next, at, false)};
}

}  // namespace promtally::metering
