// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "exposition/metric_family.h"

namespace promtally::exposition {
namespace {

constexpr std::size_t kMaxBody = std::size_t{1} << 19U;

tl::unexpected<base::Error> Invalid(std::string message) {
  return base::Fail(base::ErrorCode::kInvalidArgument, std::move(message));
}

base::Status CheckLabelValue(std::string_view name, std::string_view value,
                             const StoreLimits& limits) {
  if (!base::IsUtf8(value)) {
    return Invalid("the value of label " + InQuotes(name) + " is not UTF-8");
  }
  if (value.find('\0') != std::string_view::npos) {
    return Invalid("the value of label " + InQuotes(name) + " holds a zero byte");
  }
  if (limits.label_value_bytes > 0 && value.size() > limits.label_value_bytes) {
    return Invalid("the value of label " + InQuotes(name) + " has " + std::to_string(value.size()) +
                   " bytes, the limit is " + std::to_string(limits.label_value_bytes));
  }
  return {};
}

base::Status CheckBodySize(std::string_view body) {
  return body.size() <= kMaxBody ? base::Status() : Invalid("the labels are too large together");
}

SampleOp DefaultOp(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return SampleOp::kAdd;
    case MetricType::kHistogram:
    case MetricType::kSummary:
      return SampleOp::kObserve;
    case MetricType::kGauge:
    case MetricType::kInfo:
    case MetricType::kStateSet:
      break;
  }
  return SampleOp::kSet;
}

std::string_view OpText(SampleOp op) {
  return op == SampleOp::kAdd ? "add" : (op == SampleOp::kObserve ? "observe" : "set");
}

// Names that a series carries besides those of a label set, for the comparison with them.
std::vector<std::string_view> NamesWith(const std::vector<std::string>& declared,
                                        const base::LabelSet& labels) {
  std::vector<std::string_view> names(declared.begin(), declared.end());
  for (const auto& [name, value] : labels) {
    names.push_back(name);
  }
  return names;
}

}  // namespace

base::Result<std::string> MetricFamily::BodyOf(const base::LabelSet& labels,
                                               const StoreLimits& limits) const {
  std::string body;
  std::size_t taken = 0;
  for (const std::string& name : definition_.labels) {
    const auto at = std::find_if(labels.begin(), labels.end(),
                                 [&](const auto& label) { return label.first == name; });
    const std::string_view value = at == labels.end() ? std::string_view() : at->second;
    taken += at == labels.end() ? 0U : 1U;
    if (auto checked = CheckLabelValue(name, value, limits); !checked) {
      return tl::unexpected(checked.error());
    }
    AppendLabel(body, name, value);
  }
  if (taken != labels.size()) {
    for (const auto& [name, value] : labels) {
      if (std::find(definition_.labels.begin(), definition_.labels.end(), name) ==
          definition_.labels.end()) {
        return Invalid("label " + (base::IsUtf8(name) ? InQuotes(name) : "name that is not UTF-8") +
                       " is not declared");
      }
    }
    return Invalid("a label is there twice");
  }
  if (auto checked = CheckBodySize(body); !checked) {
    return tl::unexpected(checked.error());
  }
  return body;
}

base::Status MetricFamily::CheckValue(const SampleChange& change, CheckedChange& checked) const {
  const MetricType type = definition_.type;
  const SampleOp natural = DefaultOp(type);
  checked.op = change.op == SampleOp::kDefault ? natural : change.op;
  checked.value = change.value;
  const bool gauge_add = type == MetricType::kGauge && checked.op == SampleOp::kAdd;
  if (checked.op != natural && !gauge_add) {
    return Invalid("a " + std::string(ToText(type)) + " does not take the op " +
                   InQuotes(OpText(checked.op)));
  }
  if (type == MetricType::kCounter && !(change.value >= 0 && std::isfinite(change.value))) {
    return Invalid("a counter can only be incremented by a finite amount that is not negative");
  }
  if (natural == SampleOp::kObserve && std::isnan(change.value)) {
    return Invalid("a " + std::string(ToText(type)) + " cannot observe NaN");
  }
  if (type == MetricType::kStateSet) {
    const auto& states = definition_.states;
    const auto at = std::find(states.begin(), states.end(), change.state);
    if (at == states.end()) {
      return Invalid(base::IsUtf8(change.state) ? InQuotes(change.state) + " is not a state"
                                                : "the state is not UTF-8");
    }
    checked.value = static_cast<double>(at - states.begin());
  } else if (!change.state.empty()) {
    return Invalid("only a stateset has a state");
  }
  if (type == MetricType::kInfo) {
    checked.value = 1;
  }
  return {};
}

base::Status MetricFamily::CheckInfo(const SampleChange& change, const StoreLimits& limits,
                                     CheckedChange& checked) const {
  if (definition_.type != MetricType::kInfo) {
    return change.info.empty() ? base::Status() : Invalid("only an info has texts for its value");
  }
  if (auto names = CheckLabelNames(NamesWith(definition_.labels, change.info), limits); !names) {
    return names;
  }
  if (limits.max_labels > 0 && definition_.labels.size() + change.info.size() > limits.max_labels) {
    return Invalid("the info has more labels than the limit of " +
                   std::to_string(limits.max_labels));
  }
  for (const auto& [name, value] : change.info) {
    if (auto valid = CheckLabelValue(name, value, limits); !valid) {
      return valid;
    }
  }
  checked.info = LabelBody(change.info);
  return CheckBodySize(checked.info);
}

base::Status MetricFamily::CheckExemplar(const SampleChange& change, const StoreLimits& limits,
                                         CheckedChange& checked) const {
  if (!change.exemplar) {
    return {};
  }
  if (definition_.type != MetricType::kCounter && definition_.type != MetricType::kHistogram) {
    return Invalid("only counters and histograms have exemplars");
  }
  const Exemplar& exemplar = *change.exemplar;
  if (auto names = CheckLabelNames(NamesWith({}, exemplar.labels), limits); !names) {
    return base::Fail("exemplar", names.error());
  }
  std::size_t characters = 0;
  for (const auto& [name, value] : exemplar.labels) {
    if (auto valid = CheckLabelValue(name, value, limits); !valid) {
      return base::Fail("exemplar", valid.error());
    }
    // prometheus_client's reader takes it for the end of the labels and gives the whole page up.
    if (value.find('}') != std::string::npos) {
      return Invalid("the value of a label of the exemplar holds a }");
    }
    characters += CharactersIn(name) + CharactersIn(value);
  }
  if (characters > kMaxExemplarCharacters) {
    return Invalid("the labels of the exemplar have " + std::to_string(characters) +
                   " characters, the limit is " + std::to_string(kMaxExemplarCharacters));
  }
  if (!std::isfinite(exemplar.value)) {
    return Invalid("the value of the exemplar is not a finite number");
  }
  if (exemplar.timestamp && !(*exemplar.timestamp >= 0 && *exemplar.timestamp < 1e12)) {
    return Invalid("the timestamp of the exemplar is no Unix time in seconds");
  }
  checked.exemplar =
      CheckedChange::ExemplarText{LabelBody(exemplar.labels), exemplar.value, exemplar.timestamp};
  return {};
}

base::Result<CheckedChange> MetricFamily::Check(const SampleChange& change,
                                                const StoreLimits& limits) const {
  CheckedChange checked;
  auto body = BodyOf(change.labels, limits);
  if (!body) {
    return tl::unexpected(body.error());
  }
  checked.body = *std::move(body);
  for (const auto& status : {CheckValue(change, checked), CheckInfo(change, limits, checked),
                             CheckExemplar(change, limits, checked)}) {
    if (!status) {
      return tl::unexpected(status.error());
    }
  }
  return checked;
}

}  // namespace promtally::exposition
