// SPDX-License-Identifier: Apache-2.0
#include "config/model_input.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "config/yaml_scalar.h"
#include "promtally/base/labels.h"
#include "promtally/metering/query_mode.h"
#include "promtally/metering/regex_check.h"
#include "promtally/promql/parser.h"
#include "promtally/promql/scope_proof.h"

namespace promtally::config {
namespace {

using metering::ModelBlock;
using metering::ModelInput;
using promql::FunctionList;

void ReadStep(ValueReader& reader, const Node& value, ModelInput& input) {
  const auto step = reader.Duration(value);
  if (step && (*step < base::Seconds(1) || *step > base::Seconds(86'400) ||
               *step % base::Seconds(1) != base::Milliseconds(0))) {
    reader.Wrong(value, "must be whole seconds, from 1s to 24h", "such as 5m");
    return;
  }
  input.step = step ? std::chrono::duration_cast<base::Seconds>(*step) : input.step;
}

void ReadMetricName(ValueReader& reader, const Node& value, ModelInput& input) {
  const auto name = reader.NonEmptyText(value);
  if (name && !base::IsMetricName(*name)) {
    reader.Wrong(value, "must be a metric name, which " + Quoted(*name) + " is not",
                 "letters, digits, _ and :, not a digit first");
    return;
  }
  input.metric = name.value_or("");
}

constexpr std::array<Field<ModelInput>, 6> kInput{{
    {"query", [](ValueReader& reader, const Node& value,
                 ModelInput& input) { input.query = reader.NonEmptyText(value).value_or(""); }},
    {"metric", ReadMetricName},
    {"aggregation_method",
     [](ValueReader& reader, const Node& value, ModelInput& input) {
       const auto names =
           promql::NamesOf(FunctionList::kAggregation, promql::FunctionSet::kCloudKitty);
       input.aggregation_method = reader.OneOf(value, names).value_or("");
     }},
    {"range_function",
     [](ValueReader& reader, const Node& value, ModelInput& input) {
       // Which ones are allowed is for the checks: `functions` decides.
       input.range_function = reader.NonEmptyText(value).value_or("");
     }},
    {"query_function",
     [](ValueReader& reader, const Node& value, ModelInput& input) {
       const auto names = promql::NamesOf(FunctionList::kQuery, promql::FunctionSet::kCloudKitty);
       input.query_function = reader.OneOf(value, names).value_or("");
     }},
    {"step", ReadStep},
}};

/// One input of a spec with its keys.
class InputCheck {
 public:
  InputCheck(const SpecDraft& draft, const FileContext& file, const ModelInput& input,
             const Node& map, Problems& problems)
      : draft_(draft), file_(file), input_(input), map_(map), problems_(problems) {}

  void Run() {
    if (Find(map_, "step") == nullptr) {
      Wrong("step", "has no step between the values of a window", "such as step: 5m");
    }
    if (Find(map_, "query") != nullptr) {
      CheckQuery();
    } else if (input_.step > base::Seconds(0)) {
      CheckFunctions();
    }
  }

 private:
  void CheckQuery() {
    for (const std::string_view key :
         {"metric", "aggregation_method", "range_function", "query_function"}) {
      if (Find(map_, key) != nullptr) {
        Wrong(key, "has a query and " + Quoted(key) + ", which is for a query that is built",
              "write it into the query, or leave the query out");
      }
    }
    if (input_.query.empty()) {
      return;  // said already
    }
    const auto parsed =
        promql::Parse(input_.query, metering::CheckRegex, promql::Experimental::kAllowed);
    if (!parsed) {
      Wrong("query", "has a query that is no PromQL: line " + std::to_string(parsed.error().line) +
                         ", column " + std::to_string(parsed.error().column) + ": " +
                         parsed.error().message);
      return;
    }
    if (promql::TypeOf(**parsed) != promql::ValueType::kVector) {
      Wrong("query",
            "has a query of the type " + std::string(promql::TextOf(promql::TypeOf(**parsed))) +
                ", but a window is made of series",
            "an instant vector, such as sum by (…) (rate(…))");
      return;
    }
    if (file_.job.is_known && file_.job.scope_key) {
      CheckScopes(**parsed);
    }
  }

  void CheckScopes(const promql::Expression& query) {
    const auto proof = promql::KeepsScopes(query, *file_.job.scope_key);
    if (!proof.is_proved) {
      Warn("query",
           "has a query by which the window of one scope may be made of another's series: " +
               proof.reason,
           "every by (…) and on (…) keeps the scope key");
    }
  }

  /// The functions may be the spec's, which may be those of exact usage.
  void CheckFunctions() {
    const std::string name = metering::RangeFunctionOf(AsSpec());
    const auto* const info = promql::FindFunction(FunctionList::kRange, name);
    const bool is_default = input_.range_function.empty();
    if (info == nullptr || (!is_default && !promql::IsAllowed(*info, file_.functions))) {
      std::string allowed;
      for (const std::string_view each : promql::NamesOf(FunctionList::kRange, file_.functions)) {
        allowed += (allowed.empty() ? "" : ", ") + std::string(each);
      }
      Wrong("range_function",
            "has the range function " + Quoted(name) + ", which a range query cannot have",
            "allowed: " + allowed);
      return;
    }
    if (const std::string problem = metering::SyntaxProblemOf(AsSpec(), file_.job.scope_key);
        !problem.empty()) {
      Wrong("range_function", "has an input that no server takes: " + problem);
    }
  }

  [[nodiscard]] metering::MetricSpec AsSpec() const {
    metering::MetricSpec spec;
    spec.metric = input_.metric;
    spec.aggregation_method = input_.aggregation_method;
    spec.range_function = input_.range_function;
    spec.query_function = input_.query_function;
    spec.groupby = input_.labels;
    return spec;
  }

  [[nodiscard]] Place PlaceOfKey(std::string_view key) const {
    const Node* const value = Find(map_, key);
    return value == nullptr ? map_.place : value->place;
  }
  [[nodiscard]] std::string Subject() const {
    return "input of a model of metric " + Quoted(draft_.spec.metric) + " ";
  }
  void Wrong(std::string_view key, const std::string& what, std::string hint = {}) {
    problems_.Error(PlaceOfKey(key), Subject() + what, std::move(hint));
  }
  void Warn(std::string_view key, const std::string& what, std::string hint) {
    problems_.Warn(PlaceOfKey(key), Subject() + what, std::move(hint));
  }

  const SpecDraft& draft_;
  const FileContext& file_;
  const ModelInput& input_;
  const Node& map_;
  Problems& problems_;
};

/// The maps of the blocks that were read, in their order.
std::vector<const Node*> BlocksOf(const Node& spec) {
  const Node* const value = Find(spec, "model");
  std::vector<const Node*> blocks;
  if (value != nullptr && value->kind == NodeKind::kMap) {
    blocks.push_back(value);
  } else if (value != nullptr) {
    std::copy_if(value->items.begin(), value->items.end(), std::back_inserter(blocks),
                 [](const Node* item) { return item->kind == NodeKind::kMap; });
  }
  return blocks;
}

}  // namespace

void ReadModelInput(ValueReader& reader, const Node& value, ModelBlock& block) {
  if (value.kind == NodeKind::kMap) {
    block.input.emplace();
    reader.ReadMap<ModelInput>(value, "input of a model", {kInput}, *block.input);
  } else {
    static_cast<void>(reader.OneOf(value, {"usage"}));
  }
}

void CompleteModelInputs(metering::MetricSpec& spec) {
  for (ModelBlock& block : spec.models) {
    if (!block.input) {
      continue;
    }
    ModelInput& input = *block.input;
    for (const auto* const labels : {&spec.groupby, &spec.metadata}) {
      for (const std::string& label : *labels) {
        if (std::find(input.labels.begin(), input.labels.end(), label) == input.labels.end()) {
          input.labels.push_back(label);
        }
      }
    }
    if (!input.query.empty()) {
      continue;
    }
    const bool has_function = !input.range_function.empty() || !input.aggregation_method.empty();
    input.metric = input.metric.empty() ? spec.metric : input.metric;
    input.range_function = has_function ? input.range_function : spec.range_function;
    input.query_function =
        input.query_function.empty() && !has_function ? spec.query_function : input.query_function;
    input.aggregation_method =
        input.aggregation_method.empty() ? spec.aggregation_method : input.aggregation_method;
  }
}

void CheckModelInputs(const SpecDraft& draft, const FileContext& file, Problems& problems) {
  const std::vector<const Node*> blocks = BlocksOf(*draft.map);
  for (std::size_t i = 0; i < std::min(blocks.size(), draft.spec.models.size()); ++i) {
    const Node* const map = Find(*blocks[i], "input");
    if (draft.spec.models[i].input && map != nullptr) {
      InputCheck(draft, file, *draft.spec.models[i].input, *map, problems).Run();
    }
  }
}

std::string ToDefinition(const ModelInput& input) {
  std::string text;
  const auto add = [&text](std::string_view key, const std::string& value) {
    if (!value.empty()) {
      text += (text.empty() ? "{" : ", ") + std::string(key) + ": " + value;
    }
  };
  add("query", input.query.empty() ? "" : DoubleQuoted(input.query));
  add("metric", input.metric);
  add("aggregation_method", input.aggregation_method);
  add("range_function", input.range_function);
  add("query_function", input.query_function);
  add("step", std::to_string(input.step.count()) + "s");
  return text + "}";
}

void AppendModelInputKeys(std::vector<std::string>& keys) {
  AppendKeys<ModelInput>("metrics.<metric>.model.input.", kInput, keys);
}

}  // namespace promtally::config
