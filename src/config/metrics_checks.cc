// SPDX-License-Identifier: Apache-2.0
#include "config/metrics_checks.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "config/exact_reader.h"
#include "config/model_input.h"
#include "promtally/base/labels.h"
#include "promtally/metering/query_mode.h"
#include "promtally/promql/functions.h"

namespace promtally::config {
namespace {

using promql::FunctionInfo;
using promql::FunctionList;

bool LooksLikeCounter(std::string_view metric) { return metric.ends_with("_total"); }

// The place of a value in the spec, else of the spec itself.
Place PlaceOf(const SpecDraft& draft, std::string_view key) {
  const Node* const value = Find(*draft.map, key);
  return value == nullptr ? draft.place : value->place;
}

// The place of a value in extra_args, else of the spec itself.
Place ExtraArgPlace(const SpecDraft& draft, std::string_view key) {
  const Node* const extra_args = Find(*draft.map, "extra_args");
  const Node* const value = extra_args == nullptr ? nullptr : Find(*extra_args, key);
  return value == nullptr ? draft.place : value->place;
}

Place RangeFunctionPlace(const SpecDraft& draft) { return ExtraArgPlace(draft, "range_function"); }

void CheckMutation(const SpecDraft& draft, Problems& problems) {
  const bool maps = draft.spec.mutate == metering::Mutation::kMap;
  const Node* const map = Find(*draft.map, "mutate_map");
  if (maps && map == nullptr) {
    problems.Error(
        PlaceOf(draft, "mutate"),
        "\"mutate\" in metric " + Quoted(draft.spec.metric) + " is MAP, which needs \"mutate_map\"",
        "an empty map, {}, makes every quantity 0");
  } else if (!maps && map != nullptr) {
    problems.Warn(map->place, "\"mutate_map\" in metric " + Quoted(draft.spec.metric) +
                                  " has no effect without mutate: MAP");
  }
}

// What to write in the place of a function that does not fit a counter.
std::string CounterHint(const FileContext& file, std::string_view does) {
  const bool has_increase = file.functions == promql::FunctionSet::kExtended;
  return "range_function: " +
         std::string(has_increase ? "increase " : "rate with the period's seconds as factor ") +
         std::string(does);
}

// What the spec does with the samples of a series; nullptr for what is refused.
const FunctionInfo* RangeInfo(const SpecDraft& draft, const FileContext& file) {
  const auto* const info =
      promql::FindFunction(FunctionList::kRange, metering::RangeFunctionOf(draft.spec));
  const bool is_default = draft.spec.range_function.empty();
  return info != nullptr && (is_default || promql::IsAllowed(*info, file.functions)) ? info
                                                                                     : nullptr;
}

void CheckCounterFunction(const SpecDraft& draft, const FileContext& file, Problems& problems) {
  const metering::MetricSpec& spec = draft.spec;
  const FunctionInfo* const info = RangeInfo(draft, file);
  // count() counts series, whatever their values are.
  if (!LooksLikeCounter(spec.metric) || info == nullptr || !info->on_any_server ||
      spec.aggregation_method == "count") {
    return;
  }
  if (info->sign == promql::Sign::kKeeps) {
    const bool is_default = spec.range_function.empty();
    problems.Warn(RangeFunctionPlace(draft),
                  Quoted(spec.metric) + " looks like a counter and has " +
                      (is_default ? "no range_function" : "range_function " + spec.range_function) +
                      ": every period bills all that it has counted so far",
                  CounterHint(file, "bills the period"));
  } else if (info->sign == promql::Sign::kMayBeNegative) {
    problems.Warn(RangeFunctionPlace(draft),
                  spec.range_function + " on the counter " + Quoted(spec.metric) +
                      " does not know resets: after a restart it goes down or below zero",
                  CounterHint(file, "handles resets"));
  }
}

// Says why a function cannot stand there, and what to write instead.
void RefuseRangeFunction(const SpecDraft& draft, const FunctionInfo* info, const FileContext& file,
                         Problems& problems) {
  const std::string& name = draft.spec.range_function;
  const std::string message = Quoted(name) +
                              " is not allowed as \"range_function\" in extra_args of metric " +
                              Quoted(draft.spec.metric);
  const auto names = promql::NamesOf(FunctionList::kRange, file.functions);
  if (info == nullptr) {
    const std::string_view near = base::Nearest(name, names);
    const std::string suggestion = near.empty() ? "" : "did you mean " + Quoted(near) + "? ";
    problems.Error(RangeFunctionPlace(draft), message, suggestion + "allowed: " + Joined(names));
  } else if (info->argument != promql::ArgumentKind::kRange) {
    problems.Error(
        RangeFunctionPlace(draft),
        message + ": it takes " + std::string(promql::TextOf(info->argument)) +
            ", and is given a range alone",
        "meter a recording rule, or write it all in query_suffix: \"> Inf or max by (…) (" + name +
            "(…))\"");
  } else {
    problems.Error(RangeFunctionPlace(draft), message,
                   "allowed: " + Joined(names) +
                       "; functions: extended at the top of the file allows it as well");
  }
}

void CheckRangeFunction(const SpecDraft& draft, const FileContext& file, Problems& problems) {
  const std::string& name = draft.spec.range_function;
  if (name.empty()) {
    return;
  }
  const FunctionInfo* const info = promql::FindFunction(FunctionList::kRange, name);
  if (info == nullptr || !promql::IsAllowed(*info, file.functions)) {
    RefuseRangeFunction(draft, info, file, problems);
    return;
  }
  if (!info->on_any_server) {
    problems.Warn(RangeFunctionPlace(draft), "no server implements " + name + ": every query fails",
                  "use rate, irate or delta");
  }
  if (info->experimental) {
    problems.Warn(RangeFunctionPlace(draft),
                  name +
                      " is experimental: Prometheus answers it only when it is started with "
                      "--enable-feature=promql-experimental-functions",
                  "servers that have it: " + std::string(info->servers));
  }
  if (info->extrapolates) {
    problems.Warn(RangeFunctionPlace(draft),
                  name +
                      " extrapolates: the server guesses what lies between the samples and the "
                      "ends of the period, so quantities are estimates");
  }
}

Place FreeTextPlace(const SpecDraft& draft) {
  const bool has_prefix = !draft.spec.query_prefix.empty();
  return metering::HasFreeText(draft.spec)
             ? ExtraArgPlace(draft, has_prefix ? "query_prefix" : "query_suffix")
             : RangeFunctionPlace(draft);
}

// Names in prefix and suffix that could be a scope key, at most so many.
std::set<std::string> PossibleScopeKeys(const metering::MetricSpec& spec) {
  constexpr std::size_t kMost = 50;
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  const std::string text = spec.query_prefix + " " + spec.query_suffix;
  std::set<std::string> names;
  for (std::size_t at = text.find_first_of(kLetters);
       at != std::string::npos && names.size() < kMost; at = text.find_first_of(kLetters, at)) {
    const std::size_t end = std::min(text.find_first_not_of(kLetters, at), text.size());
    if (std::string name = text.substr(at, end - at); base::IsLabelName(name)) {
      names.insert(std::move(name));
    }
    at = end;
  }
  return names;
}

// Why the spec is asked once a scope; while no job is known: whatever the scope key is.
std::string ReasonForPerScope(const metering::MetricSpec& spec, const JobContext& job) {
  if (job.is_known) {
    return metering::ChooseMode(spec, job.scope_key).reason;
  }
  const std::string any = "a_scope_key_of_any_name";
  std::string reason = metering::ChooseMode(spec, any).reason;
  if (reason.empty()) {
    return reason;
  }
  for (const std::string& name : PossibleScopeKeys(spec)) {
    if (metering::ChooseMode(spec, name).reason.empty()) {
      return "";
    }
  }
  for (const std::string& text : {"the label " + Quoted(any), Quoted(any)}) {
    if (const std::size_t at = reason.find(text); at != std::string::npos) {
      reason.replace(at, text.size(), "the scope key");
    }
  }
  return reason;
}

void CheckFreeText(const SpecDraft& draft, const FileContext& file, Problems& problems) {
  if (RangeInfo(draft, file) == nullptr) {
    return;  // its query is never sent
  }
  const JobContext& job = file.job;
  const std::string subject = "the query of " + Quoted(draft.spec.name);
  if (const std::string problem = metering::SyntaxProblemOf(draft.spec, job.scope_key);
      !problem.empty()) {
    problems.Warn(FreeTextPlace(draft),
                  subject + " cannot be read as PromQL" +
                      (job.is_known && !job.scope_key ? ": " : ", so it is asked once a scope: ") +
                      problem,
                  "promtally query prints the whole query; the column counts there");
    return;
  }
  if (const std::string reason = ReasonForPerScope(draft.spec, job); !reason.empty()) {
    problems.Warn(
        FreeTextPlace(draft), subject + " is asked once a scope: " + reason,
        metering::HasFreeText(draft.spec)
            ? "one query serves all scopes where every by (…) and on (…) keeps the scope key"
            : "");
  }
}

void CheckLabels(const SpecDraft& draft, Problems& problems) {
  const auto items_of = [&draft](std::string_view key) {
    const Node* const list = Find(*draft.map, key);
    return list == nullptr ? std::vector<const Node*>{} : list->items;
  };
  const std::vector<const Node*> groupby = items_of("groupby");
  std::unordered_set<std::string_view> names;
  for (const Node* const item : groupby) {
    names.insert(item->text);
  }
  const std::string metric = "metric " + Quoted(draft.spec.metric);
  for (const Node* const item : items_of("metadata")) {
    if (item->kind == NodeKind::kScalar && names.contains(item->text)) {
      problems.Warn(item->place, "label " + Quoted(item->text) + " of " + metric +
                                     " is in groupby and in metadata");
    }
  }
  for (const Node* const item : groupby) {
    if (item->text == "instance" || item->text == "job") {
      problems.Warn(item->place,
                    "label " + Quoted(item->text) + " in groupby of " + metric +
                        ": a server that scrapes /metrics would put its own in its place",
                    "set honor_labels: true in that scrape configuration");
    }
  }
}

// What models make has names among those of the specs: both are names in the ledger.
void CheckOutputNames(const std::vector<SpecDraft>& drafts,
                      const std::unordered_map<std::string_view, Place>& specs,
                      Problems& problems) {
  std::map<std::string, Place> seen;
  for (const SpecDraft& draft : drafts) {
    const Place place = PlaceOf(draft, "model");
    for (const metering::ModelBlock& block : draft.spec.models) {
      for (const metering::ModelOutput& output : metering::OutputsOf(block)) {
        const auto spec = specs.find(output.name);
        const auto [first, is_new] = seen.emplace(output.name, place);
        if (spec != specs.end() || !is_new) {
          problems.Error(place,
                         "the name " + Quoted(output.name) + " of what a model makes is used at " +
                             problems.ToText(is_new ? spec->second : first->second) + " already",
                         "give the model block a name of its own");
        }
      }
    }
  }
}

}  // namespace

void CheckSpec(const SpecDraft& draft, const FileContext& file, Problems& problems) {
  CheckMutation(draft, problems);
  CheckModelInputs(draft, file, problems);
  if (const Node* const exact = FindKey(*draft.map, "exact");
      exact != nullptr && draft.spec.evaluation != metering::Evaluation::kExact) {
    problems.Warn(exact->place, "\"exact\" in metric " + Quoted(draft.spec.metric) +
                                    " has no effect without evaluation: exact");
  }
  if (draft.spec.evaluation == metering::Evaluation::kExact) {
    CheckExact(draft, file, problems);
    CheckLabels(draft, problems);
    return;
  }
  if (draft.spec.evaluation == metering::Evaluation::kLocal && metering::HasFreeText(draft.spec)) {
    problems.Error(PlaceOf(draft, "extra_args"),
                   "metric " + Quoted(draft.spec.metric) +
                       " has query_prefix or query_suffix, which evaluation local cannot compute",
                   "take evaluation: promql");
  }
  CheckCounterFunction(draft, file, problems);
  CheckRangeFunction(draft, file, problems);
  CheckFreeText(draft, file, problems);
  CheckLabels(draft, problems);
}

void CheckNames(const std::vector<SpecDraft>& drafts, Problems& problems) {
  std::unordered_map<std::string_view, Place> seen;
  for (const SpecDraft& draft : drafts) {
    const Place place = PlaceOf(draft, "alt_name");
    const auto [first, is_new] = seen.emplace(draft.spec.name, place);
    if (!is_new) {
      problems.Error(place,
                     "the name " + Quoted(draft.spec.name) + " is used twice, first at " +
                         problems.ToText(first->second),
                     "give one of them another alt_name");
    }
  }
  CheckOutputNames(drafts, seen, problems);
  std::unordered_map<std::string_view, Place> renamed;
  for (const SpecDraft& draft : drafts) {
    const std::string& old = draft.spec.renamed_from;
    const Place place = PlaceOf(draft, "renamed_from");
    if (old.empty()) {
      continue;
    }
    if (const auto other = seen.find(old); other != seen.end()) {
      problems.Error(place,
                     "\"renamed_from\" says " + Quoted(old) + ", which is still the name at " +
                         problems.ToText(other->second),
                     "a spec that is renamed is no longer there under its old name");
    }
    const auto [first, is_new] = renamed.emplace(old, place);
    if (!is_new) {
      problems.Error(place,
                     Quoted(old) + " is renamed twice, first at " + problems.ToText(first->second));
    }
  }
}

}  // namespace promtally::config
