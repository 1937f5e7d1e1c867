// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "metering/exact_amount.h"

/// Series that go into one record (private to exact usage).
namespace promtally::metering {

/// The amounts of one record, as they come: their sum by denominator, so that a thousand averages
/// over different times stay cheap, and what the other aggregations need.
struct GroupAmounts {
  std::map<std::int64_t, base::Decimal> sums;  ///< numerators by denominator
  std::optional<base::Fraction> least;
  std::optional<base::Fraction> greatest;
  std::int64_t count = 0;
  bool is_number = true;  ///< false: a query function gave NaN or an infinity
  std::string bad_value;
};

/// Joins streams by the configured labels: query function, aggregation, evidence.
class UsageGroups {
 public:
  UsageGroups(const ExactRequest& request, const std::vector<RawAnswer>& answers);

  /// `usage` takes the steps.
  void Add(const RawStream& stream, StreamUsage found, ExactUsage* usage);
  /// Writes answer and evidence, one series a group in the order in which they came.
  void Finish(ExactUsage* usage);

 private:
  struct Group {
    GroupAmounts amounts;
    GroupAmounts raw;  ///< before the query function
    UsageEvidence evidence;
    std::uint32_t answer = 0;  ///< a series whose labels are those of the group
    std::uint32_t series = 0;
  };

  [[nodiscard]] std::size_t GroupOf(const RawStream& stream);
  [[nodiscard]] std::int64_t DenominatorOf(const StreamUsage& found) const;
  void AddAmount(const base::Fraction& value, std::int64_t denominator, GroupAmounts* amounts);
  [[nodiscard]] base::Fraction Aggregated(const GroupAmounts& amounts) const;
  [[nodiscard]] std::string RawTextOf(const Group& group) const;

  const ExactRequest& request_;
  const std::vector<RawAnswer>& answers_;
  ExactFunction function_;
  std::vector<std::string> labels_;  ///< configured, each once, sorted
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<Group> groups_;
};

}  // namespace promtally::metering
