// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metering/exact_thing.h"
#include "promtally/base/decimal.h"
#include "promtally/metering/exact_usage.h"

/// What one thing amounts to in a period (private to exact usage).
namespace promtally::metering {

/// The part of one stream (one label set) of a thing.
struct StreamUsage {
  std::uint32_t stream = 0;
  bool has_record = false;  ///< a sample lies in the period, or a share falls into it
  base::Decimal amount;     ///< of an average: times the milliseconds
  std::int64_t present_ms = 0;
  UsageEvidence evidence;
  std::optional<std::int64_t> alive_from_ms;  ///< of the steps that touch the period
  std::int64_t alive_to_ms = 0;
  std::vector<UsageStep> steps;
};

struct ThingUsage {
  std::vector<StreamUsage> streams;
  std::optional<Checkpoint> checkpoint;  ///< where it changed
  bool needs_history = false;
  std::string suspicious;
};

/// What is the same for all things of a period, in milliseconds.
struct ExactWindow {
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;
  std::int64_t back_ms = 0;
  std::int64_t ahead_ms = 0;
  std::int64_t max_gap_ms = 0;
  std::int64_t max_hold_ms = 0;
  bool adjacent = false;
  bool with_steps = false;
  ExactFunction function = ExactFunction::kIncrease;
  const ExactOptions* options = nullptr;
};

/// A start timestamp: from `time_ms` on the thing says that it began at `start_ms`.
struct StartMark {
  std::int64_t time_ms = 0;
  std::int64_t start_ms = 0;
};

/// The streams of a thing by number, made as they are met.
class StreamUsages {
 public:
  StreamUsage& Of(std::uint32_t stream);
  /// The step between two samples, or the hold of one, touches the period there.
  void Touch(std::uint32_t stream, std::int64_t from_ms, std::int64_t to_ms, bool covers,
             const ExactWindow& window);
  void Count(const Point& point);
  [[nodiscard]] std::vector<StreamUsage> Finish();

 private:
  std::vector<StreamUsage> usages_;
};

/// amount × part / whole, rounded half-even to 12 fractional digits: shares are cut cumulatively,
/// so that they add up.
[[nodiscard]] base::Decimal ShareOf(const base::Decimal& amount, std::int64_t part_ms,
                                    std::int64_t whole_ms);
/// numerator / denominator to 12 fractional digits, half-even.
[[nodiscard]] base::Decimal ToTwelvePlaces(const base::Decimal& numerator,
                                           const base::Decimal& denominator);

/// increase, rate, delta, resets, changes.
[[nodiscard]] ThingUsage WalkSteps(const ExactWindow& window, const Thing& thing,
                                   const std::vector<RawAnswer>& answers, Period period,
                                   const std::optional<Checkpoint>& before,
                                   const std::vector<StartMark>& starts);
/// integral and the *_over_time functions.
[[nodiscard]] ThingUsage WalkHolds(const ExactWindow& window, const Thing& thing,
                                   const std::vector<RawAnswer>& answers, Period period,
                                   const std::optional<Checkpoint>& before);

}  // namespace promtally::metering
