// SPDX-License-Identifier: Apache-2.0
#include "promtally/config/metrics_file.h"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/exact_reader.h"
#include "config/metric_values.h"
#include "config/metrics_checks.h"
#include "config/model_block.h"
#include "config/model_input.h"
#include "config/value_reader.h"
#include "config/yaml_document.h"
#include "promtally/base/labels.h"
#include "promtally/config/settings.h"
#include "promtally/promql/functions.h"

namespace promtally::config {
namespace {

using metering::ExportOptions;
using metering::ExportType;
using metering::MetricSpec;
using promql::FunctionList;

struct Drafts {
  FileContext file;
  std::vector<SpecDraft> specs;
};

void ReadFunction(ValueReader& reader, const Node& value, FunctionList list, std::string& target) {
  const auto names = promql::NamesOf(list, promql::FunctionSet::kCloudKitty);
  target = reader.OneOf(value, names).value_or(target);
}

constexpr std::array<Field<MetricSpec>, 5> kExtraArgs{{
    {"aggregation_method",
     [](ValueReader& reader, const Node& value, MetricSpec& spec) {
       ReadFunction(reader, value, FunctionList::kAggregation, spec.aggregation_method);
     }},
    {"range_function",
     [](ValueReader& reader, const Node& value, MetricSpec& spec) {
       // Which ones are allowed is for the checks: `functions` decides.
       spec.range_function = reader.NonEmptyText(value).value_or("");
     }},
    {"query_function",
     [](ValueReader& reader, const Node& value, MetricSpec& spec) {
       ReadFunction(reader, value, FunctionList::kQuery, spec.query_function);
     }},
    {"query_prefix", [](ValueReader& reader, const Node& value,
                        MetricSpec& spec) { spec.query_prefix = reader.Text(value).value_or(""); }},
    {"query_suffix", [](ValueReader& reader, const Node& value,
                        MetricSpec& spec) { spec.query_suffix = reader.Text(value).value_or(""); }},
}};

void ReadExportType(ValueReader& reader, const Node& value, ExportOptions& target) {
  static const std::vector<std::string_view> kWords{"gauge", "counter", "both", "none"};
  constexpr std::array kTypes{ExportType::kGauge, ExportType::kCounter, ExportType::kBoth,
                              ExportType::kNone};
  if (const auto word = reader.OneOf(value, kWords)) {
    for (std::size_t i = 0; i < kTypes.size(); ++i) {
      target.type = *word == kWords[i] ? kTypes[i] : target.type;
    }
  }
}

void ReadExportName(ValueReader& reader, const Node& value, ExportOptions& target) {
  const std::optional<std::string> name = reader.Text(value);
  if (name && !base::IsMetricName(*name)) {
    reader.Wrong(value, "must be a metric name, which " + Quoted(*name) + " is not",
                 "letters, digits, _ and :, not a digit first");
    return;
  }
  target.name = name.value_or("");
}

constexpr std::array<Field<ExportOptions>, 3> kExport{{
    {"type", ReadExportType},
    {"name", ReadExportName},
    {"help", [](ValueReader& reader, const Node& value,
                ExportOptions& target) { target.help = reader.Text(value).value_or(""); }},
}};

void ReadExtraArgs(ValueReader& reader, const Node& value, MetricSpec& spec) {
  if (reader.IsMap(value)) {
    reader.ReadMap<MetricSpec>(value, "extra_args of metric " + Quoted(spec.metric), {kExtraArgs},
                               spec);
  }
}

void ReadExport(ValueReader& reader, const Node& value, MetricSpec& spec) {
  if (reader.IsMap(value)) {
    reader.ReadMap<ExportOptions>(value, "export of metric " + Quoted(spec.metric), {kExport},
                                  spec.export_options);
  }
}

void ReadMutate(ValueReader& reader, const Node& value, MetricSpec& spec) {
  const auto word = reader.OneOf(value, {"CEIL", "FLOOR", "MAP", "NONE", "NOTNUMBOOL", "NUMBOOL"});
  if (word) {
    spec.mutate = metering::MutationFromText(*word).value_or(spec.mutate);
  }
}

void ReadSkip(ValueReader& reader, const Node& value, MetricSpec& spec) {
  const std::optional<std::string> text = reader.NonEmptyText(value);
  if (!text) {
    return;
  }
  auto skip = metering::SkipExpression::Parse(*text);
  if (!skip) {
    reader.Wrong(value, "cannot be read: " + skip.error().message);
    return;
  }
  spec.skip = *std::move(skip);
}

constexpr std::array<Field<MetricSpec>, 17> kSpec{{
    {"unit", [](ValueReader& reader, const Node& value,
                MetricSpec& spec) { spec.unit = reader.NonEmptyText(value).value_or(""); }},
    {"factor", [](ValueReader& reader, const Node& value,
                  MetricSpec& spec) { ReadFraction(reader, value, spec.factor); }},
    {"offset", [](ValueReader& reader, const Node& value,
                  MetricSpec& spec) { ReadFraction(reader, value, spec.offset); }},
    {"alt_name",
     [](ValueReader& reader, const Node& value, MetricSpec& spec) {
       spec.name = reader.NonEmptyText(value).value_or(spec.name);
     }},
    {"description", [](ValueReader& reader, const Node& value,
                       MetricSpec& spec) { spec.description = reader.Text(value).value_or(""); }},
    {"groupby", [](ValueReader& reader, const Node& value,
                   MetricSpec& spec) { ReadLabels(reader, value, spec.groupby); }},
    {"metadata", [](ValueReader& reader, const Node& value,
                    MetricSpec& spec) { ReadLabels(reader, value, spec.metadata); }},
    {"mutate", ReadMutate},
    {"mutate_map", [](ValueReader& reader, const Node& value,
                      MetricSpec& spec) { ReadMutateMap(reader, value, spec.mutate_map); }},
    {"skip_datapoints_expression", ReadSkip},
    {"extra_args", ReadExtraArgs},
    {"export", ReadExport},
    {"backfill", [](ValueReader& reader, const Node& value,
                    MetricSpec& spec) { spec.backfill = reader.Bool(value).value_or(false); }},
    {"renamed_from",
     [](ValueReader& reader, const Node& value, MetricSpec& spec) {
       spec.renamed_from = reader.NonEmptyText(value).value_or("");
     }},
    {"evaluation", [](ValueReader& reader, const Node& value,
                      MetricSpec& spec) { ReadEvaluation(reader, value, spec.evaluation); }},
    {"exact",
     [](ValueReader& reader, const Node& value, MetricSpec& spec) {
       ReadExactOptions(reader, value, "exact of metric " + Quoted(spec.metric), spec.exact);
     }},
    {"model", ReadModelBlocks},
}};

// One spec; `place` is what a problem of the whole spec points at.
void ReadSpec(ValueReader& reader, const Node& value, const std::string& metric, Place place,
              Drafts& drafts) {
  if (value.kind != NodeKind::kMap) {
    if (value.kind != NodeKind::kInvalid) {
      reader.problems().Error(
          value.place,
          "metric " + Quoted(metric) + " must be a map of keys, or a list of such maps",
          "it needs at least a unit");
    }
    return;
  }
  SpecDraft draft;
  draft.map = &value;
  draft.place = place;
  draft.spec.metric = metric;
  draft.spec.name = metric;
  draft.spec.evaluation = drafts.file.evaluation;
  draft.spec.exact = drafts.file.exact;
  const std::string where = "metric " + Quoted(metric);
  if (Find(value, "unit") == nullptr) {
    reader.problems().Error(place, where + " has no \"unit\"", "add a unit such as unit: GiB");
  }
  reader.ReadMap<MetricSpec>(value, where, {kSpec}, draft.spec);
  for (metering::ModelBlock& block : draft.spec.models) {
    if (block.name.empty()) {
      block.name = draft.spec.name +
                   (block.score == metering::AnomalyScore::kNone ? "_predicted" : "_score");
    }
  }
  draft.spec.evaluation = drafts.file.job.forced.value_or(draft.spec.evaluation);
  if (draft.spec.evaluation == metering::Evaluation::kExact) {
    auto& function = draft.spec.range_function;
    function = function.empty() ? DefaultExactFunction(metric) : function;
  }
  CompleteModelInputs(draft.spec);
  CheckSpec(draft, drafts.file, reader.problems());
  drafts.specs.push_back(std::move(draft));
}

void ReadMetric(ValueReader& reader, const Node& key, const Node& value, Drafts& drafts) {
  if (!IsText(key) || !base::IsMetricName(key.text)) {
    reader.problems().Error(
        key.place, Quoted(key.text) + " is not a metric name",
        IsText(key) ? "letters, digits, _ and :, not a digit first" : "a metric name is text");
    return;
  }
  if (value.kind != NodeKind::kSequence) {
    ReadSpec(reader, value, key.text, key.place, drafts);
    return;
  }
  if (value.items.empty()) {
    reader.problems().Error(value.place,
                            "metric " + Quoted(key.text) + " has an empty list of specs");
  }
  for (const Node* const item : value.items) {
    ReadSpec(reader, *item, key.text, item->place, drafts);
  }
}

void ReadMetrics(ValueReader& reader, const Node& value, Drafts& drafts) {
  if (!reader.IsMap(value)) {
    return;
  }
  if (value.entries.empty()) {
    reader.Wrong(value, "has no metric");
  }
  for (const Entry& entry : value.entries) {
    ReadMetric(reader, *entry.key, *entry.value, drafts);
  }
}

constexpr std::string_view kExtended = "extended";

// Wherever these keys stand in the file, they hold for all of it: the metrics are read after them.
void ReadFunctionSet(const Node& root, Drafts& drafts) {
  const Node* const value = Find(root, "functions");
  if (value != nullptr && value->kind == NodeKind::kScalar && value->text == kExtended) {
    drafts.file.functions = promql::FunctionSet::kExtended;
  }
}

constexpr std::array<Field<Drafts>, 1> kMetrics{{{"metrics", ReadMetrics}}};

constexpr std::array<Field<Drafts>, 4> kTopLevel{{
    {"metrics", [](ValueReader& /*reader*/, const Node& /*value*/, Drafts& /*drafts*/) {}},
    {"functions",
     [](ValueReader& reader, const Node& value, Drafts& /*drafts*/) {
       static_cast<void>(reader.OneOf(value, {"cloudkitty", kExtended}));
     }},
    {"evaluation", [](ValueReader& reader, const Node& value,
                      Drafts& drafts) { ReadEvaluation(reader, value, drafts.file.evaluation); }},
    {"exact",
     [](ValueReader& reader, const Node& value, Drafts& drafts) {
       ReadExactOptions(reader, value, "exact of the file", drafts.file.exact);
     }},
}};

void ReadFile(ValueReader& reader, const YamlDocument& document, Drafts& drafts) {
  if (document.root == nullptr) {
    if (!reader.problems().HasErrors()) {
      reader.problems().Error({1, 1}, "the file has no \"metrics\"");
    }
    return;
  }
  if (!reader.IsMap(*document.root)) {
    return;
  }
  ReadFunctionSet(*document.root, drafts);
  reader.ReadMap<Drafts>(*document.root, "", {kTopLevel}, drafts);
  Node metrics = *document.root;
  std::erase_if(metrics.entries, [](const Entry& entry) {
    return !IsText(*entry.key) || entry.key->text != "metrics";
  });
  reader.ReadMap<Drafts>(metrics, "", {kMetrics}, drafts);
  if (Find(*document.root, "metrics") == nullptr) {
    reader.problems().Error(document.root->place, "the file has no \"metrics\"");
  }
  CheckNames(drafts.specs, reader.problems());
}

}  // namespace

MetricsFile ReadMetricsFile(std::string_view bytes, std::string_view file, const JobContext& job) {
  const std::string_view text = WithoutByteOrderMark(bytes);
  Problems problems(text, file);
  const YamlDocument document = ReadYaml(text, Aliases::kAllowed, problems);
  ValueReader reader(problems, ScalarRules::kPyYaml, nullptr);
  Drafts drafts;
  drafts.file.job = job;
  drafts.file.evaluation = job.evaluation;
  ReadFile(reader, document, drafts);
  MetricsFile result;
  for (SpecDraft& draft : drafts.specs) {
    result.specs.push_back(std::move(draft.spec));
  }
  result.diagnostics = problems.Take();
  return result;
}

std::vector<std::string> MetricsKeys() {
  std::vector<std::string> keys;
  AppendKeys<Drafts>("", kTopLevel, keys);
  AppendKeys<MetricSpec>("metrics.<metric>.", kSpec, keys);
  AppendKeys<MetricSpec>("metrics.<metric>.extra_args.", kExtraArgs, keys);
  AppendExactKeys("exact.", keys);
  AppendExactKeys("metrics.<metric>.exact.", keys);
  AppendKeys<ExportOptions>("metrics.<metric>.export.", kExport, keys);
  AppendModelKeys(keys);
  return keys;
}

}  // namespace promtally::config
