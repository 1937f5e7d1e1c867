// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/decimal.h"
#include "promtally/base/sha256.h"
#include "promtally/metering/metric_spec.h"
#include "promtally/metering/period.h"
#include "promtally/metering/period_result.h"
#include "promtally/metering/raw_samples.h"

/// Usage computed from raw samples, exactly. Over any run of periods the raw amounts of a counter
/// add up to last - first + resets, to the last digit: each step between two samples belongs to the
/// period (and the labels) of its newer sample, across scrape gaps, restarts and label changes,
/// because what a series was last seen at is kept from period to period. No I/O.
namespace promtally::metering {

/// What is metered by one series of samples, and by its later self after a label changed: the
/// values of `identity`, or of all labels but the metric's name and `replica_label`.
using ThingId = base::Digest;

/// Where a thing stood at the end of a period.
struct Checkpoint {
  /// Of `time_ms`: it was seen before, but its state was let go; what comes next is no first sample
  /// to be billed.
  static constexpr std::int64_t kForgotten = std::numeric_limits<std::int64_t>::min();

  ThingId thing{};
  std::int64_t time_ms = kForgotten;  ///< of the last sample
  std::string value;                  ///< plain decimal
  std::string replica;                ///< that is followed
  std::string billed;  ///< of the step that begins here, by shares of time; empty: nothing
  std::int64_t start_ms = kForgotten;  ///< the start timestamp that was last seen with it
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// The range functions of exact evaluation.
enum class ExactFunction : std::uint8_t {
  kIncrease,
  kRate,
  kDelta,
  kResets,
  kChanges,
  kIntegral,
  kDuration,
  kAvg,
  kMin,
  kMax,
  kLast,
  kSum,
  kCount,
};
[[nodiscard]] std::optional<ExactFunction> ExactFunctionFromText(std::string_view name);
/// True for those that go from sample to sample, and so need a checkpoint.
[[nodiscard]] bool IsStepwise(ExactFunction function);
/// True when the amounts of several periods add up to that of all of them together.
[[nodiscard]] bool IsAdditive(ExactFunction function);
/// The aggregations of exact evaluation: avg, count, max, min, sum.
[[nodiscard]] bool IsExactAggregation(std::string_view name);

enum class StepKind : std::uint8_t { kStep, kReset, kFirst, kGap, kHold };
[[nodiscard]] std::string_view ToText(StepKind kind);

/// One step of the way from samples to an amount. Values and amount are plain decimals.
struct UsageStep {
  std::optional<std::int64_t> from_ms;  ///< absent: a first sample
  std::int64_t to_ms = 0;
  std::string before;
  std::string after;
  StepKind kind = StepKind::kStep;
  std::string amount;
};

/// The way of one raw series.
struct SeriesSteps {
  base::LabelSet labels;  ///< of the series, with the metric's name
  std::size_t group = 0;  ///< number of the series of the answer that it went into
  std::vector<UsageStep> steps;
  std::string raw;
};

/// What proves a record. Of several series in one record: sums of counts, the first and the last
/// sample of any, the largest gap, the smallest coverage, the longest life.
struct UsageEvidence {
  std::string raw;  ///< the amount before query function, factor and offset
  std::int64_t series = 0;
  std::int64_t samples = 0;
  std::int64_t first_ms = 0;  ///< of the samples in the period; 0 without any
  std::int64_t last_ms = 0;
  std::int64_t largest_gap_ms = 0;
  std::int64_t resets = 0;
  std::int64_t suspicious_resets = 0;
  std::int64_t skipped = 0;  ///< NaN and infinities
  std::int64_t late = 0;     ///< at or before begin, and not there before
  std::int64_t covered_ms = 0;
  std::int64_t alive_ms = 0;
  std::int64_t first_samples = 0;  ///< series that began here, by the first-sample policy
  std::string replica;             ///< those followed, by comma
};

struct ExactRequest {
  const MetricSpec* spec = nullptr;
  std::optional<std::string> scope_key;
  Period period;
  base::Milliseconds settle{0};
  /// The state comes from the period just before: what lies at or before begin, and is newer than
  /// it, came late.
  bool adjacent = false;
  bool with_steps = false;
  /// The state of a thing at begin; nullopt: never seen. Empty: no thing was.
  std::function<std::optional<Checkpoint>(const ThingId&)> find;
  /// Start timestamps: the samples are Unix seconds at which a series with these labels began.
  const std::vector<RawAnswer>* starts = nullptr;
};

/// The usage of one spec and period, before conversion.
struct ExactUsage {
  ScopedAnswer answer;                  ///< what a server would have answered, in exact fractions
  std::vector<UsageEvidence> evidence;  ///< of each series of the answer
  std::vector<Checkpoint> checkpoints;  ///< of the things whose state changed
  std::vector<RejectedSeries> rejected;
  /// A series was billed from zero because it has no earlier sample: right only if the server's
  /// data reach back to before `begin - max_gap`.
  bool needs_history = false;
  std::string suspicious;  ///< the first suspicious reset, for people; empty: none
  std::vector<std::string> warnings;
  std::vector<SeriesSteps> steps;  ///< with `with_steps`
};

/// What must be read for a period: samples with begin - back < t <= end + ahead.
struct RawRange {
  base::Milliseconds back{0};
  base::Milliseconds ahead{0};
};
[[nodiscard]] RawRange RawRangeOf(const MetricSpec& spec, base::Milliseconds settle);

/// The selector that is sent, `metric{…}[4200s]`, for the scopes named (none: all).
[[nodiscard]] std::string BuildRawQuery(const MetricSpec& spec,
                                        const std::optional<std::string>& scope_key,
                                        std::span<const std::string> scopes,
                                        base::Milliseconds range);

/// What is sent for a spec of any evaluation and a period, and the time that it is evaluated at.
struct PeriodQuery {
  std::string text;
  base::Instant time;
};
[[nodiscard]] PeriodQuery QueryOfPeriod(const MetricSpec& spec,
                                        const std::optional<std::string>& scope_key,
                                        std::span<const std::string> scopes, Period period,
                                        base::Milliseconds settle);

/// True when the start timestamps of a spec's series decide what their first samples are worth.
[[nodiscard]] bool NeedsStarts(const MetricSpec& spec);
/// The series that says when a counter's series began, in Unix seconds: OpenMetrics names it after
/// the metric, `http_requests_created` for `http_requests_total`.
[[nodiscard]] std::string StartMetricOf(std::string_view metric);

/// Computes the usage of one spec and period. Answers of several queries are joined: a series may
/// have its samples in more than one. Samples outside of the range are passed over.
[[nodiscard]] ExactUsage ComputeExact(const ExactRequest& request,
                                      const std::vector<RawAnswer>& answers);

}  // namespace promtally::metering
