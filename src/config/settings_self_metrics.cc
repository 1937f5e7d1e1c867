// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "config/settings_reader.h"
#include "promtally/base/decimal.h"
#include "promtally/metering/scope_filter.h"

namespace promtally::config {
namespace {

constexpr std::size_t kMostBuckets = 100;
constexpr std::size_t kMostInfos = 100;

void ReadGroupBy(ValueReader& reader, const Node& value, SelfMetricsSettings& settings) {
  if (const auto word = reader.OneOf(value, {"route", "none"})) {
    settings.by_route = *word == "route";
  }
}

void ReadBuckets(ValueReader& reader, const Node& value, SelfMetricsSettings& settings) {
  if (!reader.IsList(value, "numbers")) {
    return;
  }
  std::vector<double> bounds;
  for (const Node* item : value.items) {
    const auto scalar = reader.AnyScalar(*item, "a number");
    const auto number = base::Decimal::Parse(scalar ? scalar->text : std::string());
    if (!number || number->Sign() <= 0 ||
        (!bounds.empty() && number->ToDouble() <= bounds.back())) {
      reader.Wrong(*item, "must have ascending numbers of seconds above 0",
                   "such as [0.01, 0.1, 1, 10]");
      return;
    }
    bounds.push_back(number->ToDouble());
  }
  if (bounds.empty() || bounds.size() > kMostBuckets) {
    reader.Wrong(value, "must have 1 to 100 numbers");
    return;
  }
  settings.buckets = std::move(bounds);
}

void ReadExclude(ValueReader& reader, const Node& value, SelfMetricsSettings& settings) {
  if (!reader.IsList(value, "routes")) {
    return;
  }
  for (const Node* item : value.items) {
    const auto route = reader.NonEmptyText(*item);
    const auto filter = route ? metering::ScopeFilter::Make({}, {*route})
                              : base::Result<metering::ScopeFilter>(metering::ScopeFilter());
    if (!filter) {
      reader.Wrong(*item, "has a bad expression: " + filter.error().message);
    } else if (route) {
      settings.exclude.push_back(*route);
    }
  }
}

/// A map of label names and texts.
void ReadLabels(ValueReader& reader, const Node& value, base::LabelSet& labels) {
  if (!reader.IsMap(value)) {
    return;
  }
  for (const Entry& entry : value.entries) {
    const auto text = reader.Text(*entry.value);
    if (!base::IsLabelName(entry.key->text) || entry.key->text.starts_with("__")) {
      reader.problems().Error(entry.key->place, "\"" + entry.key->text + "\" is no label name");
    } else if (text) {
      labels.emplace_back(entry.key->text, *text);
    }
  }
  labels = base::MakeLabelSet(std::move(labels));
}

constexpr std::array<std::string_view, 4> kOwnLabels{"method", "route", "code", "le"};

constexpr std::array<Field<SelfMetricsSettings>, 5> kSelfMetrics{{
    {"group_by", ReadGroupBy},
    {"buckets", ReadBuckets},
    {"exclude", ReadExclude},
    {"labels",
     [](ValueReader& reader, const Node& value, SelfMetricsSettings& settings) {
       ReadLabels(reader, value, settings.labels);
       for (const std::string_view name : kOwnLabels) {
         if (base::Find(settings.labels, name) != nullptr) {
           reader.Wrong(value, "must not have \"" + std::string(name) + "\"",
                        "these metrics have a label of that name");
         }
       }
     }},
    {"flask_names",
     [](ValueReader& reader, const Node& value, SelfMetricsSettings& settings) {
       settings.flask_names = reader.Bool(value).value_or(false);
     }},
}};

bool IsOwnName(std::string_view name) {
  constexpr std::array<std::string_view, 4> kOwn{"promtally_", "process_", "promhttp_", "flask_"};
  return name == "up" || std::any_of(kOwn.begin(), kOwn.end(), [&](std::string_view prefix) {
           return name.starts_with(prefix);
         });
}

}  // namespace

void ReadSelfMetrics(ValueReader& reader, const Node& value, WebSettings& web) {
  if (reader.IsMap(value)) {
    reader.ReadMap<SelfMetricsSettings>(value, "web.self_metrics", {kSelfMetrics},
                                        web.self_metrics);
  }
}

void ReadStaticInfo(ValueReader& reader, const Node& value, ExportSettings& settings) {
  if (!reader.IsMap(value)) {
    return;
  }
  if (value.entries.size() > kMostInfos) {
    reader.Wrong(value, "has more than 100 metrics");
    return;
  }
  for (const Entry& entry : value.entries) {
    StaticInfo info;
    info.name = entry.key->text;
    if (!base::IsMetricName(info.name) || IsOwnName(info.name)) {
      reader.problems().Error(entry.key->place,
                              "\"" + info.name + "\" is no metric name, or one of promtally's own");
      continue;
    }
    ReadLabels(reader, *entry.value, info.labels);
    settings.info.push_back(std::move(info));
  }
}

void AppendSelfMetricsKeys(std::vector<std::string>& keys) {
  AppendKeys<SelfMetricsSettings>("web.self_metrics.", kSelfMetrics, keys);
}

}  // namespace promtally::config
