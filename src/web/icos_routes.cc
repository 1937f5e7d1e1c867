// SPDX-License-Identifier: Apache-2.0
#include "web/icos_routes.h"

#include <algorithm>
#include <set>
#include <utility>

#include "promtally/base/labels.h"
#include "web/body_value.h"
#include "web/python_text.h"
#include "web/router.h"

namespace promtally::web {
namespace {

using exposition::MetricDefinition;
using exposition::MetricType;
using exposition::SampleChange;

constexpr const char* kOtherType =
    "Metric name matches an already registered metric with different type.";
constexpr const char* kOtherLabels =
    "Request contains more or different labels than the registered metric.";
constexpr const char* kNoSuchState = "state not in states.";

/// The text behind `"detail"`, 400 unless said otherwise.
struct Problem {
  std::string detail;
  int status = 400;
};
using Outcome = tl::expected<void, Problem>;

tl::unexpected<Problem> Refuse(std::string detail) {
  return tl::unexpected(Problem{std::move(detail)});
}

tl::unexpected<Problem> FromStore(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::kConflict:
      return Refuse(kOtherType);
    case base::ErrorCode::kRejected:
      return tl::unexpected(Problem{error.message, 429});
    case base::ErrorCode::kUnavailable:
      return tl::unexpected(Problem{error.message, 503});
    default:
      return Refuse(error.message);
  }
}

MetricType TypeOf(IcosType type) {
  switch (type) {
    case IcosType::kCounter:
      return MetricType::kCounter;
    case IcosType::kInfo:
      return MetricType::kInfo;
    case IcosType::kEnum:
      return MetricType::kStateSet;
    case IcosType::kGauge:
      break;
  }
  return MetricType::kGauge;
}

bool Has(const IcosTexts& texts, std::string_view name) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const auto& text) { return text.first == name; });
}

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Outcome CheckLabelName(const std::string& name) {
  if (!base::IsLabelName(name)) {
    return Refuse("Invalid label metric name: " + name);
  }
  if (name.starts_with("__")) {
    return Refuse("Reserved label metric name: " + name);
  }
  return {};
}

std::string TupleText(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : " ") + PythonRepr(name) + ",";
  }
  if (names.size() > 1) {
    text.pop_back();
  }
  return "(" + text + ")";
}

std::string DictText(const IcosTexts& texts) {
  std::string text;
  for (const auto& [name, value] : texts) {
    text += (text.empty() ? "" : ", ") + PythonRepr(name) + ": " + PythonRepr(value);
  }
  return "{" + text + "}";
}

/// Every name that a family has on the page, as client_python registers them.
std::set<std::string> NamesOf(const std::string& family, MetricType type) {
  std::set<std::string> names{family};
  if (type == MetricType::kCounter) {
    names.insert({family + "_total", family + "_created"});
  } else if (type == MetricType::kInfo) {
    names.insert(family + "_info");
  }
  return names;
}

/// A request on its way into the store.
class Creation {
 public:
  Creation(exposition::MetricStore& store, base::Instant now, IcosMetric metric)
      : store_(store), now_(now), metric_(std::move(metric)), type_(TypeOf(metric_.type)) {}

  Outcome Run() {
    name_ = std::string(PythonStrip(metric_.name));
    if (name_.empty()) {
      return Refuse("metric_name is required.");
    }
    const auto* text = std::get_if<std::string>(&metric_.value);
    if (text != nullptr && PythonStrip(*text).empty()) {
      return Refuse("value as str is required and cannot be empty or just whitespace.");
    }
    const MetricDefinition* const known = store_.DefinitionOf(name_);
    if (known == nullptr) {
      return Create();
    }
    return known->type == type_ ? Update(*known) : Refuse(kOtherType);
  }

 private:
  Outcome Create() {
    MetricDefinition definition;
    definition.name = IcosFamilyName(name_, metric_.type);
    definition.type = type_;
    definition.help = metric_.info.value_or(name_ + " info");
    for (const auto& label : metric_.labels) {
      definition.labels.push_back(label.first);
    }
    if (type_ == MetricType::kStateSet) {
      definition.states = metric_.states;
    }
    if (auto valid = CheckNew(definition); !valid) {
      return valid;
    }
    SampleChange change;
    change.labels = base::MakeLabelSet({metric_.labels.begin(), metric_.labels.end()});
    if (auto valued = SetValue(definition, change); !valued) {
      return valued;
    }
    if (auto made = store_.Create(definition, now_, {&change, 1}); !made) {
      return FromStore(made.error());
    }
    return {};
  }

  Outcome CheckNew(const MetricDefinition& definition) const {
    for (const std::string& label : definition.labels) {
      if (auto valid = CheckLabelName(label); !valid) {
        return valid;
      }
    }
    if (!base::IsMetricName(definition.name) || !base::IsMetricName(name_)) {
      return Refuse("Invalid metric name: " + name_);
    }
    std::string taken;
    for (const std::string& name : NamesOf(definition.name, type_)) {
      if (!store_.ResolveFamily(name).empty()) {
        taken += (taken.empty() ? "" : ", ") + PythonRepr(name);
      }
    }
    if (!taken.empty()) {
      return Refuse("Duplicated timeseries in CollectorRegistry: {" + taken + "}");
    }
    if (type_ == MetricType::kStateSet && Has(definition.labels, definition.name)) {
      return Refuse("Overlapping labels for Enum metric: " + definition.name);
    }
    const std::set<std::string> states(definition.states.begin(), definition.states.end());
    if (states.size() != definition.states.size()) {
      return Refuse("states must not name a state twice.");
    }
    return {};
  }

  Outcome Update(const MetricDefinition& definition) {
    const bool is_labelled = !definition.labels.empty();
    if (metric_.labels_are_null &&
        (is_labelled || type_ == MetricType::kInfo || type_ == MetricType::kStateSet)) {
      return Refuse("labels must be an object.");
    }
    SampleChange change;
    for (const auto& [name, value] : metric_.labels) {
      if (!is_labelled) {
        break;  // the service drops them
      }
      if (!Has(definition.labels, name)) {
        return Refuse(kOtherLabels);
      }
      change.labels.emplace_back(name, value);
    }
    change.labels = base::MakeLabelSet(std::move(change.labels));
    if (auto valued = SetValue(definition, change); !valued) {
      return valued;
    }
    if (type_ == MetricType::kInfo && !is_labelled && LacksKeys(definition.name)) {
      return Refuse("No label names were set when constructing info:" + definition.name);
    }
    return Apply(definition.name, change);
  }

  /// Whether an info without labels has keys that the request does not.
  [[nodiscard]] bool LacksKeys(const std::string& family) const {
    const auto page = store_.Series(family, "", 1, now_);
    if (!page || page->series.empty()) {
      return false;
    }
    const IcosTexts& sent = std::get<IcosTexts>(metric_.value);
    const auto& present = page->series.front().info;
    return std::any_of(present.begin(), present.end(),
                       [&](const auto& key) { return !Has(sent, key.first); });
  }

  Outcome SetValue(const MetricDefinition& definition, SampleChange& change) const {
    switch (type_) {
      case MetricType::kCounter:
        return SetCounter(change);
      case MetricType::kInfo:
        return SetInfo(definition, change);
      case MetricType::kStateSet:
        return SetState(definition, change);
      default:
        return SetGauge(change);
    }
  }

  Outcome SetCounter(SampleChange& change) const {
    const auto* number = std::get_if<double>(&metric_.value);
    if (number == nullptr) {
      return Refuse("value at counter metric must be a number.");
    }
    if (*number < 0) {
      return Refuse("Counters can only be incremented by non-negative amounts.");
    }
    change.value = *number;
    return {};
  }

  Outcome SetGauge(SampleChange& change) const {
    if (const auto* number = std::get_if<double>(&metric_.value)) {
      change.value = *number;
      return {};
    }
    const auto* text = std::get_if<std::string>(&metric_.value);
    if (text == nullptr) {
      return Refuse("value at gauge metric must be a number or a text.");
    }
    const auto number = ParsePythonFloat(*text);
    if (!number) {
      return Refuse("could not convert string to float: " + PythonRepr(*text));
    }
    change.value = *number;
    return {};
  }

  Outcome SetInfo(const MetricDefinition& definition, SampleChange& change) const {
    const auto* texts = std::get_if<IcosTexts>(&metric_.value);
    if (texts == nullptr) {
      return Refuse("value at info metric must be a dictionary.");
    }
    for (const auto& [name, value] : *texts) {
      if (Has(definition.labels, name)) {
        return Refuse("Overlapping labels for Info metric, metric: " +
                      TupleText(definition.labels) + " child: " + DictText(*texts));
      }
      if (auto valid = CheckLabelName(name); !valid) {
        return valid;
      }
    }
    change.info = base::MakeLabelSet({texts->begin(), texts->end()});
    return {};
  }

  Outcome SetState(const MetricDefinition& definition, SampleChange& change) const {
    const auto* state = std::get_if<std::string>(&metric_.value);
    // An update may leave the states out (the service refuses that, against its own documentation).
    if (state == nullptr || definition.states.empty() ||
        (!metric_.states.empty() && !Has(metric_.states, *state))) {
      return Refuse(kNoSuchState);
    }
    if (!Has(definition.states, *state)) {
      return Refuse(PythonRepr(*state) + " is not in list");
    }
    change.state = *state;
    return {};
  }

  Outcome Apply(const std::string& family, const SampleChange& change) {
    if (auto applied = store_.Apply(family, {&change, 1}, now_); !applied) {
      return FromStore(applied.error());
    }
    return {};
  }

  exposition::MetricStore& store_;
  const base::Instant now_;
  const IcosMetric metric_;
  const MetricType type_;
  std::string name_;  // without blanks around it
};

Response Message(std::string_view text) {
  std::string json = R"({"message":)";
  AppendJsonText(json, text);
  return JsonResponse(200, json + "}");
}

Response Detail(const Problem& problem) {
  return ErrorResponse(ErrorStyle::kDetail, problem.status, problem.detail);
}

}  // namespace

Response IcosRoutes::CreateMetric(const Request& request) {
  auto metric = ReadIcosMetric(request, json_depth_);
  if (!metric) {
    return metric.error();
  }
  const auto done = Creation(store_, clock_(), *std::move(metric)).Run();
  return done ? JsonResponse(200, R"({"message":"Metric updated successfully."})")
              : Detail(done.error());
}

Response IcosRoutes::UnregisterMetric(const Request& request) {
  const auto unregister = ReadIcosUnregister(request, json_depth_);
  if (!unregister) {
    return unregister.error();
  }
  const std::string family = store_.ResolveFamily(unregister->name);
  if (family.empty()) {
    return Message("Metric not found. You can create a new one.");
  }
  if (store_.Find(family)->definition.type != TypeOf(unregister->type)) {
    return Detail({kOtherType});
  }
  if (auto removed = store_.Remove(family); !removed) {
    return Detail(FromStore(removed.error()).value());
  }
  return Message("Unregistered metric successfully.");
}

}  // namespace promtally::web
