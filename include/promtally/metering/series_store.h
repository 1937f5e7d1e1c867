// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "promtally/base/labels.h"
#include "promtally/base/result.h"
#include "promtally/metering/regex_check.h"
#include "promtally/promql/expression.h"

namespace promtally::metering {

/// One raw sample: a time in Unix milliseconds and a double, as servers store it. The one NaN of
/// StaleMarker() says that a series has ended; every other NaN is a value.
struct TimedValue {
  std::int64_t unix_milliseconds = 0;
  double value = 0;
};

[[nodiscard]] double StaleMarker();
[[nodiscard]] bool IsStaleMarker(double value);

/// The label that holds a metric's name.
inline constexpr const char* kMetricNameLabel = "__name__";

/// The raw samples of one series, in time order, each time once. Labels with an empty value are
/// absent labels and are not kept.
struct StoredSeries {
  base::LabelSet labels;
  std::vector<TimedValue> samples;
};

/// Raw samples in memory, to evaluate expressions on (promql_evaluator.h). Series are handed out in
/// the order of their labels, as a server reads them from its blocks: the last digits of a sum
/// depend on it. Filled first, then immutable; any thread may read. Pointers to series stay valid
/// until the next Add.
class SeriesStore {
 public:
  /// kConflict: a second series of the same labels; kInvalidArgument: samples out of order or two
  /// of one time, a label name twice.
  [[nodiscard]] base::Status Add(StoredSeries series);
  /// Adds to the series of these labels where there is one; of two samples of one time the first
  /// given counts. `samples` are in time order.
  void Merge(base::LabelSet labels, const std::vector<TimedValue>& samples);

  /// The series that match metric name and matchers, sorted by labels. kInvalidArgument: a regular
  /// expression that cannot be read.
  [[nodiscard]] base::Result<std::vector<const StoredSeries*>> Select(
      const promql::Selector& selector, DotMatchesNewline dot) const;

  [[nodiscard]] std::size_t series_count() const { return by_labels_.size(); }
  [[nodiscard]] std::size_t sample_count() const { return samples_; }
  [[nodiscard]] std::vector<const StoredSeries*> All() const;

 private:
  [[nodiscard]] const std::vector<const StoredSeries*>* OfMetric(
      const promql::Selector& selector) const;
  void Index(const StoredSeries& series);

  std::map<base::LabelSet, StoredSeries> by_labels_;
  std::unordered_map<std::string, std::vector<const StoredSeries*>> by_metric_;
  std::size_t samples_ = 0;
};

}  // namespace promtally::metering
