// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/time.h"

namespace promtally::metering {

/// Who computes a spec's usage. `promql`: the server. `local`: promtally, the same PromQL from raw
/// samples. `exact`: promtally, every increment in exactly one period (exact_usage.h).
enum class Evaluation : std::uint8_t { kPromql, kLocal, kExact };

/// What the first sample of a counter is worth.
enum class FirstSample : std::uint8_t { kIgnore, kFromZero, kFromStartTimestamp };

/// Where a step longer than max_gap belongs: to the period of its newer sample, or to each period
/// by its share of the time.
enum class GapPolicy : std::uint8_t { kAtArrival, kByTime };

/// How a gauge's area between two samples is measured.
enum class Integral : std::uint8_t { kStep, kTrapezoid };

/// Which part of a native histogram is metered.
enum class HistogramPart : std::uint8_t { kCount, kSum };

/// A drop to more than half of the last value: taken as a reset, or the period is held open.
enum class SuspiciousReset : std::uint8_t { kReset, kHold };

/// The `exact:` block of a spec, with the file's defaults filled in.
struct ExactOptions {
  FirstSample first_sample = FirstSample::kIgnore;
  GapPolicy gap = GapPolicy::kAtArrival;
  base::Milliseconds max_gap{300'000};
  Integral integral = Integral::kStep;
  base::Milliseconds max_hold{300'000};
  std::vector<std::string> identity;  ///< sorted; empty: all labels but replica_label
  std::string replica_label;          ///< empty: none
  std::optional<HistogramPart> histogram;
  SuspiciousReset on_suspicious_reset = SuspiciousReset::kReset;
  friend bool operator==(const ExactOptions&, const ExactOptions&) = default;
};

/// `promql`, `ignore`, `by_time`, …: the words of metrics.yml, evidence and messages.
[[nodiscard]] std::string_view ToText(Evaluation evaluation);
[[nodiscard]] std::string_view ToText(FirstSample first_sample);
[[nodiscard]] std::string_view ToText(GapPolicy gap);
[[nodiscard]] std::string_view ToText(Integral integral);
[[nodiscard]] std::string_view ToText(HistogramPart part);
[[nodiscard]] std::string_view ToText(SuspiciousReset on_suspicious_reset);

[[nodiscard]] std::optional<Evaluation> EvaluationFromText(std::string_view text);

}  // namespace promtally::metering
