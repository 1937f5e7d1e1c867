// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exposition/text_encoder.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"

namespace promtally::exposition {

enum class MetricType { kCounter, kGauge, kInfo, kStateSet, kHistogram, kSummary };

/// `counter`, `gauge`, `info`, `stateset`, `histogram`, `summary`.
[[nodiscard]] std::string_view ToText(MetricType type);
[[nodiscard]] FamilyType FamilyTypeOf(MetricType type);

/// What a metric is, without its values.
struct MetricDefinition {
  std::string name;  ///< of the family: no `_total`, no `_info`; any UTF-8
  MetricType type = MetricType::kGauge;
  std::string help;
  std::string unit;                 ///< letters, digits, `_`; none for info and stateset. The name
                                    ///< gets it as a suffix unless it has it
  std::vector<std::string> labels;  ///< each once; any UTF-8
  std::vector<std::string> states;  ///< stateset: at least one, each once
  std::vector<double> buckets;      ///< histogram: upper bounds, ascending; empty: the 14 defaults;
                                    ///< +Inf is added
  std::vector<std::pair<double, double>> quantiles;  ///< summary: quantile and error of its rank
  base::Seconds max_age{600};                        ///< the summary's window
  std::optional<base::Seconds> ttl;                  ///< of a series, since its last change
  friend bool operator==(const MetricDefinition&, const MetricDefinition&) = default;
};

/// What a store takes; 0: no limit.
struct StoreLimits {
  std::size_t max_series = 2000000;
  std::size_t max_series_per_metric = 1000000;
  std::size_t max_labels = 64;
  std::size_t name_bytes = 256;
  std::size_t label_value_bytes = 4096;
  std::size_t help_bytes = 4096;
  bool created_series = true;  ///< whether `_created` is shown
};

/// Checks a definition and puts it into its normal form: unit at the name's end, labels sorted,
/// bounds with +Inf. kInvalidArgument says what is wrong: limits, texts that are not UTF-8, names
/// that are reserved (`__x`; `le` of a histogram, `quantile` of a summary, the state's label), that
/// are equal or become equal in a scheme of escaping; what belongs to another type.
[[nodiscard]] base::Result<MetricDefinition> Normalized(MetricDefinition definition,
                                                        const StoreLimits& limits);

/// Checks names of labels of one series or metric: each on its own, and against each other. A colon
/// or anything else is allowed; `__` in front (also once escaped) is not.
[[nodiscard]] base::Status CheckLabelNames(const std::vector<std::string_view>& names,
                                           const StoreLimits& limits);

/// A text of a user for a message: in quotes, cut after 100 bytes, on one line.
[[nodiscard]] std::string InQuotes(std::string_view text);

/// The family's name and those of its samples: two metrics may not have one in common.
[[nodiscard]] std::vector<std::string> NamesOf(const MetricDefinition& definition);

/// What tells names apart on every page: two names are too alike when one of these is equal.
[[nodiscard]] std::vector<std::string> EscapedKeys(const MetricDefinition& definition);

}  // namespace promtally::exposition
