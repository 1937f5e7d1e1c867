// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "promtally/base/labels.h"
#include "promtally/base/sha256.h"
#include "promtally/metering/answer.h"
#include "promtally/metering/metric_spec.h"
#include "promtally/metering/quantity.h"
#include "promtally/metering/scope_filter.h"
#include "promtally/metering/series_limits.h"

namespace promtally::metering {

/// What a conversion must know beside the answers. Everything that it points to outlives the call.
struct ConversionContext {
  const MetricSpec* spec = nullptr;
  std::optional<std::string> scope_key;
  RoundingMode rounding = RoundingMode::kExact;
  const ScopeFilter* filter = nullptr;  ///< nullptr: all scopes
  SeriesLimits limits{};
};

/// One answer of a period.
struct ScopedAnswer {
  Answer answer;
  /// Set where the text may drop the label; an answer without it then gets it.
  std::optional<std::string> asked_scope = std::nullopt;
  /// Sorted. The scopes that the query was for, where prefix or suffix can bring in series of
  /// others: those are left to their own queries. Empty: all.
  std::vector<std::string> named_scopes = {};
  /// Of exact usage: the value of each series as a fraction, in the place of its text; nullopt: it
  /// is no number, and the text says which. Empty: all values are texts.
  std::vector<std::optional<base::Fraction>> exact_values = {};
};

/// One quantity of a period, ready to be committed. Labels are made from the answer on demand
/// (LabelsOf), for a ledger that knows the series already needs its hash only.
struct UsageRow {
  base::Digest hash;  ///< of scope and label set: SeriesHash
  base::Decimal quantity;
  std::uint32_t answer = 0;  ///< index into PeriodResult::answers, and of the query
  std::uint32_t series = 0;  ///< index into that answer
};

/// A series that was not committed, with the reason of surface: nan, infinity, histogram,
/// label_too_long, foreign_scope, query_error.
struct RejectedSeries {
  base::LabelSet labels;
  std::string value;
  std::string reason;
};

/// The usage of one spec and period, computed but not committed.
struct PeriodResult {
  std::vector<ScopedAnswer> answers;
  std::vector<std::string> label_names;  ///< all configured labels, each once, sorted
  /// For each answer the numbers of label_names in it (Answer::NameNumber).
  std::vector<std::vector<std::optional<std::uint32_t>>> name_numbers;
  std::vector<UsageRow> rows;
  std::vector<RejectedSeries> rejected;
  std::size_t series_answered = 0;  ///< before skips and rejects
  std::size_t unattributed = 0;     ///< without a scope label, in an all-scopes query
  std::size_t excluded = 0;         ///< by the job's `scopes`
  std::size_t skipped = 0;          ///< by the skip expression
  std::size_t skip_failures = 0;    ///< rows that the skip expression could not judge (kept)
  /// Set: nothing may be committed. A reason of surface (wrong_type, duplicate_series,
  /// too_many_series) and a text.
  std::string failure;
  std::string failure_detail;
};

/// Turns answers into quantities: scope rules, rejects, skips, label sets. Never fails; see
/// PeriodResult::failure.
[[nodiscard]] PeriodResult ConvertAnswers(const ConversionContext& context,
                                          std::vector<ScopedAnswer> answers);

/// The scope of a row: nullopt in a job without scope key.
[[nodiscard]] std::optional<std::string> ScopeOf(const ConversionContext& context,
                                                 const PeriodResult& result, const UsageRow& row);

/// All configured labels of a row (groupby, scope key, metadata), each once, sorted; a missing one
/// is "".
[[nodiscard]] base::LabelSet LabelsOf(const ConversionContext& context, const PeriodResult& result,
                                      const UsageRow& row);

/// As ScopeOf and LabelsOf without copies: the views hold as long as context and result do.
/// `labels` is overwritten.
[[nodiscard]] std::optional<std::string_view> ScopeViewOf(const ConversionContext& context,
                                                          const PeriodResult& result,
                                                          const UsageRow& row);
using LabelViews = std::vector<std::pair<std::string_view, std::string_view>>;
void LabelViewsOf(const ConversionContext& context, const PeriodResult& result, const UsageRow& row,
                  LabelViews* labels);

/// Hash of a series within its spec: scope (absent is not empty) and the sorted labels,
/// length-prefixed.
[[nodiscard]] base::Digest SeriesHash(const std::optional<std::string>& scope,
                                      const base::LabelSet& labels);

}  // namespace promtally::metering
