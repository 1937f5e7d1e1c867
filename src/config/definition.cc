// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/yaml_scalar.h"
#include "promtally/config/metrics_file.h"
#include "promtally/promql/functions.h"

// A definition is a metrics.yml of one spec, in flow style and without defaults: equal specs have
// equal texts, and a key that a later version adds does not change the text of older specs.

namespace promtally::config {
namespace {

using metering::ExportType;
using metering::MapEntry;
using metering::MetricSpec;

// Builds `{key: value, …}`.
class FlowMap {
 public:
  void Add(std::string_view key, std::string_view value) {
    text_ += text_.empty() ? "" : ", ";
    text_ += key;
    text_ += ": ";
    text_ += value;
  }
  void AddText(std::string_view key, std::string_view value, std::string_view unless = {}) {
    if (value != unless) {
      Add(key, DoubleQuoted(value));
    }
  }
  void AddLabels(std::string_view key, const std::vector<std::string>& labels) {
    std::string list;
    for (const std::string& label : labels) {
      list += (list.empty() ? "" : ", ") + DoubleQuoted(label);
    }
    if (!list.empty()) {
      Add(key, "[" + list + "]");
    }
  }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] std::string Text() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

// The value in a form from which both the number and Python's text come back.
std::string MapValue(const MapEntry& entry) {
  if (entry.value_text == "True" || entry.value_text == "False") {
    return entry.value_text == "True" ? "true" : "false";
  }
  const ScalarKind kind = PyYamlKind(entry.value_text);
  if (kind == ScalarKind::kInteger || kind == ScalarKind::kReal) {
    const auto number = NumberOf(entry.value_text, kind);
    if (number && *number == entry.value && PythonText(*number, kind) == entry.value_text) {
      return entry.value_text;
    }
  }
  if (const auto number = base::Decimal::Parse(entry.value_text);
      number && *number == entry.value) {
    return DoubleQuoted(entry.value_text);
  }
  // More digits than a double has: the text is the double's, the value is what was written.
  const std::string digits = entry.value.ToText();
  return digits.find('.') == std::string::npos ? digits + ".0" : digits;
}

std::string MutateMap(const std::vector<MapEntry>& entries) {
  FlowMap map;
  for (const MapEntry& entry : entries) {
    map.Add(entry.key.ToText(), MapValue(entry));
  }
  return map.Text();
}

std::string ExtraArgs(const MetricSpec& spec) {
  FlowMap map;
  // Exact evaluation wants it written.
  const bool is_exact = spec.evaluation == metering::Evaluation::kExact;
  map.AddText("aggregation_method", spec.aggregation_method, is_exact ? "" : "max");
  map.AddText("range_function", spec.range_function);
  map.AddText("query_function", spec.query_function);
  map.AddText("query_prefix", spec.query_prefix);
  map.AddText("query_suffix", spec.query_suffix);
  return map.empty() ? "" : map.Text();
}

std::string Export(const metering::ExportOptions& options) {
  constexpr std::array<std::pair<ExportType, std::string_view>, 5> kNames{
      {{ExportType::kDefault, ""},
       {ExportType::kGauge, "gauge"},
       {ExportType::kCounter, "counter"},
       {ExportType::kBoth, "both"},
       {ExportType::kNone, "none"}}};
  FlowMap map;
  for (const auto& [type, name] : kNames) {
    if (type == options.type) {
      map.AddText("type", name);
    }
  }
  map.AddText("name", options.name);
  map.AddText("help", options.help);
  return map.empty() ? "" : map.Text();
}

// What a file must say for the spec's functions to be allowed in it.
std::string_view FunctionSetOf(const MetricSpec& spec) {
  if (spec.evaluation == metering::Evaluation::kExact) {
    return "";  // it has a list of its own
  }
  const auto* const info = promql::FindFunction(promql::FunctionList::kRange, spec.range_function);
  return info != nullptr && info->set == promql::FunctionSet::kExtended ? "functions: extended, "
                                                                        : "";
}

// The block as far as it is not the default.
std::string Exact(const metering::ExactOptions& options) {
  const metering::ExactOptions defaults;
  FlowMap map;
  map.AddText("first_sample", ToText(options.first_sample), ToText(defaults.first_sample));
  map.AddText("gap", ToText(options.gap), ToText(defaults.gap));
  map.AddText("integral", ToText(options.integral), ToText(defaults.integral));
  if (options.max_gap != defaults.max_gap) {
    map.Add("max_gap", base::ToText(options.max_gap));
  }
  if (options.max_hold != defaults.max_hold) {
    map.Add("max_hold", base::ToText(options.max_hold));
  }
  map.AddLabels("identity", options.identity);
  map.AddText("replica_label", options.replica_label);
  if (options.histogram) {
    map.AddText("histogram", ToText(*options.histogram));
  }
  map.AddText("on_suspicious_reset", ToText(options.on_suspicious_reset),
              ToText(defaults.on_suspicious_reset));
  return map.empty() ? "" : map.Text();
}

void AddEvaluation(const MetricSpec& spec, FlowMap& map) {
  map.AddText("evaluation", ToText(spec.evaluation), ToText(metering::Evaluation::kPromql));
  if (spec.evaluation == metering::Evaluation::kExact) {
    if (const std::string exact = Exact(spec.exact); !exact.empty()) {
      map.Add("exact", exact);
    }
  }
}

void AddMutation(const MetricSpec& spec, FlowMap& map) {
  if (spec.mutate != metering::Mutation::kNone) {
    map.AddText("mutate", metering::ToText(spec.mutate));
  }
  if (spec.mutate == metering::Mutation::kMap || !spec.mutate_map.empty()) {
    map.Add("mutate_map", MutateMap(spec.mutate_map));
  }
}

}  // namespace

std::string ToDefinition(const MetricSpec& spec) {
  FlowMap map;
  map.AddText("unit", spec.unit);
  map.AddText("alt_name", spec.name, spec.metric);
  map.AddText("description", spec.description);
  map.AddText("factor", spec.factor.ToText(), "1");
  map.AddText("offset", spec.offset.ToText(), "0");
  map.AddLabels("groupby", spec.groupby);
  map.AddLabels("metadata", spec.metadata);
  AddMutation(spec, map);
  if (spec.skip) {
    map.AddText("skip_datapoints_expression", spec.skip->text());
  }
  if (const std::string extra_args = ExtraArgs(spec); !extra_args.empty()) {
    map.Add("extra_args", extra_args);
  }
  if (const std::string options = Export(spec.export_options); !options.empty()) {
    map.Add("export", options);
  }
  AddEvaluation(spec, map);
  if (spec.backfill) {
    map.Add("backfill", "true");
  }
  return "{" + std::string(FunctionSetOf(spec)) + "metrics: {" + DoubleQuoted(spec.metric) + ": " +
         map.Text() + "}}";
}

base::Result<MetricSpec> FromDefinition(std::string_view text) {
  MetricsFile file = ReadMetricsFile(text, "definition");
  for (const base::Diagnostic& diagnostic : file.diagnostics) {
    if (diagnostic.severity == base::Severity::kError) {
      return base::Fail(base::ErrorCode::kParse, "definition of a spec: " + diagnostic.message);
    }
  }
  if (file.specs.size() != 1) {
    return base::Fail(base::ErrorCode::kParse, "a definition holds one spec");
  }
  return std::move(file.specs.front());
}

}  // namespace promtally::config
