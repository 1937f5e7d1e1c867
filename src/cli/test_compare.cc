// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "cli/test_outcome.h"
#include "promtally/metering/local_usage.h"

namespace promtally::cli {

namespace {

/// `name{a="b"}`
std::string SeriesText(const base::LabelSet& labels) {
  std::string name;
  std::string text;
  for (const auto& [label, value] : labels) {
    if (label == metering::kMetricNameLabel) {
      name = value;
      continue;
    }
    text += text.empty() ? "" : ", ";
    text += (base::IsLabelName(label) ? label : promql::Quote(label)) + "=" + promql::Quote(value);
  }
  return name + "{" + text + "}";
}

base::LabelSet WithoutEmpty(base::LabelSet labels) {
  std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
  return labels;
}

bool IsSame(double a, double b, bool fuzzy) {
  if (a == b || (std::isnan(a) && std::isnan(b))) {
    return true;
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return fuzzy && (std::nextafter(a, kInfinity) == b || std::nextafter(a, -kInfinity) == b);
}

/// Pairs each expectation with what was computed: first those that are equal, then those of one
/// key, whose values differ; the rest is missing or was not expected.
template <typename Expected, typename Got, typename SameKey, typename SameValue, typename Differ,
          typename Missing, typename Extra>
void Pair(const std::vector<Expected>& expected, const std::vector<Got>& got, SameKey same_key,
          SameValue same_value, Differ differ, Missing missing, Extra extra) {
  std::vector<bool> is_used(got.size());
  std::vector<bool> is_met(expected.size());
  for (const bool wants_value : {true, false}) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      for (std::size_t j = 0; j < got.size() && !is_met[i]; ++j) {
        if (is_used[j] || !same_key(expected[i], got[j]) ||
            (wants_value && !same_value(expected[i], got[j]))) {
          continue;
        }
        is_used[j] = true;
        is_met[i] = true;
        if (!wants_value) {
          differ(expected[i], got[j]);
        }
      }
    }
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!is_met[i]) {
      missing(expected[i]);
    }
  }
  for (std::size_t j = 0; j < got.size(); ++j) {
    if (!is_used[j]) {
      extra(got[j]);
    }
  }
}

std::string RecordText(const std::optional<std::string>& scope, const base::LabelSet& groupby,
                       const base::LabelSet& metadata) {
  std::string text = scope ? "scope " + promql::Quote(*scope) + " " : "";
  text += SeriesText(groupby);
  return metadata.empty() ? text : text + " metadata " + SeriesText(metadata);
}

/// The labels of an expectation as records have them: the scope key goes to the scope.
base::LabelSet GroupbyOf(const config::ExpectedRecord& record, const config::TestGroup& group) {
  base::LabelSet labels = WithoutEmpty(record.groupby);
  if (group.scope_key) {
    std::erase_if(labels, [&](const auto& label) {
      return label.first == *group.scope_key && label.second == record.scope;
    });
  }
  return labels;
}

}  // namespace

void CompareRecords(const config::UsageTest& test, const config::TestGroup& group,
                    std::vector<ComputedRecord> computed, std::vector<TestError>* errors) {
  using config::ExpectedRecord;
  const auto same_key = [&](const ExpectedRecord& expected, const ComputedRecord& got) {
    return expected.scope == got.scope && GroupbyOf(expected, group) == got.groupby &&
           (!expected.metadata || WithoutEmpty(*expected.metadata) == got.metadata);
  };
  const auto same_value = [](const ExpectedRecord& expected, const ComputedRecord& got) {
    return expected.quantity == got.quantity;
  };
  const std::string where = test.metric + " at " + base::ToText(test.eval_time) + ": ";
  const auto name = [&](const ExpectedRecord& expected) {
    return RecordText(expected.scope, GroupbyOf(expected, group),
                      expected.metadata.value_or(base::LabelSet()));
  };
  Pair(
      test.records, computed, same_key, same_value,
      [&](const ExpectedRecord& expected, const ComputedRecord& got) {
        errors->push_back({expected.line, where + name(expected) + ": another quantity",
                           expected.quantity.ToText(), got.quantity.ToText()});
      },
      [&](const ExpectedRecord& expected) {
        errors->push_back({expected.line, where + name(expected) + ": there is no such record",
                           expected.quantity.ToText(), std::nullopt});
      },
      [&](const ComputedRecord& got) {
        errors->push_back(
            {test.line,
             where + RecordText(got.scope, got.groupby, got.metadata) + ": was not expected",
             std::nullopt, got.quantity.ToText()});
      });
}

void CompareSamples(const config::ExpressionTest& test, bool fuzzy,
                    const metering::EvaluatedValue& value, std::vector<TestError>* errors) {
  std::vector<config::ExpectedSample> got;
  if (value.type == promql::ValueType::kScalar) {
    got.push_back({{}, value.scalar});
  }
  for (const metering::VectorSample& sample : value.vector) {
    got.push_back({sample.labels, sample.value});
  }
  using Sample = config::ExpectedSample;
  const std::string where = test.text + " at " + base::ToText(test.eval_time) + ": ";
  Pair(
      test.samples, got, [](const Sample& a, const Sample& b) { return a.labels == b.labels; },
      [fuzzy](const Sample& a, const Sample& b) { return IsSame(a.value, b.value, fuzzy); },
      [&](const Sample& expected, const Sample& computed) {
        errors->push_back({test.line, where + SeriesText(expected.labels) + ": another value",
                           metering::ValueText(expected.value),
                           metering::ValueText(computed.value)});
      },
      [&](const Sample& expected) {
        errors->push_back({test.line,
                           where + SeriesText(expected.labels) + ": is not in the result",
                           metering::ValueText(expected.value), std::nullopt});
      },
      [&](const Sample& computed) {
        errors->push_back({test.line, where + SeriesText(computed.labels) + ": was not expected",
                           std::nullopt, metering::ValueText(computed.value)});
      });
}

}  // namespace promtally::cli
