// SPDX-License-Identifier: Apache-2.0
#include "web/prediction_output.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "web/python_text.h"

namespace promtally::web {
namespace {

using collector::PredictedSeries;
using exposition::MetricDefinition;
using exposition::MetricStore;
using exposition::MetricType;
using exposition::SampleChange;

constexpr std::size_t kPage = 10'000;

MetricType StoredType(IcosType type) {
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

std::string ValueText(const PredictedSeries& series) {
  return series.value ? PythonFloatText(*series.value) : series.text;
}

base::Result<std::string> StateOf(const PredictionMetric& metric, const PredictedSeries& series) {
  const std::string text = ValueText(series);
  if (!series.value) {
    if (std::find(metric.states.begin(), metric.states.end(), text) != metric.states.end()) {
      return text;
    }
  } else if (*series.value >= 0 && *series.value == std::floor(*series.value) &&
             *series.value < static_cast<double>(metric.states.size())) {
    return metric.states[static_cast<std::size_t>(*series.value)];
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "the prediction " + exposition::InQuotes(text) +
                        " is no state, and no place in model_states");
}

base::Result<SampleChange> ChangeOf(const PredictionMetric& metric, const PredictedSeries& series,
                                    const base::LabelSet& labels) {
  SampleChange change;
  change.labels = labels;
  if (metric.type == IcosType::kInfo) {
    change.info = {{"prediction", ValueText(series)}};
    return change;
  }
  if (metric.type == IcosType::kEnum) {
    const base::Result<std::string> state = StateOf(metric, series);
    if (!state) {
      return tl::unexpected(state.error());
    }
    change.state = *state;
    return change;
  }
  if (!series.value) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "the prediction " + exposition::InQuotes(series.text) + " is no number");
  }
  if (metric.type == IcosType::kCounter && *series.value < 0) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "the prediction is negative, and a counter can only go up");
  }
  change.value = *series.value;
  return change;
}

/// Series of a metric by their labels; empty labels are left out of the comparison.
base::LabelSet Stripped(base::LabelSet labels) {
  std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
  return labels;
}

/// Whether all of `own` are among the labels.
bool Covers(const base::LabelSet& labels, const base::LabelSet& own) {
  return std::all_of(own.begin(), own.end(), [&](const auto& label) {
    const std::string* const value = base::Find(labels, label.first);
    return value != nullptr ? *value == label.second : label.second.empty();
  });
}

/// One family on its way into the store.
class Publication {
 public:
  Publication(MetricStore& store, MetricDefinition definition, const base::LabelSet& own,
              base::Instant now)
      : store_(store), definition_(std::move(definition)), own_(own), now_(now) {}

  base::Status Run(std::vector<SampleChange> changes) {
    std::set<std::string> names;
    for (const SampleChange& change : changes) {
      for (const auto& label : change.labels) {
        names.insert(label.first);
      }
    }
    if (const MetricDefinition* const known = store_.DefinitionOf(definition_.name)) {
      if (known->type != definition_.type || known->name != definition_.name) {
        return base::Fail(base::ErrorCode::kConflict,
                          "Metric name matches an already registered metric with different type.");
      }
      const std::set<std::string> declared(known->labels.begin(), known->labels.end());
      const bool covered =
          std::includes(declared.begin(), declared.end(), names.begin(), names.end());
      if (covered && known->states == definition_.states) {
        const auto applied = store_.Apply(definition_.name, changes, now_);
        return applied ? RemoveOthers(changes) : tl::unexpected(applied.error());
      }
      names.insert(declared.begin(), declared.end());
      Carry(changes);
      if (auto removed = store_.Remove(definition_.name); !removed) {
        return removed;
      }
    }
    definition_.labels.assign(names.begin(), names.end());
    const auto made = store_.Create(definition_, now_, changes);
    return made ? base::Status() : tl::unexpected(made.error());
  }

 private:
  /// The sums of a counter and series of other loops go on when the metric is made anew with
  /// further labels.
  void Carry(std::vector<SampleChange>& changes) const {
    const auto page = store_.Series(definition_.name, "", kPage, now_);
    if (!page) {
      return;
    }
    const bool counter = definition_.type == MetricType::kCounter;
    for (const exposition::SeriesView& series : page->series) {
      if (!counter && Covers(series.labels, own_)) {
        continue;  // set anew, or gone
      }
      SampleChange change;
      change.labels = series.labels;
      change.value = series.value;
      change.info = series.info;
      change.state = series.state;
      changes.push_back(std::move(change));
    }
  }

  base::Status RemoveOthers(const std::vector<SampleChange>& changes) {
    if (definition_.type == MetricType::kCounter) {
      return {};
    }
    std::set<base::LabelSet> current;
    for (const SampleChange& change : changes) {
      current.insert(Stripped(change.labels));
    }
    const auto page = store_.Series(definition_.name, "", kPage, now_);
    for (const exposition::SeriesView& series :
         page ? page->series : std::vector<exposition::SeriesView>()) {
      if (Covers(series.labels, own_) && !current.contains(Stripped(series.labels))) {
        static_cast<void>(store_.RemoveSeries(definition_.name, series.labels));
      }
    }
    return {};
  }

  MetricStore& store_;
  MetricDefinition definition_;
  const base::LabelSet& own_;  // of the request: other loops may have series of this metric
  const base::Instant now_;
};

base::LabelSet Labels(const PredictionMetric& metric, const PredictedSeries& series) {
  base::LabelSet labels = metric.labels;
  labels.insert(labels.end(), series.labels.begin(), series.labels.end());
  return base::MakeLabelSet(std::move(labels));  // the first of equal names stays
}

/// A gauge of what comes beside the predictions.
base::Status PublishBeside(MetricStore& store, const PredictionMetric& metric,
                           const std::vector<PredictedSeries>& all, const char* suffix,
                           std::optional<double> PredictedSeries::*member, base::Instant now) {
  std::vector<SampleChange> changes;
  for (const PredictedSeries& series : all) {
    if (series.*member) {
      SampleChange change;
      change.labels = Labels(metric, series);
      change.value = *(series.*member);
      changes.push_back(std::move(change));
    }
  }
  if (changes.empty()) {
    return {};
  }
  MetricDefinition definition;
  definition.name = metric.name + suffix;
  definition.help = metric.name + suffix + " info";
  return Publication(store, definition, metric.labels, now).Run(std::move(changes));
}

}  // namespace

base::Status PublishPredictions(MetricStore& store, const PredictionMetric& metric,
                                const std::vector<PredictedSeries>& series, base::Instant now) {
  std::vector<SampleChange> changes;
  std::set<base::LabelSet> seen;
  for (const PredictedSeries& one : series) {
    const base::LabelSet labels = Labels(metric, one);
    if (!seen.insert(labels).second) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "labels of the request make two predicted series the same");
    }
    base::Result<SampleChange> change = ChangeOf(metric, one, labels);
    if (!change) {
      return tl::unexpected(change.error());
    }
    changes.push_back(*std::move(change));
  }
  MetricDefinition definition;
  definition.name = IcosFamilyName(metric.name, metric.type);
  definition.type = StoredType(metric.type);
  definition.help = metric.help;
  if (metric.type == IcosType::kEnum) {
    definition.states = metric.states;
  }
  if (auto status = Publication(store, definition, metric.labels, now).Run(std::move(changes));
      !status) {
    return status;
  }
  struct Beside {
    const char* suffix;
    std::optional<double> PredictedSeries::*member;
  };
  for (const Beside& beside :
       {Beside{"_confidence", &PredictedSeries::confidence},
        Beside{"_lower", &PredictedSeries::lower}, Beside{"_upper", &PredictedSeries::upper}}) {
    if (auto status = PublishBeside(store, metric, series, beside.suffix, beside.member, now);
        !status) {
      return status;
    }
  }
  return {};
}

void RemovePredictions(MetricStore& store, const PredictionMetric& metric, base::Instant now) {
  for (const char* const suffix : {"", "_confidence", "_lower", "_upper"}) {
    const std::string name = IcosFamilyName(metric.name, metric.type) + suffix;
    const auto page = store.Series(name, "", kPage, now);
    for (const exposition::SeriesView& series :
         page ? page->series : std::vector<exposition::SeriesView>()) {
      if (Covers(series.labels, metric.labels)) {
        static_cast<void>(store.RemoveSeries(name, series.labels));
      }
    }
  }
}

}  // namespace promtally::web
