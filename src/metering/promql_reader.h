// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "metering/promql_value.h"

namespace promtally::metering {

/// Reads what selectors want from a store during one evaluation: windows with the server's edges,
/// look-back, staleness, offsets and `@`; counts what it touches against the limit.
class PromqlReader {
 public:
  /// `query_time` is what `@ start()` and `@ end()` mean.
  PromqlReader(const SeriesStore& store, const EvaluationOptions& options, std::int64_t query_time)
      : store_(store), options_(options), query_time_(query_time) {}

  [[nodiscard]] base::Result<InstantVector> InstantAt(const promql::Selector& selector,
                                                      std::int64_t time);
  [[nodiscard]] base::Result<RangeVector> RangeAt(const promql::Selector& selector,
                                                  std::int64_t time);
  /// The window of a subquery, without series.
  [[nodiscard]] base::Result<RangeWindow> WindowOf(const promql::Subquery& subquery,
                                                   std::int64_t time) const;
  /// The samples of a series in [begin, end] or (begin, end], without stale markers.
  [[nodiscard]] std::vector<TimedValue> SamplesIn(const std::vector<TimedValue>& samples,
                                                  std::int64_t begin, std::int64_t end) const;
  /// kTooLarge once more than the limit was spent.
  [[nodiscard]] base::Status Spend(std::size_t samples);

  [[nodiscard]] bool IsPrometheus2() const {
    return options_.semantics == PromqlSemantics::kPrometheus2;
  }
  [[nodiscard]] const EvaluationOptions& options() const { return options_; }
  [[nodiscard]] std::int64_t query_time() const { return query_time_; }

 private:
  [[nodiscard]] std::int64_t Lookback() const { return options_.lookback.count(); }
  [[nodiscard]] base::Result<std::int64_t> Shifted(const promql::TimeShift& shift,
                                                   std::int64_t time) const;
  [[nodiscard]] base::Result<std::vector<const StoredSeries*>> Select(
      const promql::Selector& selector) const;
  [[nodiscard]] std::optional<TimedValue> NewestAt(const std::vector<TimedValue>& samples,
                                                   std::int64_t at) const;
  [[nodiscard]] std::optional<TimedValue> SmoothedAt(const std::vector<TimedValue>& samples,
                                                     std::int64_t at) const;

  const SeriesStore& store_;
  const EvaluationOptions& options_;
  std::int64_t query_time_;
  std::size_t spent_ = 0;
};

}  // namespace promtally::metering
