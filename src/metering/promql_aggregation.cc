// SPDX-License-Identifier: Apache-2.0
#include "metering/promql_aggregation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "metering/kahan_sum.h"

namespace promtally::metering {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

base::LabelSet GroupLabels(const promql::Aggregation& aggregation, const base::LabelSet& labels) {
  if (!aggregation.without) {
    return KeepOnly(labels, aggregation.labels);
  }
  std::vector<std::string> dropped = aggregation.labels;
  dropped.emplace_back(kMetricNameLabel);
  return Without(labels, dropped);
}

/// Elements of one group, in their order.
struct Group {
  base::LabelSet labels;
  std::vector<const VectorSample*> members;
};

std::vector<Group> GroupsOf(const promql::Aggregation& aggregation, const InstantVector& vector) {
  std::vector<Group> groups;
  std::map<base::LabelSet, std::size_t> places;
  for (const VectorSample& sample : vector) {
    base::LabelSet labels = GroupLabels(aggregation, sample.labels);
    const auto [place, is_new] = places.try_emplace(labels, groups.size());
    if (is_new) {
      groups.push_back({std::move(labels), {}});
    }
    groups[place->second].members.push_back(&sample);
  }
  return groups;
}

double SumOf(const Group& group, PromqlSemantics semantics) {
  KahanSum sum{group.members.front()->value, 0};
  for (std::size_t i = 1; i < group.members.size(); ++i) {
    if (semantics == PromqlSemantics::kPrometheus2) {
      sum.sum += group.members[i]->value;
    } else {
      sum.Add(group.members[i]->value, semantics);
    }
  }
  return sum.Total();
}

double AverageOf(const Group& group, PromqlSemantics semantics) {
  const std::span members = std::span(group.members).subspan(1);
  if (semantics == PromqlSemantics::kPrometheus3) {
    DirectMean mean(group.members.front()->value);
    for (const VectorSample* member : members) {
      mean.Add(member->value);
    }
    return mean.Value();
  }
  double mean = group.members.front()->value;
  double count = 1;
  for (const VectorSample* member : members) {
    ++count;
    if (!KeepsInfiniteMean(mean, member->value)) {
      mean += member->value / count - mean / count;
    }
  }
  return mean;
}

double VarianceOf(const Group& group, PromqlSemantics semantics) {
  double mean = group.members.front()->value;
  // Prometheus 2.42 forgets that the first value was no number.
  double squares = semantics == PromqlSemantics::kPrometheus2 || std::isfinite(mean) ? 0 : kNan;
  double count = 1;
  for (std::size_t i = 1; i < group.members.size(); ++i) {
    ++count;
    const double delta = group.members[i]->value - mean;
    mean += delta / count;
    squares += delta * (group.members[i]->value - mean);
  }
  return squares / count;
}

template <typename Compare>
double ExtremeOf(const Group& group, Compare beats) {
  double best = group.members.front()->value;
  for (const VectorSample* member : group.members) {
    if (beats(member->value, best) || std::isnan(best)) {
      best = member->value;
    }
  }
  return best;
}

double QuantileOfGroup(const Group& group, double q) {
  std::vector<double> values;
  values.reserve(group.members.size());
  for (const VectorSample* member : group.members) {
    values.push_back(member->value);
  }
  return QuantileOf(q, std::move(values));
}

/// Go's container/heap, so that of equal values the same ones stay. `Less` puts the one that leaves
/// first on top, NaN before all.
template <typename Less>
class GoHeap {
 public:
  explicit GoHeap(Less less) : less_(less) {}

  void Push(const VectorSample* sample) {
    items_.push_back(sample);
    std::size_t child = items_.size() - 1;
    while (child > 0) {
      const std::size_t parent = (child - 1) / 2;
      if (!less_(items_[child], items_[parent])) {
        break;
      }
      std::swap(items_[child], items_[parent]);
      child = parent;
    }
  }
  void ReplaceTop(const VectorSample* sample) {
    items_.front() = sample;
    Down(items_.size());
  }
  void Pop() {
    std::swap(items_.front(), items_.back());
    Down(items_.size() - 1);
    items_.pop_back();
  }
  [[nodiscard]] const std::vector<const VectorSample*>& items() const { return items_; }

 private:
  void Down(std::size_t size) {
    std::size_t parent = 0;
    while (2 * parent + 1 < size) {
      std::size_t child = 2 * parent + 1;
      if (child + 1 < size && less_(items_[child + 1], items_[child])) {
        ++child;
      }
      if (!less_(items_[child], items_[parent])) {
        break;
      }
      std::swap(items_[parent], items_[child]);
      parent = child;
    }
  }

  Less less_;
  std::vector<const VectorSample*> items_;
};

/// The `most` elements that `worse` puts last, the best first.
template <typename Worse>
void AppendBest(const Group& group, std::size_t most, PromqlSemantics semantics, Worse worse,
                InstantVector* result) {
  const auto leaves_first = [worse](const VectorSample* a, const VectorSample* b) {
    return std::isnan(a->value) || worse(a->value, b->value);
  };
  GoHeap heap(leaves_first);
  for (const VectorSample* member : group.members) {
    if (heap.items().size() < most) {
      heap.Push(member);
      continue;
    }
    const double top = heap.items().front()->value;
    const bool is_v2 = semantics == PromqlSemantics::kPrometheus2;
    if (!(worse(top, member->value) ||
          (std::isnan(top) && (is_v2 || !std::isnan(member->value))))) {
      continue;
    }
    if (is_v2 && most > 1) {
      heap.Pop();
      heap.Push(member);
    } else {
      heap.ReplaceTop(member);
    }
  }
  std::vector<const VectorSample*> kept = heap.items();
  std::stable_sort(kept.begin(), kept.end(), [worse](const auto* a, const auto* b) {
    const bool a_nan = std::isnan(a->value);
    const bool b_nan = std::isnan(b->value);
    return a_nan || b_nan ? !a_nan && b_nan : worse(b->value, a->value);
  });
  for (const VectorSample* sample : kept) {
    result->push_back(*sample);
  }
}

base::Result<InstantVector> Ranked(const promql::Aggregation& aggregation, double most,
                                   const InstantVector& vector, PromqlSemantics semantics) {
  constexpr double kLargest = 9'223'372'036'854'775'807.0;
  InstantVector result;
  if (most < 1) {
    return result;
  }
  if (std::isnan(most) || most >= kLargest) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "the parameter of " + aggregation.operation + " is no count");
  }
  const auto limit = static_cast<std::size_t>(
      std::min(most, static_cast<double>(std::max<std::size_t>(vector.size(), 1))));
  for (const Group& group : GroupsOf(aggregation, vector)) {
    if (aggregation.operation == "topk") {
      AppendBest(group, limit, semantics, std::less<>(), &result);
    } else if (aggregation.operation == "bottomk") {
      AppendBest(group, limit, semantics, std::greater<>(), &result);
    } else {
      for (std::size_t i = 0; i < std::min(limit, group.members.size()); ++i) {
        result.push_back(*group.members[i]);
      }
    }
  }
  return result;
}

/// As Go's FormatFloat(value, 'f', -1, 64).
std::string PlainText(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  char text[400];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  return {text, end};
}

base::Result<InstantVector> CountValues(const promql::Aggregation& aggregation,
                                        const std::string& label, const InstantVector& vector,
                                        PromqlSemantics semantics) {
  const bool is_valid =
      semantics == PromqlSemantics::kPrometheus2 ? base::IsLabelName(label) : !label.empty();
  if (!is_valid) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "invalid label name " + promql::Quote(label));
  }
  promql::Aggregation grouping;
  grouping.operation = aggregation.operation;
  grouping.without = aggregation.without;
  grouping.labels = aggregation.labels;
  if (!grouping.without) {
    grouping.labels.push_back(label);
  }
  InstantVector valued = vector;
  for (VectorSample& sample : valued) {
    SetLabel(&sample.labels, label, PlainText(sample.value));
  }
  InstantVector result;
  for (Group& group : GroupsOf(grouping, valued)) {
    result.push_back({std::move(group.labels), static_cast<double>(group.members.size()), 0});
  }
  return result;
}

/// nullopt: no such operation.
std::optional<double> ValueOf(const std::string& operation, const Group& group, double parameter,
                              PromqlSemantics semantics) {
  if (operation == "sum") {
    return SumOf(group, semantics);
  }
  if (operation == "avg") {
    return AverageOf(group, semantics);
  }
  if (operation == "max") {
    return ExtremeOf(group, std::greater<>());
  }
  if (operation == "min") {
    return ExtremeOf(group, std::less<>());
  }
  if (operation == "count") {
    return static_cast<double>(group.members.size());
  }
  if (operation == "group") {
    return 1;
  }
  if (operation == "stdvar") {
    return VarianceOf(group, semantics);
  }
  if (operation == "stddev") {
    return std::sqrt(VarianceOf(group, semantics));
  }
  if (operation == "quantile") {
    return QuantileOfGroup(group, parameter);
  }
  return std::nullopt;
}

}  // namespace

base::Result<InstantVector> Aggregate(const promql::Aggregation& aggregation,
                                      const PromqlValue& parameter, const InstantVector& vector,
                                      PromqlSemantics semantics) {
  const std::string& operation = aggregation.operation;
  if (operation == "count_values") {
    return CountValues(aggregation, std::get<std::string>(parameter), vector, semantics);
  }
  const double* const given = std::get_if<double>(&parameter);
  const double number = given == nullptr ? 0 : *given;
  if (operation == "topk" || operation == "bottomk" || operation == "limitk") {
    return Ranked(aggregation, number, vector, semantics);
  }
  InstantVector result;
  for (Group& group : GroupsOf(aggregation, vector)) {
    const auto value = ValueOf(operation, group, number, semantics);
    if (!value) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        operation + " cannot be computed without a server");
    }
    result.push_back({std::move(group.labels), *value, 0});
  }
  return result;
}

}  // namespace promtally::metering
