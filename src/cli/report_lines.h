// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/scope_totals.h"
#include "cli/test_outcome.h"

namespace promtally::cli {

/// JSON lines of reports that are not of a ledger: one object, without a line feed.
[[nodiscard]] std::string ToJson(const TestOutcome& outcome);

/// What the two sides of a comparison and their difference are called.
struct ComparisonKeys {
  const char* before;
  const char* after;
  const char* change;
};
[[nodiscard]] std::string ToJson(const ComparedTotal& line, const ComparisonKeys& keys);
/// Of `reconcile`: theirs, ours, difference, and whether it is within the tolerance.
[[nodiscard]] std::string ToJson(const ComparedTotal& line, bool is_within);

}  // namespace promtally::cli
