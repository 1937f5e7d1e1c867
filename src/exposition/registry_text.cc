// SPDX-License-Identifier: Apache-2.0
#include "exposition/registry_text.h"

#include <algorithm>
#include <limits>

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

/// Writes the samples of one family in one style.
class RegistryFamily {
 public:
  RegistryFamily(std::string_view family, MetricType type, const PageStyle& style)
      : style_(style),
        main_(family, type == MetricType::Counter ? "_total" : "", style),
        bucket_(family, "_bucket", style),
        sum_(family, "_sum", style),
        count_(family, "_count", style) {}

  void Append(std::string& out, MetricType type, const ClientMetric& metric) const {
    const std::string body = StyledBody(LabelBody(LabelsOf(metric)), style_.escaping);
    switch (type) {
      case MetricType::Counter:
        main_.Append(out, body, "", metric.counter.value);
        return;
      case MetricType::Gauge:
        main_.Append(out, body, "", metric.gauge.value);
        return;
      case MetricType::Histogram:
        AppendHistogram(out, body, metric.histogram);
        return;
      case MetricType::Summary:
        AppendSummary(out, body, metric.summary);
        return;
      case MetricType::Untyped:
        main_.Append(out, body, "", metric.untyped.value);
        return;
    }
  }

 private:
  [[nodiscard]] std::string Bound(std::string_view name, double bound) const {
    std::string body;
    AppendLabel(body, name, BoundText(bound, style_.format));
    return body;
  }

  void AppendSumAndCount(std::string& out, std::string_view body, double sum,
                         std::uint64_t count) const {
    sum_.Append(out, body, "", sum);
    count_.Append(out, body, "", static_cast<double>(count));
  }

  void AppendHistogram(std::string& out, std::string_view body,
                       const ClientMetric::Histogram& histogram) const {
    double last_bound = 0;
    for (const ClientMetric::Bucket& bucket : histogram.bucket) {
      bucket_.Append(out, body, Bound("le", bucket.upper_bound),
                     static_cast<double>(bucket.cumulative_count));
      last_bound = bucket.upper_bound;
    }
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (last_bound != kInfinity) {
      bucket_.Append(out, body, Bound("le", kInfinity),
                     static_cast<double>(histogram.sample_count));
    }
    AppendSumAndCount(out, body, histogram.sample_sum, histogram.sample_count);
  }

  void AppendSummary(std::string& out, std::string_view body,
                     const ClientMetric::Summary& summary) const {
    for (const ClientMetric::Quantile& quantile : summary.quantile) {
      main_.Append(out, body, Bound("quantile", quantile.quantile), quantile.value);
    }
    AppendSumAndCount(out, body, summary.sample_sum, summary.sample_count);
  }

  const PageStyle style_;
  const SampleName main_;
  const SampleName bucket_;
  const SampleName sum_;
  const SampleName count_;
};

// The registry's counters are named by their samples.
std::string_view FamilyNameOf(const prometheus::MetricFamily& family) {
  std::string_view name = family.name;
  if (family.type == MetricType::Counter && name.ends_with("_total")) {
    name.remove_suffix(std::string_view("_total").size());
  }
  return name;
}

bool IsAsked(const NameFilter& filter, const prometheus::MetricFamily& family) {
  if (filter.Has(family.name) || filter.Has(FamilyNameOf(family))) {
    return true;
  }
  const bool has_parts = family.type == MetricType::Histogram || family.type == MetricType::Summary;
  return has_parts && (filter.Has(family.name + "_bucket") || filter.Has(family.name + "_sum") ||
                       filter.Has(family.name + "_count"));
}

}  // namespace

void AppendRegistry(std::string& out, std::vector<prometheus::MetricFamily> families,
                    const PageStyle& style, const NameFilter& filter) {
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (auto& family : families) {
    if (family.metric.empty() || !IsAsked(filter, family)) {
      continue;
    }
    for (ClientMetric& metric : family.metric) {
      std::sort(metric.label.begin(), metric.label.end());
    }
    std::sort(family.metric.begin(), family.metric.end(),
              [](const auto& a, const auto& b) { return a.label < b.label; });
    const std::string_view name = FamilyNameOf(family);
    AppendHead(out, style, {name, TypeOf(family.type), family.help, ""});
    const RegistryFamily writer(name, family.type, style);
    for (const ClientMetric& metric : family.metric) {
      writer.Append(out, family.type, metric);
    }
  }
}

}  // namespace promtally::exposition
