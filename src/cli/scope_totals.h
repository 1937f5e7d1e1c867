// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/query_target.h"
#include "promtally/base/decimal.h"

namespace promtally::collector {
class Preview;
}

namespace promtally::cli {

/// What each scope used of one spec over a range, by the scope (nullopt: a job without scope key).
using ScopeTotals = std::map<std::optional<std::string>, base::Decimal>;

/// The totals of one spec as a collection would bill them, asked of the server; nothing is written.
struct SpecTotals {
  std::string name;
  std::string definition;  ///< equal texts: the same spec
  ScopeTotals by_scope;
  std::string failure;  ///< not empty: a period could not be had, and the totals are not whole
};

/// Asks one source for the specs of targets.
class TotalsReader {
 public:
  explicit TotalsReader(const config::SourceSettings& source);
  ~TotalsReader();

  /// The totals of a spec over all periods of the target.
  [[nodiscard]] SpecTotals Read(const QueryTarget& target,
                                const std::shared_ptr<const metering::MetricSpec>& spec);
  [[nodiscard]] bool reached() const;

 private:
  std::unique_ptr<collector::Preview> preview_;
};

/// What a scope is billed on one side and on another.
struct ComparedTotal {
  std::string name;
  bool is_total = false;  ///< of all scopes of a name
  std::optional<std::string> scope;
  std::optional<base::Decimal> before;  ///< absent: this side has none
  std::optional<base::Decimal> after;

  [[nodiscard]] base::Decimal Change() const;
  /// Of `before`, in percent with two decimals; absent where there is nothing to compare with.
  [[nodiscard]] std::optional<base::Decimal> Percent() const;
};

/// Scope by scope, then the total; a side that is absent has nothing of this name.
[[nodiscard]] std::vector<ComparedTotal> Compare(const std::string& name,
                                                 const std::optional<ScopeTotals>& before,
                                                 const std::optional<ScopeTotals>& after);

}  // namespace promtally::cli
