// SPDX-License-Identifier: Apache-2.0
#include "web/metric_json.h"

#include <cmath>
#include <utility>
#include <vector>

#include "exposition/text_encoder.h"
#include "promtally/base/time.h"
#include "web/body_value.h"

namespace promtally::web {
namespace {

using exposition::MetricDefinition;
using exposition::MetricType;

void AppendNumberJson(std::string& out, double value) {
  if (std::isfinite(value)) {
    exposition::AppendNumber(out, value);
  } else {
    AppendJsonText(out, exposition::NumberText(value));
  }
}

void AppendTextList(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    out += i == 0 ? "" : ",";
    AppendJsonText(out, texts[i]);
  }
  out += ']';
}

void AppendTextMap(std::string& out, const base::LabelSet& texts) {
  out += '{';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    out += i == 0 ? "" : ",";
    AppendJsonText(out, texts[i].first);
    out += ':';
    AppendJsonText(out, texts[i].second);
  }
  out += '}';
}

/// `{"0.5":3,…}`
template <typename Pairs, typename Append>
void AppendNumberMap(std::string& out, const Pairs& pairs, const Append& append) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : pairs) {
    out += first ? "" : ",";
    first = false;
    AppendJsonText(out, exposition::NumberText(key));
    out += ':';
    append(value);
  }
  out += '}';
}

void AppendShape(std::string& out, const MetricDefinition& metric) {
  switch (metric.type) {
    case MetricType::kStateSet:
      out += ",\"states\":";
      AppendTextList(out, metric.states);
      return;
    case MetricType::kHistogram:
      out += ",\"buckets\":[";
      for (std::size_t i = 0; i < metric.buckets.size(); ++i) {
        out += i == 0 ? "" : ",";
        AppendNumberJson(out, metric.buckets[i]);
      }
      out += ']';
      return;
    case MetricType::kSummary:
      out += ",\"quantiles\":";
      AppendNumberMap(out, metric.quantiles, [&](double error) { AppendNumberJson(out, error); });
      out += ",\"max_age\":";
      AppendJsonText(out, base::ToText(base::Milliseconds(metric.max_age)));
      return;
    default:
      return;
  }
}

}  // namespace

void AppendMetric(std::string& out, const exposition::MetricView& metric) {
  const MetricDefinition& definition = metric.definition;
  out += "{\"name\":";
  AppendJsonText(out, definition.name);
  out += ",\"type\":";
  AppendJsonText(out, exposition::ToText(definition.type));
  out += ",\"help\":";
  AppendJsonText(out, definition.help);
  out += ",\"unit\":";
  AppendJsonText(out, definition.unit);
  out += ",\"labels\":";
  AppendTextList(out, definition.labels);
  AppendShape(out, definition);
  out += ",\"series\":" + std::to_string(metric.series) + ",\"created\":";
  AppendJsonText(out, base::ToText(metric.created));
  out += ",\"ttl\":";
  if (definition.ttl) {
    AppendJsonText(out, base::ToText(base::Milliseconds(*definition.ttl)));
  } else {
    out += "null";
  }
}

void AppendSample(std::string& out, MetricType type, const exposition::SeriesView& series) {
  out += "{\"labels\":";
  AppendTextMap(out, series.labels);
  out += ",\"value\":";
  if (type == MetricType::kInfo) {
    AppendTextMap(out, series.info);
  } else if (type == MetricType::kStateSet) {
    AppendJsonText(out, series.state);
  } else if (type == MetricType::kHistogram || type == MetricType::kSummary) {
    out += "{\"count\":" + std::to_string(series.count) + ",\"sum\":";
    AppendNumberJson(out, series.value);
    out += type == MetricType::kHistogram ? ",\"buckets\":" : ",\"quantiles\":";
    if (type == MetricType::kHistogram) {
      AppendNumberMap(out, series.buckets,
                      [&](std::uint64_t count) { out += std::to_string(count); });
    } else {
      AppendNumberMap(out, series.quantiles, [&](double value) { AppendNumberJson(out, value); });
    }
    out += '}';
  } else {
    AppendNumberJson(out, series.value);
  }
  if (series.created) {
    out += ",\"created\":";
    AppendJsonText(out, base::ToText(*series.created));
  }
  out += '}';
}

}  // namespace promtally::web
