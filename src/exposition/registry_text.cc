// SPDX-License-Identifier: Apache-2.0
#include "exposition/registry_text.h"

#include <algorithm>
#include <limits>

#include "exposition/text_encoder.h"

namespace promtally::exposition {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

FamilyType TypeOf(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return FamilyType::kCounter;
    case MetricType::Gauge:
      return FamilyType::kGauge;
    case MetricType::Histogram:
      return FamilyType::kHistogram;
    case MetricType::Summary:
      return FamilyType::kSummary;
    case MetricType::Untyped:
      break;
  }
  return FamilyType::kUntyped;
}

base::LabelSet LabelsOf(const ClientMetric& metric) {
  base::LabelSet labels;
  labels.reserve(metric.label.size() + 1);
  for (const ClientMetric::Label& label : metric.label) {
    labels.emplace_back(label.name, label.value);
  }
  return labels;
}

std::string LabelTextWith(base::LabelSet labels, const char* name, double value) {
  labels.emplace_back(name, NumberText(value));
  return LabelText(labels);
}

void AppendHistogram(std::string& out, const std::string& name, const ClientMetric& metric) {
  const base::LabelSet labels = LabelsOf(metric);
  const auto& histogram = metric.histogram;
  double last_bound = 0;
  for (const ClientMetric::Bucket& bucket : histogram.bucket) {
    AppendSample(out, name + "_bucket", LabelTextWith(labels, "le", bucket.upper_bound),
                 static_cast<double>(bucket.cumulative_count));
    last_bound = bucket.upper_bound;
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (last_bound != kInfinity) {
    AppendSample(out, name + "_bucket", LabelTextWith(labels, "le", kInfinity),
                 static_cast<double>(histogram.sample_count));
  }
  AppendSample(out, name + "_sum", LabelText(labels), histogram.sample_sum);
  AppendSample(out, name + "_count", LabelText(labels),
               static_cast<double>(histogram.sample_count));
}

void AppendSummary(std::string& out, const std::string& name, const ClientMetric& metric) {
  const base::LabelSet labels = LabelsOf(metric);
  for (const ClientMetric::Quantile& quantile : metric.summary.quantile) {
    AppendSample(out, name, LabelTextWith(labels, "quantile", quantile.quantile), quantile.value);
  }
  AppendSample(out, name + "_sum", LabelText(labels), metric.summary.sample_sum);
  AppendSample(out, name + "_count", LabelText(labels),
               static_cast<double>(metric.summary.sample_count));
}

void AppendMetric(std::string& out, const std::string& name, MetricType type,
                  const ClientMetric& metric) {
  switch (type) {
    case MetricType::Counter:
      AppendSample(out, name, LabelText(LabelsOf(metric)), metric.counter.value);
      return;
    case MetricType::Gauge:
      AppendSample(out, name, LabelText(LabelsOf(metric)), metric.gauge.value);
      return;
    case MetricType::Histogram:
      AppendHistogram(out, name, metric);
      return;
    case MetricType::Summary:
      AppendSummary(out, name, metric);
      return;
    case MetricType::Untyped:
      AppendSample(out, name, LabelText(LabelsOf(metric)), metric.untyped.value);
      return;
  }
}

}  // namespace

void AppendRegistry(std::string& out, std::vector<prometheus::MetricFamily> families) {
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (auto& family : families) {
    if (family.metric.empty()) {
      continue;
    }
    for (ClientMetric& metric : family.metric) {
      std::sort(metric.label.begin(), metric.label.end());
    }
    std::sort(family.metric.begin(), family.metric.end(),
              [](const auto& a, const auto& b) { return a.label < b.label; });
    AppendFamily(out, family.name, TypeOf(family.type), family.help);
    for (const ClientMetric& metric : family.metric) {
      AppendMetric(out, family.name, family.type, metric);
    }
  }
}

}  // namespace promtally::exposition
