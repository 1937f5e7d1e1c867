// SPDX-License-Identifier: Apache-2.0
#include "metering/promql_value.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace promtally::metering {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

base::LabelSet DropName(const base::LabelSet& labels, PromqlSemantics semantics) {
  static const std::array<std::string, 3> kMetadata{kMetricNameLabel, "__type__", "__unit__"};
  const std::size_t dropped = semantics == PromqlSemantics::kPrometheus2 ? 1 : kMetadata.size();
  return Without(labels, std::span(kMetadata).first(dropped));
}

base::LabelSet Without(const base::LabelSet& labels, std::span<const std::string> names) {
  base::LabelSet kept;
  kept.reserve(labels.size());
  for (const auto& label : labels) {
    if (std::find(names.begin(), names.end(), label.first) == names.end()) {
      kept.push_back(label);
    }
  }
  return kept;
}

base::LabelSet KeepOnly(const base::LabelSet& labels, std::span<const std::string> names) {
  base::LabelSet kept;
  for (const auto& label : labels) {
    if (std::find(names.begin(), names.end(), label.first) != names.end()) {
      kept.push_back(label);
    }
  }
  return kept;
}

void SetLabel(base::LabelSet* labels, std::string_view name, std::string value) {
  const auto place = std::lower_bound(
      labels->begin(), labels->end(), name,
      [](const auto& label, std::string_view wanted) { return label.first < wanted; });
  const bool is_there = place != labels->end() && place->first == name;
  if (value.empty()) {
    if (is_there) {
      labels->erase(place);
    }
  } else if (is_there) {
    place->second = std::move(value);
  } else {
    labels->insert(place, {std::string(name), std::move(value)});
  }
}

const std::string& LabelOrEmpty(const base::LabelSet& labels, std::string_view name) {
  static const std::string kAbsent;
  const std::string* const found = base::Find(labels, name);
  return found == nullptr ? kAbsent : *found;
}

std::string LabelText(const base::LabelSet& labels) {
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    text += text.size() > 1 ? ", " : "";
    text += base::IsLabelName(name) ? name : promql::Quote(name);
    text += "=" + promql::Quote(value);
  }
  return text + "}";
}

base::Result<InstantVector> RefuseDuplicates(InstantVector vector) {
  std::set<const base::LabelSet*, decltype([](const auto* a, const auto* b) { return *a < *b; })>
      seen;
  for (const VectorSample& sample : vector) {
    if (!seen.insert(&sample.labels).second) {
      return base::Fail(
          base::ErrorCode::kInvalidArgument,
          "vector cannot contain metrics with the same labelset: " + LabelText(sample.labels));
    }
  }
  return vector;
}

double MaxOf(double a, double b) {
  if (a == kInfinity || b == kInfinity) {
    return kInfinity;
  }
  if (std::isnan(a) || std::isnan(b)) {
    return kNan;
  }
  return std::max(a, b);
}

double MinOf(double a, double b) {
  if (a == -kInfinity || b == -kInfinity) {
    return -kInfinity;
  }
  if (std::isnan(a) || std::isnan(b)) {
    return kNan;
  }
  return std::min(a, b);
}

double QuantileOf(double q, std::vector<double> values) {
  if (values.empty() || std::isnan(q)) {
    return kNan;
  }
  if (q < 0) {
    return -kInfinity;
  }
  if (q > 1) {
    return kInfinity;
  }
  const auto numbers =
      std::partition(values.begin(), values.end(), [](double value) { return std::isnan(value); });
  std::sort(numbers, values.end());
  const auto count = static_cast<double>(values.size());
  const double rank = q * (count - 1);
  const double lower = std::max(0.0, std::floor(rank));
  const double upper = std::min(count - 1, lower + 1);
  const double weight = rank - std::floor(rank);
  return values[static_cast<std::size_t>(lower)] * (1 - weight) +
         values[static_cast<std::size_t>(upper)] * weight;
}

}  // namespace promtally::metering
