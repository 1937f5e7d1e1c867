// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/decimal.h"
#include "promtally/metering/exact_options.h"
#include "promtally/metering/model_block.h"
#include "promtally/metering/skip_expression.h"

namespace promtally::metering {

enum class Mutation { kNone, kNumBool, kNotNumBool, kFloor, kCeil, kMap };

/// One row of `mutate_map`. A key that is text in the file never equals a number (Python's rule)
/// and is not kept.
struct MapEntry {
  base::Decimal key;
  base::Decimal value;
  /// The value as CloudKitty prints it (`1.0`, `12`, `True`).
  std::string value_text;
};

/// What is re-exported of a spec; `kDefault`: both, but the gauge alone for a spec that can be
/// negative.
enum class ExportType { kDefault, kGauge, kCounter, kBoth, kNone };

struct ExportOptions {
  ExportType type = ExportType::kDefault;
  std::string name;  ///< empty: the spec's name
  std::string help;  ///< empty: a text that names unit and period
};

/// One entry of metrics.yml, validated. Immutable once loaded.
struct MetricSpec {
  std::string metric;  ///< the key in metrics.yml: the Prometheus metric that is asked for
  std::string name;    ///< alt_name or the key; unique in a job
  std::string unit;
  std::string description;
  base::Fraction factor;                                      ///< 1
  base::Fraction offset{base::Decimal(0), base::Decimal(1)};  ///< 0
  std::vector<std::string> groupby;   ///< in the file's order, repetitions kept
  std::vector<std::string> metadata;  ///< likewise
  Mutation mutate = Mutation::kNone;
  std::vector<MapEntry> mutate_map;
  std::optional<SkipExpression> skip;
  std::string aggregation_method = "max";
  std::string range_function;  ///< empty: `<aggregation_method>_over_time`
  std::string query_function;  ///< empty: none
  std::string query_prefix;
  std::string query_suffix;
  Evaluation evaluation = Evaluation::kPromql;
  ExactOptions exact;  ///< means something where evaluation is kExact
  ExportOptions export_options;
  std::vector<ModelBlock> models;  ///< no part of the definition: they change no query
  /// The name that the ledger knows it by when it is first seen under this one; empty: none. No
  /// part of the definition: it changes no query.
  std::string renamed_from;
  bool backfill =
      false;  ///< added to a running job: starts at the job's `start`, not at the next period
};

using MetricSpecs = std::vector<MetricSpec>;

/// The name of the range function that is sent: the configured one, or `<aggregation>_over_time`.
[[nodiscard]] std::string RangeFunctionOf(const MetricSpec& spec);

/// True when the query has text of the user's around the built part (blank text counts as none).
[[nodiscard]] bool HasFreeText(const MetricSpec& spec);

/// True when a quantity of the spec can be below zero: by its functions (promql/functions.h), a
/// negative factor or offset, a negative value of the map, or a minus or such a function in free
/// text.
[[nodiscard]] bool CanBeNegative(const MetricSpec& spec);

/// groupby with the scope key appended where it is not listed, as CloudKitty does.
[[nodiscard]] std::vector<std::string> GroupbyLabels(const MetricSpec& spec,
                                                     const std::optional<std::string>& scope_key);

/// `by (…)` of the query: GroupbyLabels, then metadata; repetitions kept.
[[nodiscard]] std::vector<std::string> AllLabels(const MetricSpec& spec,
                                                 const std::optional<std::string>& scope_key);

[[nodiscard]] std::string_view ToText(Mutation mutation);
[[nodiscard]] std::optional<Mutation> MutationFromText(std::string_view text);

}  // namespace promtally::metering
