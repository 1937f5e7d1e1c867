// SPDX-License-Identifier: Apache-2.0
#include "exposition/registry_text.h"

#include <algorithm>
#include <limits>
#include <optional>

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

std::string BodyOf(const ClientMetric& metric, Escaping escaping) {
  std::string body;
  bool is_rewritten = false;
  for (const ClientMetric::Label& label : metric.label) {
    AppendLabel(body, label.name, label.value);
    is_rewritten = is_rewritten || IsRewritten(label.name, escaping);
  }
  return is_rewritten ? StyledBody(body, escaping) : body;
}

bool HasParts(MetricType type) {
  return type == MetricType::Histogram || type == MetricType::Summary;
}

/// Writes the samples of one family in one style.
class RegistryFamily {
 public:
  RegistryFamily(std::string_view family, MetricType type, const PageStyle& style)
      : style_(style), main_(family, type == MetricType::Counter ? "_total" : "", style) {
    if (HasParts(type)) {
      parts_.emplace(Parts{SampleName(family, "_bucket", style), SampleName(family, "_sum", style),
                           SampleName(family, "_count", style)});
    }
  }

  void Append(std::string& out, MetricType type, const ClientMetric& metric) {
    const std::string body = BodyOf(metric, style_.escaping);
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
  struct Parts {
    SampleName bucket;
    SampleName sum;
    SampleName count;
  };
  struct Bound {
    double value = 0;
    std::string label;
  };

  /// The label of the bound in a place. Series of a family have the same bounds, most often.
  const std::string& BoundLabel(std::size_t place, std::string_view name, double value) {
    if (place >= bounds_.size()) {
      bounds_.resize(place + 1);
    }
    Bound& bound = bounds_[place];
    if (bound.label.empty() || bound.value != value) {
      bound = {value, ""};
      AppendLabel(bound.label, name, BoundText(value, style_.format));
    }
    return bound.label;
  }

  void AppendSumAndCount(std::string& out, std::string_view body, double sum,
                         std::uint64_t count) const {
    parts_->sum.Append(out, body, "", sum);
    parts_->count.Append(out, body, "", static_cast<double>(count));
  }

  void AppendHistogram(std::string& out, std::string_view body,
                       const ClientMetric::Histogram& histogram) {
    double last_bound = 0;
    std::size_t place = 0;
    for (const ClientMetric::Bucket& bucket : histogram.bucket) {
      parts_->bucket.Append(out, body, BoundLabel(place, "le", bucket.upper_bound),
                            static_cast<double>(bucket.cumulative_count));
      last_bound = bucket.upper_bound;
      ++place;
    }
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (last_bound != kInfinity) {
      parts_->bucket.Append(out, body, BoundLabel(place, "le", kInfinity),
                            static_cast<double>(histogram.sample_count));
    }
    AppendSumAndCount(out, body, histogram.sample_sum, histogram.sample_count);
  }

  void AppendSummary(std::string& out, std::string_view body,
                     const ClientMetric::Summary& summary) {
    std::size_t place = 0;
    for (const ClientMetric::Quantile& quantile : summary.quantile) {
      main_.Append(out, body, BoundLabel(place, "quantile", quantile.quantile), quantile.value);
      ++place;
    }
    AppendSumAndCount(out, body, summary.sample_sum, summary.sample_count);
  }

  const PageStyle style_;
  const SampleName main_;
  std::optional<const Parts> parts_;
  std::vector<Bound> bounds_;
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
  return HasParts(family.type) &&
         (filter.Has(family.name + "_bucket") || filter.Has(family.name + "_sum") ||
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
    RegistryFamily writer(name, family.type, style);
    for (const ClientMetric& metric : family.metric) {
      writer.Append(out, family.type, metric);
    }
  }
}

}  // namespace promtally::exposition
