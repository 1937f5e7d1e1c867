// SPDX-License-Identifier: Apache-2.0
#include "config/metrics_checks.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

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

Place RangeFunctionPlace(const SpecDraft& draft) {
  const Node* const extra_args = Find(*draft.map, "extra_args");
  const Node* const function =
      extra_args == nullptr ? nullptr : Find(*extra_args, "range_function");
  return function == nullptr ? draft.place : function->place;
}

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

void CheckCounterFunction(const SpecDraft& draft, Problems& problems) {
  const metering::MetricSpec& spec = draft.spec;
  if (!LooksLikeCounter(spec.metric)) {
    return;
  }
  if (spec.range_function.empty()) {
    // count() counts series, whatever their values are.
    if (spec.aggregation_method != "count") {
      problems.Warn(draft.place,
                    Quoted(spec.metric) +
                        " looks like a counter and has no range_function: every period bills all "
                        "that it has counted so far",
                    "range_function: rate with the period's seconds as factor bills the period");
    }
    return;
  }
  const FunctionInfo* const info = promql::FindFunction(FunctionList::kRange, spec.range_function);
  if (info != nullptr && info->sign == promql::Sign::kMayBeNegative) {
    problems.Warn(RangeFunctionPlace(draft),
                  spec.range_function + " on the counter " + Quoted(spec.metric) +
                      " does not know resets: after a restart it goes down or below zero",
                  "range_function: rate with the period's seconds as factor handles resets");
  }
}

void CheckRangeFunction(const SpecDraft& draft, Problems& problems) {
  const FunctionInfo* const info =
      promql::FindFunction(FunctionList::kRange, draft.spec.range_function);
  if (info == nullptr) {
    return;
  }
  if (!info->on_any_server) {
    problems.Warn(RangeFunctionPlace(draft),
                  "no server implements " + draft.spec.range_function + ": every query fails",
                  "use rate, irate or delta");
  }
  if (info->extrapolates) {
    problems.Warn(RangeFunctionPlace(draft),
                  draft.spec.range_function +
                      " extrapolates: the server guesses what lies between the samples and the "
                      "ends of the period, so quantities are estimates");
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

}  // namespace

void CheckSpec(const SpecDraft& draft, Problems& problems) {
  CheckMutation(draft, problems);
  CheckCounterFunction(draft, problems);
  CheckRangeFunction(draft, problems);
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
