// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "cli/test_outcome.h"
#include "promtally/metering/exact_usage.h"
#include "promtally/metering/local_usage.h"
#include "promtally/metering/query_builder.h"
#include "promtally/metering/regex_check.h"
#include "promtally/promql/parser.h"

namespace promtally::cli {

namespace {

using config::SeriesRun;
using metering::MetricSpec;

double DoubleOf(const SeriesRun& run, const base::Decimal& value) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  switch (run.kind) {
    case SeriesRun::Kind::kStale:
    case SeriesRun::Kind::kMissing:
      return metering::StaleMarker();
    case SeriesRun::Kind::kNan:
      return std::numeric_limits<double>::quiet_NaN();
    case SeriesRun::Kind::kPositiveInfinity:
      return kInfinity;
    case SeriesRun::Kind::kNegativeInfinity:
      return -kInfinity;
    case SeriesRun::Kind::kNumber:
      return value.ToDouble();
  }
  return 0;
}

std::string TextOf(const SeriesRun& run, const base::Decimal& value) {
  return run.kind == SeriesRun::Kind::kNumber ? value.ToText()
                                              : metering::ValueText(DoubleOf(run, value));
}

/// Calls `each(time_ms, run, value)` for every sample of a series, gaps left out.
template <typename Each>
void ForEachSample(const config::InputSeries& series, base::Milliseconds interval, Each each) {
  std::int64_t time = 0;
  for (const SeriesRun& run : series.runs) {
    base::Decimal value = run.first;
    for (std::size_t i = 0; i < run.count; ++i) {
      if (run.kind != SeriesRun::Kind::kMissing) {
        each(time, run, value);
      }
      time += interval.count();
      value += run.step;
    }
  }
}

/// One test with its series in memory.
class Run {
 public:
  Run(const config::TestFile& file, const config::TestGroup& test, TestOutcome* outcome)
      : file_(file), test_(test), outcome_(outcome) {}

  void All() {
    if (!LoadSeries()) {
      return;
    }
    for (const config::ExpressionTest& test : test_.expression_tests) {
      TestExpression(test);
    }
    for (const config::QueryTest& test : test_.query_tests) {
      TestQuery(test);
    }
    for (const config::UsageTest& test : test_.usage_tests) {
      TestUsage(test);
    }
  }

 private:
  void Fail(std::size_t line, std::string message, std::optional<std::string> expected = {},
            std::optional<std::string> got = {}) {
    outcome_->errors.push_back({line, std::move(message), std::move(expected), std::move(got)});
  }

  bool LoadSeries() {
    for (const config::InputSeries& input : test_.input_series) {
      metering::StoredSeries series;
      series.labels = input.labels;
      ForEachSample(input, test_.interval,
                    [&](std::int64_t time, const SeriesRun& run, const base::Decimal& value) {
                      series.samples.push_back({time, DoubleOf(run, value)});
                      newest_ms_ = std::max(newest_ms_, time);
                    });
      if (auto added = store_.Add(std::move(series)); !added) {
        Fail(test_.line, added.error().message);
        return false;
      }
    }
    return true;
  }

  [[nodiscard]] metering::EvaluationOptions Options() const {
    metering::EvaluationOptions options;
    options.semantics = test_.semantics;
    options.subquery_step = file_.evaluation_interval;
    return options;
  }

  void TestExpression(const config::ExpressionTest& test) {
    const auto value =
        metering::Evaluate(*test.expression, base::Instant(test.eval_time), store_, Options());
    if (!value) {
      Fail(test.line,
           test.text + " at " + base::ToText(test.eval_time) + ": " + value.error().message);
      return;
    }
    CompareSamples(test, file_.fuzzy_compare, *value, &outcome_->errors);
  }

  [[nodiscard]] std::string QueryOf(const config::QueryTest& test) const {
    const MetricSpec& spec = file_.specs[test.spec];
    std::vector<std::string> scopes;
    if (test.scope) {
      scopes.push_back(*test.scope);
    }
    const metering::Period period{base::Instant{}, base::Instant{} + test.period};
    return metering::QueryOfPeriod(spec, test_.scope_key, scopes, period,
                                   metering::SchedulePolicy{}.settle)
        .text;
  }

  /// Texts are compared, then what they mean: a test may write blanks and labels its own way.
  void TestQuery(const config::QueryTest& test) {
    const std::string query = QueryOf(test);
    if (query == test.query) {
      return;
    }
    const auto got = promql::Parse(query, metering::CheckRegex, promql::Experimental::kAllowed);
    const auto expected =
        promql::Parse(test.query, metering::CheckRegex, promql::Experimental::kAllowed);
    if (!got || !expected || promql::PrintCanonical(**got) != promql::PrintCanonical(**expected)) {
      Fail(test.line, test.metric + ": another query", test.query, query);
    }
  }

  void TestUsage(const config::UsageTest& test) {
    const MetricSpec& spec = file_.specs[test.spec];
    const std::size_t before = outcome_->errors.size();
    auto computed = spec.evaluation == metering::Evaluation::kExact ? ExactRecords(test, spec)
                                                                    : LocalRecords(test, spec);
    if (outcome_->errors.size() == before) {
      CompareRecords(test, test_, std::move(computed), &outcome_->errors);
    }
  }

  [[nodiscard]] std::string Place(const config::UsageTest& test) const {
    return test.metric + " at " + base::ToText(test.eval_time) + ": ";
  }

  std::vector<ComputedRecord> LocalRecords(const config::UsageTest& test, const MetricSpec& spec) {
    metering::LocalRequest request;
    request.spec = &spec;
    request.scope_key = test_.scope_key;
    request.period = {base::Instant(test.eval_time) - test.period, base::Instant(test.eval_time)};
    request.options = Options();
    auto answers = metering::EvaluateLocally(request, store_);
    if (!answers) {
      Fail(test.line, Place(test) + answers.error().message);
      return {};
    }
    return Converted(test, spec, std::move(answers->answers));
  }

  /// Every period from 0 on: what a series was last seen at is carried over.
  std::vector<ComputedRecord> ExactRecords(const config::UsageTest& test, const MetricSpec& spec) {
    const std::vector<metering::RawAnswer> answers = RawAnswersOf(spec.metric);
    std::vector<metering::RawAnswer> starts;
    if (metering::NeedsStarts(spec)) {
      starts = RawAnswersOf(metering::StartMetricOf(spec.metric));
    }
    std::map<metering::ThingId, metering::Checkpoint> state;
    metering::ExactRequest request;
    request.spec = &spec;
    request.scope_key = test_.scope_key;
    request.starts = &starts;
    request.find = [&state](const metering::ThingId& thing) {
      const auto found = state.find(thing);
      return found == state.end() ? std::nullopt : std::optional(found->second);
    };
    const base::Instant end(test.eval_time);
    for (base::Instant begin{}; begin < end; begin += test.period) {
      request.period = {begin, begin + test.period};
      request.adjacent = begin > base::Instant{};
      // A test sees all later samples.
      request.settle =
          std::max(base::Milliseconds(newest_ms_) - request.period.end.time_since_epoch(),
                   base::Milliseconds(0));
      metering::ExactUsage usage = metering::ComputeExact(request, answers);
      const bool is_held = !usage.suspicious.empty() &&
                           spec.exact.on_suspicious_reset == metering::SuspiciousReset::kHold;
      if (is_held) {
        Fail(test.line, Place(test) + "the period that ends at " +
                            base::ToText(request.period.end.time_since_epoch()) +
                            " is held: " + usage.suspicious);
        return {};
      }
      for (metering::Checkpoint& checkpoint : usage.checkpoints) {
        state[checkpoint.thing] = std::move(checkpoint);
      }
      if (request.period.end == end) {
        std::vector<metering::ScopedAnswer> last;
        last.push_back(std::move(usage.answer));
        return Converted(test, spec, std::move(last));
      }
    }
    return {};
  }

  /// The raw series of a metric, values as exact decimals.
  [[nodiscard]] std::vector<metering::RawAnswer> RawAnswersOf(std::string_view wanted) const {
    std::vector<metering::RawAnswer> answers(1);
    for (const config::InputSeries& input : test_.input_series) {
      const std::string* const metric = base::Find(input.labels, metering::kMetricNameLabel);
      if (metric == nullptr || *metric != wanted) {
        continue;
      }
      answers.front().series.BeginSeries();
      for (const auto& [name, value] : input.labels) {
        answers.front().series.AddLabel(name, value);
      }
      answers.front().samples.BeginSeries();
      ForEachSample(
          input, test_.interval,
          [&](std::int64_t time, const SeriesRun& run, const base::Decimal& value) {
            // Raw answers of a server have no stale markers.
            if (run.kind != SeriesRun::Kind::kStale) {
              static_cast<void>(answers.front().samples.AddExact(time, TextOf(run, value)));
            }
          });
    }
    return answers;
  }

  std::vector<ComputedRecord> Converted(const config::UsageTest& test, const MetricSpec& spec,
                                        std::vector<metering::ScopedAnswer> answers) {
    metering::ConversionContext context;
    context.spec = &spec;
    context.scope_key = test_.scope_key;
    const metering::PeriodResult result = metering::ConvertAnswers(context, std::move(answers));
    if (!result.failure.empty()) {
      Fail(test.line, Place(test) + result.failure + ": " + result.failure_detail);
      return {};
    }
    std::vector<ComputedRecord> records;
    for (const metering::UsageRow& row : result.rows) {
      ComputedRecord record;
      record.scope = metering::ScopeOf(context, result, row);
      record.quantity = row.quantity;
      const base::LabelSet labels = metering::LabelsOf(context, result, row);
      for (const std::string& name : spec.groupby) {
        AddLabel(name, labels, &record.groupby);
      }
      for (const std::string& name : spec.metadata) {
        AddLabel(name, labels, &record.metadata);
      }
      records.push_back(std::move(record));
    }
    return records;
  }

  void AddLabel(const std::string& name, const base::LabelSet& labels,
                base::LabelSet* target) const {
    const std::string* const value = base::Find(labels, name);
    if (value != nullptr && !value->empty() && name != test_.scope_key) {
      target->emplace_back(name, *value);
      *target = base::MakeLabelSet(std::move(*target));
    }
  }

  const config::TestFile& file_;
  const config::TestGroup& test_;
  TestOutcome* outcome_;
  metering::SeriesStore store_;
  std::int64_t newest_ms_ = 0;
};

}  // namespace

TestOutcome RunTest(const config::TestFile& file, const config::TestGroup& test,
                    const std::string& path) {
  TestOutcome outcome;
  outcome.file = path;
  outcome.test = test.name;
  Run(file, test, &outcome).All();
  return outcome;
}

}  // namespace promtally::cli
