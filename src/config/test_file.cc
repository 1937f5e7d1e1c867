// SPDX-License-Identifier: Apache-2.0
#include "promtally/config/test_file.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "config/test_expectations.h"
#include "config/value_reader.h"
#include "config/yaml_document.h"

namespace promtally::config {
namespace {

/// Samples of all series of a file; they are kept in memory.
constexpr std::size_t kMostSamples = 20'000'000;

struct FileDraft {
  TestFile file;
  std::vector<const Node*> metrics_files;
  std::vector<TestGroupDraft> groups;
};

// --- input_series

struct SeriesDraft {
  InputSeries series;
};

constexpr std::array<Field<SeriesDraft>, 2> kSeries{{
    {"series",
     [](ValueReader& reader, const Node& value, SeriesDraft& draft) {
       const auto text = reader.NonEmptyText(value);
       if (!text) {
         return;
       }
       auto labels = ParseSeriesLabels(*text);
       if (!labels) {
         reader.Wrong(value, "cannot be read: " + labels.error().message);
       } else if (labels->empty()) {
         reader.Wrong(value, "has no label");
       } else {
         draft.series.labels = *std::move(labels);
       }
     }},
    {"values",
     [](ValueReader& reader, const Node& value, SeriesDraft& draft) {
       const auto scalar = reader.AnyScalar(value, "values such as 0+5x120");
       if (!scalar) {
         return;
       }
       auto runs = ParseSeriesValues(scalar->text);
       if (runs) {
         draft.series.runs = *std::move(runs);
       } else {
         reader.Wrong(value, "cannot be read: " + runs.error().message,
                      "such as 0+5x120 _ stale 3x2");
       }
     }},
}};

void ReadInputSeries(ValueReader& reader, const Node& value, TestGroupDraft& draft) {
  if (!reader.IsList(value, "series")) {
    return;
  }
  std::set<base::LabelSet> seen;
  for (const Node* const item : value.items) {
    if (item->kind != NodeKind::kMap) {
      reader.problems().Error(item->place, "must be a map of series and values");
      continue;
    }
    SeriesDraft series;
    reader.ReadMap<SeriesDraft>(*item, "input_series[]", {kSeries}, series);
    for (const std::string_view key : {"series", "values"}) {
      if (Find(*item, key) == nullptr) {
        reader.problems().Error(item->place, "an entry of input_series has no " + Quoted(key));
      }
    }
    if (!series.series.labels.empty() && !seen.insert(series.series.labels).second) {
      reader.problems().Error(item->place, "a second series of the same labels");
    }
    draft.group.input_series.push_back(std::move(series.series));
  }
}

// --- tests

void ReadDialect(ValueReader& reader, const Node& value, TestGroupDraft& draft) {
  const auto text = reader.Text(value);
  if (text == "victoriametrics") {
    reader.Wrong(value, "is \"victoriametrics\", whose functions differ and are not part of this",
                 "allowed: prometheus2, prometheus3, thanos, mimir");
    return;
  }
  const auto dialect =
      text ? reader.OneOf(value, {"prometheus2", "prometheus3", "thanos", "mimir"}) : std::nullopt;
  draft.group.semantics = dialect == "prometheus2" ? metering::PromqlSemantics::kPrometheus2
                                                   : metering::PromqlSemantics::kPrometheus3;
}

void ReadInterval(ValueReader& reader, const Node& value, base::Milliseconds& target) {
  const auto interval = reader.Duration(value);
  if (interval && *interval <= base::Milliseconds(0)) {
    reader.Wrong(value, "must be longer than 0s");
  } else if (interval) {
    target = *interval;
  }
}

constexpr std::array<Field<TestGroupDraft>, 11> kGroup{{
    {"name",
     [](ValueReader& reader, const Node& value, TestGroupDraft& draft) {
       if (const auto name = reader.AnyScalar(value, "text")) {
         draft.group.name = name->text;
       }
     }},
    {"interval", [](ValueReader& reader, const Node& value,
                    TestGroupDraft& draft) { ReadInterval(reader, value, draft.group.interval); }},
    {"scope_key",
     [](ValueReader& reader, const Node& value, TestGroupDraft& draft) {
       const auto label = reader.NonEmptyText(value);
       if (label && !base::IsLabelName(*label)) {
         reader.Wrong(value, "must be a label name, which " + Quoted(*label) + " is not");
       } else if (label) {
         draft.group.scope_key = *label;
       }
     }},
    {"dialect", ReadDialect},
    {"period",
     [](ValueReader& reader, const Node& value, TestGroupDraft& draft) {
       draft.group.period = ReadTestPeriod(reader, value).value_or(draft.group.period);
     }},
    {"input_series", ReadInputSeries},
    {"promql_expr_test", ReadExpressionTests},
    {"metricsql_expr_test", ReadExpressionTests},
    {"query_test", ReadQueryTests},
    {"usage_test", ReadUsageTests},
    {"alert_rule_test",
     [](ValueReader& reader, const Node& value, TestGroupDraft& /*draft*/) {
       reader.Wrong(value, "is of alerting rules, which promtally does not have",
                    "test them with promtool");
     }},
}};

void ReadTests(ValueReader& reader, const Node& value, FileDraft& draft) {
  if (!reader.IsList(value, "tests")) {
    return;
  }
  for (const Node* const item : value.items) {
    if (item->kind != NodeKind::kMap) {
      reader.problems().Error(item->place, "a test must be a map of keys");
      continue;
    }
    TestGroupDraft group;
    group.map = item;
    group.group.line = item->place.line;
    group.group.name = "tests[" + std::to_string(draft.groups.size()) + "]";
    reader.ReadMap<TestGroupDraft>(*item, group.group.name, {kGroup}, group);
    draft.groups.push_back(std::move(group));
  }
}

void ReadMetricsFiles(ValueReader& reader, const Node& value, FileDraft& draft) {
  if (!reader.IsList(value, "files")) {
    return;
  }
  for (const Node* const item : value.items) {
    if (reader.NonEmptyText(*item)) {
      draft.metrics_files.push_back(item);
    }
  }
}

constexpr std::array<Field<FileDraft>, 5> kTopLevel{{
    {"metrics_files", ReadMetricsFiles},
    {"evaluation_interval",
     [](ValueReader& reader, const Node& value, FileDraft& draft) {
       ReadInterval(reader, value, draft.file.evaluation_interval);
     }},
    {"fuzzy_compare",
     [](ValueReader& reader, const Node& value, FileDraft& draft) {
       draft.file.fuzzy_compare = reader.Bool(value).value_or(false);
     }},
    {"tests", ReadTests},
    {"rule_files",
     [](ValueReader& reader, const Node& value, FileDraft& /*draft*/) {
       reader.Wrong(value, "names recording and alerting rules, which promtally does not have",
                    "name metrics.yml files by metrics_files");
     }},
}};

// --- what needs all of the file

/// The spec of a name, or the only one of a metric's key.
std::optional<std::size_t> FindSpec(const metering::MetricSpecs& specs, const std::string& name,
                                    std::string* problem) {
  std::optional<std::size_t> of_metric;
  std::size_t count = 0;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == name) {
      return i;
    }
    if (specs[i].metric == name) {
      of_metric = i;
      ++count;
    }
  }
  if (count == 1) {
    return of_metric;
  }
  *problem = count == 0 ? Quoted(name) + " is no spec of the metrics_files"
                        : Quoted(name) + " has several specs: name one of them";
  return std::nullopt;
}

class Resolver {
 public:
  Resolver(Problems& problems, FileDraft& draft) : problems_(problems), draft_(draft) {}

  void LoadSpecs(const MetricsFilesReader& read_metrics) {
    for (const Node* const node : draft_.metrics_files) {
      auto specs = read_metrics(node->text);
      if (!specs) {
        problems_.Error(node->place, specs.error().message);
        continue;
      }
      for (metering::MetricSpec& spec : *specs) {
        const auto& known = draft_.file.specs;
        const bool is_known = std::any_of(
            known.begin(), known.end(), [&](const auto& other) { return other.name == spec.name; });
        if (is_known) {
          problems_.Error(node->place, "has a spec " + Quoted(spec.name) + ", as a file before it");
        }
        draft_.file.specs.push_back(std::move(spec));
      }
    }
  }

  void Resolve(TestGroupDraft& draft) {
    TestGroup& group = draft.group;
    if (group.interval <= base::Milliseconds(0)) {
      group.interval = draft_.file.evaluation_interval;
    }
    for (const auto& [node, index] : draft.query_metrics) {
      group.query_tests[index].spec = SpecOf(*node, group.query_tests[index].metric);
    }
    for (const auto& [node, index] : draft.usage_metrics) {
      group.usage_tests[index].spec = SpecOf(*node, group.usage_tests[index].metric);
    }
    for (QueryTest& test : group.query_tests) {
      test.period = test.period.count() == 0 ? group.period : test.period;
    }
    for (std::size_t i = 0; i < group.usage_tests.size(); ++i) {
      CheckUsageTest(group, group.usage_tests[i], draft.usage_times[i]);
    }
    CountSamples(draft);
  }

 private:
  std::size_t SpecOf(const Node& node, const std::string& name) {
    std::string problem;
    const auto found = FindSpec(draft_.file.specs, name, &problem);
    // A metrics file that could not be read has been reported.
    if (!found && !name.empty() && (!draft_.file.specs.empty() || !problems_.HasErrors())) {
      problems_.Error(node.place, std::move(problem));
    }
    return found.value_or(0);
  }

  void CheckUsageTest(const TestGroup& group, UsageTest& test, const Node* eval_time) {
    test.period = test.period.count() == 0 ? group.period : test.period;
    const base::Milliseconds period = test.period;
    if (eval_time == nullptr) {
      return;
    }
    if (test.eval_time <= base::Milliseconds(0) || test.eval_time % period != period.zero()) {
      problems_.Error(eval_time->place, "eval_time must be the end of a period of " +
                                            base::ToText(period) + ", counted from 0");
    }
    constexpr std::int64_t kMostPeriods = 100'000;
    if (test.eval_time / period > kMostPeriods) {
      problems_.Error(eval_time->place,
                      "eval_time is more than " + std::to_string(kMostPeriods) + " periods away");
    }
    for (const ExpectedRecord& record : test.records) {
      if (group.scope_key && !record.scope) {
        problems_.Error({record.line, 1}, "a record has no scope, but the test has a scope_key");
      } else if (!group.scope_key && record.scope) {
        problems_.Error({record.line, 1}, "a record has a scope, but the test has no scope_key");
      }
    }
  }

  void CountSamples(const TestGroupDraft& draft) {
    for (const InputSeries& series : draft.group.input_series) {
      for (const SeriesRun& run : series.runs) {
        samples_ += run.count;
      }
    }
    if (samples_ > kMostSamples) {
      problems_.Error(draft.map->place, "the series of the file have more than " +
                                            std::to_string(kMostSamples) + " samples");
      samples_ = 0;
    }
  }

  Problems& problems_;
  FileDraft& draft_;
  std::size_t samples_ = 0;
};

}  // namespace

TestFile ReadTestFile(std::string_view bytes, std::string_view file,
                      const MetricsFilesReader& read_metrics) {
  const std::string_view text = WithoutByteOrderMark(bytes);
  Problems problems(text, file);
  const YamlDocument document = ReadYaml(text, Aliases::kAllowed, problems);
  ValueReader reader(problems, ScalarRules::kCore, nullptr);
  FileDraft draft;
  if (document.root == nullptr) {
    if (!problems.HasErrors()) {
      problems.Error({1, 1}, "the file has no \"tests\"");
    }
  } else if (reader.IsMap(*document.root)) {
    reader.ReadMap<FileDraft>(*document.root, "", {kTopLevel}, draft);
    if (Find(*document.root, "tests") == nullptr) {
      problems.Error(document.root->place, "the file has no \"tests\"");
    }
    Resolver resolver(problems, draft);
    resolver.LoadSpecs(read_metrics);
    for (TestGroupDraft& group : draft.groups) {
      resolver.Resolve(group);
    }
  }
  for (TestGroupDraft& group : draft.groups) {
    draft.file.groups.push_back(std::move(group.group));
  }
  draft.file.diagnostics = problems.Take();
  return std::move(draft.file);
}

}  // namespace promtally::config
