// SPDX-License-Identifier: Apache-2.0
#include "exposition/metric_definition.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "promtally/base/labels.h"

namespace promtally::exposition {
namespace {

constexpr std::array<double, 14> kDefaultBuckets{.005, .01, .025, .05, .075, .1,  .25,
                                                 .5,   .75, 1,    2.5, 5,    7.5, 10};
constexpr std::size_t kMaxBuckets = 1000;
constexpr std::size_t kMaxQuantiles = 100;
constexpr std::size_t kMaxStates = 1000;

tl::unexpected<base::Error> Invalid(std::string message) {
  return base::Fail(base::ErrorCode::kInvalidArgument, std::move(message));
}

bool IsAbove(std::size_t size, std::size_t limit) { return limit > 0 && size > limit; }

base::Status CheckText(std::string_view what, std::string_view text, std::size_t limit) {
  if (!base::IsUtf8(text)) {
    return Invalid(std::string(what) + " is not UTF-8");
  }
  if (text.find('\0') != std::string_view::npos) {
    return Invalid(std::string(what) + " holds a zero byte");
  }
  if (IsAbove(text.size(), limit)) {
    return Invalid(std::string(what) + " has " + std::to_string(text.size()) +
                   " bytes, the limit is " + std::to_string(limit));
  }
  return {};
}

base::Status CheckName(const MetricDefinition& definition, const StoreLimits& limits) {
  if (definition.name.empty()) {
    return Invalid("the metric's name is empty");
  }
  if (auto checked = CheckText("the metric's name", definition.name, limits.name_bytes); !checked) {
    return checked;
  }
  const std::string_view suffix = definition.type == MetricType::kCounter ? "_total"
                                  : definition.type == MetricType::kInfo  ? "_info"
                                                                          : "";
  if (!suffix.empty() && definition.name.ends_with(suffix)) {
    return Invalid("the name " + InQuotes(definition.name) + " of the " +
                   std::string(ToText(definition.type)) + " ends in " + std::string(suffix) +
                   ", which belongs to its samples; leave it out");
  }
  if (definition.type == MetricType::kStateSet && definition.name.find(':') != std::string::npos) {
    return Invalid("the name of a stateset is a label's name and cannot hold a colon");
  }
  return {};
}

bool IsUnit(std::string_view unit) {
  return std::all_of(unit.begin(), unit.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

base::Status NormalizeUnit(MetricDefinition& definition) {
  if (definition.unit.empty()) {
    return {};
  }
  if (definition.type == MetricType::kInfo || definition.type == MetricType::kStateSet) {
    return Invalid("an info or stateset has no unit");
  }
  if (!IsUnit(definition.unit)) {
    return Invalid("a unit is made of letters, digits and _");
  }
  if (!definition.name.ends_with("_" + definition.unit)) {
    definition.name += "_" + definition.unit;
  }
  return {};
}

base::Status NormalizeBuckets(MetricDefinition& definition) {
  std::vector<double>& bounds = definition.buckets;
  if (definition.type != MetricType::kHistogram) {
    return bounds.empty() ? base::Status() : Invalid("only a histogram has buckets");
  }
  if (bounds.empty()) {
    bounds.assign(kDefaultBuckets.begin(), kDefaultBuckets.end());
  }
  if (bounds.back() == std::numeric_limits<double>::infinity()) {
    bounds.pop_back();
  }
  const auto descends = [](double a, double b) { return !(a < b); };
  if (std::adjacent_find(bounds.begin(), bounds.end(), descends) != bounds.end()) {
    return Invalid("the bounds of the buckets are not in ascending order");
  }
  if (!std::all_of(bounds.begin(), bounds.end(), [](double b) { return std::isfinite(b); })) {
    return Invalid("a bound of a bucket is not a finite number");
  }
  if (bounds.empty()) {
    return Invalid("a histogram needs a bucket besides +Inf");
  }
  if (bounds.size() > kMaxBuckets) {
    return Invalid("a histogram has at most " + std::to_string(kMaxBuckets) + " buckets");
  }
  for (double& bound : bounds) {
    bound += 0.0;  // a bound of -0 is 0
  }
  bounds.push_back(std::numeric_limits<double>::infinity());
  return {};
}

base::Status NormalizeQuantiles(MetricDefinition& definition) {
  auto& quantiles = definition.quantiles;
  if (definition.type != MetricType::kSummary) {
    return quantiles.empty() ? base::Status() : Invalid("only a summary has quantiles");
  }
  std::sort(quantiles.begin(), quantiles.end());
  for (auto& [quantile, error] : quantiles) {
    if (!(quantile >= 0 && quantile <= 1)) {
      return Invalid("a quantile lies between 0 and 1");
    }
    if (!(error >= 0.00001 && error < 1)) {
      return Invalid("the error of a quantile is at least 0.00001 and less than 1");
    }
    quantile += 0.0;
  }
  const auto equal = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(quantiles.begin(), quantiles.end(), equal) != quantiles.end()) {
    return Invalid("a quantile is listed twice");
  }
  if (quantiles.size() > kMaxQuantiles) {
    return Invalid("a summary has at most " + std::to_string(kMaxQuantiles) + " quantiles");
  }
  if (definition.max_age < base::Seconds(1) || definition.max_age > base::Seconds(86400 * 366)) {
    return Invalid("max_age lies between a second and a year");
  }
  return {};
}

base::Status CheckStates(const MetricDefinition& definition, const StoreLimits& limits) {
  if (definition.type != MetricType::kStateSet) {
    return definition.states.empty() ? base::Status() : Invalid("only a stateset has states");
  }
  if (definition.states.empty()) {
    return Invalid("a stateset needs states");
  }
  if (definition.states.size() > kMaxStates) {
    return Invalid("a stateset has at most " + std::to_string(kMaxStates) + " states");
  }
  std::set<std::string_view> seen;
  for (const std::string& state : definition.states) {
    if (auto checked = CheckText("a state", state, limits.label_value_bytes); !checked) {
      return checked;
    }
    if (state.empty()) {
      return Invalid("a state is empty");
    }
    if (!seen.insert(state).second) {
      return Invalid("the state " + InQuotes(state) + " is listed twice");
    }
  }
  return {};
}

base::Status NormalizeLabels(MetricDefinition& definition, const StoreLimits& limits) {
  std::sort(definition.labels.begin(), definition.labels.end());
  if (IsAbove(definition.labels.size(), limits.max_labels)) {
    return Invalid("the metric has " + std::to_string(definition.labels.size()) +
                   " labels, the limit is " + std::to_string(limits.max_labels));
  }
  std::vector<std::string_view> names(definition.labels.begin(), definition.labels.end());
  if (auto checked = CheckLabelNames(names, limits); !checked) {
    return checked;
  }
  const std::string_view reserved = definition.type == MetricType::kHistogram ? "le"
                                    : definition.type == MetricType::kSummary ? "quantile"
                                    : definition.type == MetricType::kStateSet
                                        ? std::string_view(definition.name)
                                        : "";
  if (reserved.empty()) {
    return {};
  }
  if (std::find(names.begin(), names.end(), reserved) != names.end()) {
    return Invalid("the label " + InQuotes(reserved) + " is reserved for the metric's own use");
  }
  names.push_back(reserved);
  return CheckLabelNames(names, limits);
}

base::Status CheckTtl(const MetricDefinition& definition) {
  if (definition.ttl && (*definition.ttl < base::Seconds(1) ||
                         *definition.ttl > base::Seconds(std::int64_t{86400} * 36600))) {
    return Invalid("ttl lies between a second and a hundred years");
  }
  return {};
}

}  // namespace

std::string InQuotes(std::string_view text) {
  constexpr std::size_t kMost = 100;
  const bool cut = text.size() > kMost;
  if (cut) {
    std::size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
      --end;  // not inside a character
    }
    text = text.substr(0, end);
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  }
  return quoted + (cut ? "…\"" : "\"");
}

std::string_view ToText(MetricType type) {
  constexpr std::array<std::string_view, 6> kTexts{"counter",  "gauge",     "info",
                                                   "stateset", "histogram", "summary"};
  return kTexts.at(static_cast<std::size_t>(type));
}

FamilyType FamilyTypeOf(MetricType type) {
  constexpr std::array<FamilyType, 6> kTypes{FamilyType::kCounter,   FamilyType::kGauge,
                                             FamilyType::kInfo,      FamilyType::kStateSet,
                                             FamilyType::kHistogram, FamilyType::kSummary};
  return kTypes.at(static_cast<std::size_t>(type));
}

base::Status CheckLabelNames(const std::vector<std::string_view>& names,
                             const StoreLimits& limits) {
  std::set<std::string> seen;
  for (const std::string_view name : names) {
    if (name.empty()) {
      return Invalid("the name of a label is empty");
    }
    if (auto checked = CheckText("the name of a label", name, limits.name_bytes); !checked) {
      return checked;
    }
    const std::string plain = EscapedLabelName(name, Escaping::kUnderscores);
    if (plain.starts_with("__") || EscapedLabelName(name, Escaping::kDots) == "__name__") {
      return Invalid("the label " + InQuotes(name) +
                     " is reserved, or would be once it is escaped");
    }
    if (!seen.insert("u" + plain).second ||
        !seen.insert("v" + EscapedLabelName(name, Escaping::kValues)).second) {
      return Invalid("the label " + InQuotes(name) + " is there twice, or would be once escaped");
    }
  }
  return {};
}

base::Result<MetricDefinition> Normalized(MetricDefinition definition, const StoreLimits& limits) {
  if (static_cast<std::size_t>(definition.type) > static_cast<std::size_t>(MetricType::kSummary)) {
    return Invalid("the metric's type is unknown");
  }
  for (const auto& checked :
       {CheckName(definition, limits), NormalizeUnit(definition), CheckName(definition, limits),
        CheckText("the help text", definition.help, limits.help_bytes),
        NormalizeLabels(definition, limits), CheckStates(definition, limits),
        NormalizeBuckets(definition), NormalizeQuantiles(definition), CheckTtl(definition)}) {
    if (!checked) {
      return tl::unexpected(checked.error());
    }
  }
  return definition;
}

std::vector<std::string> NamesOf(const MetricDefinition& definition) {
  std::vector<std::string_view> suffixes{""};
  switch (definition.type) {
    case MetricType::kCounter:
      suffixes = {"", "_total", "_created"};
      break;
    case MetricType::kInfo:
      suffixes = {"", "_info"};
      break;
    case MetricType::kHistogram:
      suffixes = {"", "_bucket", "_sum", "_count", "_created"};
      break;
    case MetricType::kSummary:
      suffixes = {"", "_sum", "_count", "_created"};
      break;
    case MetricType::kGauge:
    case MetricType::kStateSet:
      break;
  }
  std::vector<std::string> names;
  for (const std::string_view suffix : suffixes) {
    names.push_back(definition.name + std::string(suffix));
  }
  return names;
}

std::vector<std::string> EscapedKeys(const MetricDefinition& definition) {
  std::vector<std::string> keys;
  const std::string family = EscapedMetricName(definition.name, Escaping::kValues);
  for (const std::string& name : NamesOf(definition)) {
    keys.push_back("u" + EscapedMetricName(name, Escaping::kUnderscores));
    keys.push_back("v" + EscapedMetricName(name, Escaping::kValues));
    keys.push_back("v" + family + name.substr(definition.name.size()));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace promtally::exposition
