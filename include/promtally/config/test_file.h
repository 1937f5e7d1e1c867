// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/decimal.h"
#include "promtally/base/diagnostic.h"
#include "promtally/base/labels.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"
#include "promtally/metering/metric_spec.h"
#include "promtally/metering/promql_evaluator.h"
#include "promtally/promql/expression.h"

namespace promtally::config {

/// `count` values, one an interval: first, first + step, first + 2 step, …; as decimals, so that
/// `0+0.1x3` ends at 0.3.
struct SeriesRun {
  enum class Kind { kMissing, kStale, kNan, kPositiveInfinity, kNegativeInfinity, kNumber };
  Kind kind = Kind::kNumber;
  base::Decimal first;
  base::Decimal step;
  std::size_t count = 1;
};

/// promtool's notation of the values of a series: `0+5x120 _ stale 3x2 -1.5 NaN`. Counts of runs
/// are promtool's: `ax3` are four values, `_x3` three gaps. kParse with the place in the text.
[[nodiscard]] base::Result<std::vector<SeriesRun>> ParseSeriesValues(std::string_view text);

/// `name{a="b"}` or `{a="b"}` as labels, the name as `__name__`; labels only, no matchers.
[[nodiscard]] base::Result<base::LabelSet> ParseSeriesLabels(std::string_view text);

struct InputSeries {
  base::LabelSet labels;
  std::vector<SeriesRun> runs;
};

struct ExpectedSample {
  base::LabelSet labels;
  double value = 0;
};

/// An entry of `promql_expr_test` (or vmalert-tool's `metricsql_expr_test`).
struct ExpressionTest {
  std::size_t line = 0;
  std::string text;
  promql::ExpressionPtr expression;
  base::Milliseconds eval_time{0};
  std::vector<ExpectedSample> samples;
};

/// An entry of `query_test`: the text that is sent for a spec.
struct QueryTest {
  std::size_t line = 0;
  std::string metric;    ///< as written: a name, or a metric's key
  std::size_t spec = 0;  ///< index into TestFile::specs
  std::optional<std::string> scope;
  std::string query;
  base::Seconds period{0};  ///< 0: the test's
};

struct ExpectedRecord {
  std::size_t line = 0;
  std::optional<std::string> scope;
  base::LabelSet groupby;                  ///< with or without the scope key
  std::optional<base::LabelSet> metadata;  ///< absent: not compared
  base::Decimal quantity;
};

/// An entry of `usage_test`: all records of the period that ends at `eval_time`.
struct UsageTest {
  std::size_t line = 0;
  std::string metric;
  std::size_t spec = 0;
  base::Seconds period{0};
  base::Milliseconds eval_time{0};
  std::vector<ExpectedRecord> records;
};

/// An entry of `tests`. Samples start at the Unix epoch.
struct TestGroup {
  std::size_t line = 0;
  std::string name;  ///< `tests[0]` where the file has none
  base::Milliseconds interval{0};
  std::optional<std::string> scope_key;
  metering::PromqlSemantics semantics = metering::PromqlSemantics::kPrometheus3;
  base::Seconds period{3600};
  std::vector<InputSeries> input_series;
  std::vector<ExpressionTest> expression_tests;
  std::vector<QueryTest> query_tests;
  std::vector<UsageTest> usage_tests;
};

/// A file of tests, and every problem found; the rest is only meaningful without errors.
struct TestFile {
  metering::MetricSpecs specs;  ///< of all metrics_files
  base::Milliseconds evaluation_interval{60'000};
  bool fuzzy_compare = false;  ///< values of expressions may differ in their last bit
  std::vector<TestGroup> groups;
  base::Diagnostics diagnostics;
};

/// The specs of the files that an entry of `metrics_files` means; an error becomes one of the test
/// file.
using MetricsFilesReader =
    std::function<base::Result<metering::MetricSpecs>(const std::string& pattern)>;

/// Reads promtool's and vmalert-tool's format with `metrics_files` in the place of `rule_files`,
/// and promtally's own `query_test` and `usage_test`. Strict: unknown keys, expressions that cannot
/// be read and names of no spec are errors with their place. `file` is only printed.
[[nodiscard]] TestFile ReadTestFile(std::string_view bytes, std::string_view file,
                                    const MetricsFilesReader& read_metrics);

}  // namespace promtally::config
