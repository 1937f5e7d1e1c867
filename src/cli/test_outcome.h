// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "promtally/config/test_file.h"
#include "promtally/metering/period_result.h"
#include "promtally/metering/usage_record.h"

namespace promtally::cli {

/// One thing that a test expected otherwise. `expected` absent: nothing was; `got` absent: nothing
/// came.
struct TestError {
  std::size_t line = 0;  ///< of the expectation
  std::string message;
  std::optional<std::string> expected;
  std::optional<std::string> got;
};

struct TestOutcome {
  std::string file;
  std::string test;
  std::vector<TestError> errors;  ///< empty: passed
};

/// A record as a test sees it.
struct ComputedRecord {
  std::optional<std::string> scope;
  base::LabelSet groupby;  ///< without the scope key and without empty labels
  base::LabelSet metadata;
  base::Decimal quantity;
};

/// Runs one test of a file; needs no server.
[[nodiscard]] TestOutcome RunTest(const config::TestFile& file, const config::TestGroup& test,
                                  const std::string& path);

/// Adds what differs between the records that a usage test expects and those that were computed.
void CompareRecords(const config::UsageTest& test, const config::TestGroup& group,
                    std::vector<ComputedRecord> computed, std::vector<TestError>* errors);
/// Likewise for the samples of an expression.
void CompareSamples(const config::ExpressionTest& test, bool fuzzy,
                    const metering::EvaluatedValue& value, std::vector<TestError>* errors);

}  // namespace promtally::cli
