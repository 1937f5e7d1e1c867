// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "promtally/metering/exact_usage.h"

namespace promtally::metering {

/// A series as a test writes it: labels, and samples as (seconds, value).
struct TestSeries {
  base::LabelSet labels;
  std::vector<std::pair<double, std::string>> samples;
};

/// Runs exact usage over consecutive periods as the collector does: samples of the range that must
/// be read, state from the period before.
class ExactRun {
 public:
  explicit ExactRun(MetricSpec spec, std::int64_t period_seconds = 3600)
      : spec_(std::move(spec)), seconds_(period_seconds) {}

  base::Milliseconds settle{300'000};
  bool adjacent = false;   ///< as the next period is told; true after each Period()
  std::size_t chunks = 1;  ///< a read is split by time into so many answers
  bool with_steps = false;

  /// The period of that number, from all the samples there are.
  ExactUsage Period(std::int64_t number, const std::vector<TestSeries>& series);
  /// The raw amounts of the last period by value of `label`; "" where it is absent.
  [[nodiscard]] std::map<std::string, std::string> RawBy(const ExactUsage& usage,
                                                         const std::string& label) const;
  /// The only raw amount; "none" without a record.
  [[nodiscard]] static std::string Raw(const ExactUsage& usage);

  std::map<ThingId, Checkpoint> state;

 private:
  MetricSpec spec_;
  std::int64_t seconds_;
};

/// A spec of `sum(increase(c))` in exact evaluation.
[[nodiscard]] MetricSpec ExactSpec(std::string range_function = "increase",
                                   std::string aggregation = "sum");

}  // namespace promtally::metering
