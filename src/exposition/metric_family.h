// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exposition/metric_definition.h"
#include "exposition/quantile_window.h"
#include "exposition/series_table.h"
#include "promtally/base/labels.h"

namespace promtally::exposition {

/// What is done to a series. kDefault: add to a counter, observe in a histogram or summary, set
/// everything else.
enum class SampleOp { kDefault, kSet, kAdd, kObserve };

struct Exemplar {
  base::LabelSet labels;  ///< together at most 128 characters
  double value = 0;
  std::optional<double> timestamp;  ///< Unix seconds
};

/// One change of one series, as users send it.
struct SampleChange {
  base::LabelSet labels;  ///< a declared label that is missing is empty; no others
  SampleOp op = SampleOp::kDefault;
  double value = 0;                  ///< counter, gauge, histogram, summary
  base::LabelSet info;               ///< info
  std::string state;                 ///< stateset
  std::optional<Exemplar> exemplar;  ///< counter and histogram
};

/// A change that was checked: label bodies for label sets, the state's place for its name.
struct CheckedChange {
  std::string body;
  SampleOp op = SampleOp::kSet;  ///< never kDefault
  double value = 0;              ///< of a stateset the place of the state
  std::string info;              ///< label body
  struct ExemplarText {
    std::string body;
    double value = 0;
    std::optional<double> timestamp;
  };
  std::optional<ExemplarText> exemplar;
};

/// All that is known of one series, as a journal keeps it.
struct SeriesState {
  double value = 0;  ///< of a histogram or summary the sum, of a stateset the place of the state
  std::string info;  ///< label body
  std::vector<std::uint64_t> counts;  ///< histogram: a bucket each, not cumulative; summary: one
  base::Instant created;
  base::Instant changed;
};

/// One metric of the store: its definition and the columns of its series. Loop thread only.
class MetricFamily {
 public:
  using Row = SeriesTable::Row;

  /// `epoch` is that of the readers that are open; a later one may show the metric.
  MetricFamily(MetricDefinition definition, base::Instant created, std::uint32_t epoch,
               std::shared_ptr<TextArena> texts);
  ~MetricFamily();
  MetricFamily(const MetricFamily&) = delete;
  MetricFamily& operator=(const MetricFamily&) = delete;

  [[nodiscard]] const MetricDefinition& definition() const { return definition_; }
  [[nodiscard]] const SeriesTable& series() const { return series_; }
  [[nodiscard]] base::Instant created() const { return created_; }
  [[nodiscard]] std::uint32_t epoch() const { return epoch_; }
  /// Counts that a series has: its buckets, or one.
  [[nodiscard]] std::size_t stride() const { return stride_; }

  /// kInvalidArgument: a label that is not declared, a value or op that the type does not take, a
  /// text over its limit.
  [[nodiscard]] base::Result<CheckedChange> Check(const SampleChange& change,
                                                  const StoreLimits& limits) const;
  /// The body of a label set; kInvalidArgument as Check.
  [[nodiscard]] base::Result<std::string> BodyOf(const base::LabelSet& labels,
                                                 const StoreLimits& limits) const;

  void Apply(const CheckedChange& change, base::Instant now, std::uint32_t epoch);
  /// Puts a series into a state, whether it was there or not; counts of a wrong number: false.
  bool Restore(std::string_view body, const SeriesState& state, std::uint32_t epoch);
  [[nodiscard]] SeriesState StateOf(Row row) const;
  void Remove(Row row);
  /// Removes what was not changed for the time to live; how many.
  std::size_t Expire(base::Instant now);
  [[nodiscard]] bool MayExpire(base::Instant now) const { return now >= next_expiry_; }

  [[nodiscard]] double value(Row row) const { return values_[row]; }
  [[nodiscard]] std::string_view info(Row row) const;  ///< label body
  [[nodiscard]] const std::uint64_t* counts(Row row) const {
    return counts_.data() + std::size_t{row} * stride_;
  }
  [[nodiscard]] base::Instant created(Row row) const;
  [[nodiscard]] double Quantile(Row row, double quantile, base::Instant now) const;
  /// `place`: the bucket; 0 for a counter. Null: there is none.
  [[nodiscard]] const CheckedChange::ExemplarText* ExemplarOf(Row row, std::size_t place) const;
  [[nodiscard]] std::size_t bytes() const;

 private:
  [[nodiscard]] base::Status CheckValue(const SampleChange& change, CheckedChange& checked) const;
  [[nodiscard]] base::Status CheckInfo(const SampleChange& change, const StoreLimits& limits,
                                       CheckedChange& checked) const;
  [[nodiscard]] base::Status CheckExemplar(const SampleChange& change, const StoreLimits& limits,
                                           CheckedChange& checked) const;
  [[nodiscard]] Row FindOrInsert(std::string_view body, base::Instant now, std::uint32_t epoch);
  void Clear(Row row);
  void SetInfo(Row row, std::string_view info);
  void Observe(Row row, double value, base::Instant now);
  void Touch(Row row, base::Instant now);
  [[nodiscard]] std::size_t BucketOf(double value) const;

  // Fixed after construction.
  const MetricDefinition definition_;
  const base::Instant created_;
  const std::uint32_t epoch_;
  const std::shared_ptr<TextArena> texts_;
  std::size_t stride_ = 0;  // counts of a series
  bool has_created_ = false;
  bool has_windows_ = false;
  // By row; those that the type does not need are empty.
  SeriesTable series_;
  std::vector<double> values_;
  std::vector<std::uint64_t> counts_;
  std::vector<base::Instant> created_of_;
  std::vector<base::Instant> changed_of_;
  std::vector<TextArena::Id> infos_;
  std::vector<std::unique_ptr<QuantileWindow>> windows_;
  std::map<std::pair<Row, std::size_t>, CheckedChange::ExemplarText> exemplars_;
  base::Instant next_expiry_ = base::Instant::max();  // nothing is due before
};

}  // namespace promtally::exposition
