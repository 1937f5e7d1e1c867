// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/series_store.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <optional>
#include <utility>

#include "metering/anchored_regex.h"

namespace promtally::metering {

namespace {

/// Prometheus' value.StaleNaN.
constexpr std::uint64_t kStaleBits = 0x7ff0000000000002;

/// A matcher, ready to be asked.
class LabelTest {
 public:
  [[nodiscard]] static base::Result<LabelTest> Make(const promql::Matcher& matcher,
                                                    DotMatchesNewline dot) {
    LabelTest test(matcher);
    if (matcher.op == promql::MatchOperator::kRegex ||
        matcher.op == promql::MatchOperator::kNotRegex) {
      auto regex = AnchoredRegex::Make(matcher.value, dot);
      if (!regex) {
        return base::Fail("the regular expression of label " + promql::Quote(matcher.name),
                          regex.error());
      }
      test.regex_ = *std::move(regex);
    }
    return test;
  }

  [[nodiscard]] bool Matches(const base::LabelSet& labels) const {
    static const std::string kAbsent;
    const std::string* value = base::Find(labels, matcher_->name);
    value = value == nullptr ? &kAbsent : value;
    switch (matcher_->op) {
      case promql::MatchOperator::kEqual:
        return *value == matcher_->value;
      case promql::MatchOperator::kNotEqual:
        return *value != matcher_->value;
      case promql::MatchOperator::kRegex:
        return regex_->Matches(*value);
      case promql::MatchOperator::kNotRegex:
        return !regex_->Matches(*value);
    }
    return false;
  }

 private:
  explicit LabelTest(const promql::Matcher& matcher) : matcher_(&matcher) {}

  const promql::Matcher* matcher_;
  std::optional<AnchoredRegex> regex_;
};

base::LabelSet WithoutEmpty(base::LabelSet labels) {
  std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
  std::sort(labels.begin(), labels.end());
  return labels;
}

bool IsInOrder(const std::vector<TimedValue>& samples) {
  return std::adjacent_find(samples.begin(), samples.end(),
                            [](const TimedValue& a, const TimedValue& b) {
                              return a.unix_milliseconds >= b.unix_milliseconds;
                            }) == samples.end();
}

bool ByLabels(const StoredSeries* a, const StoredSeries* b) { return a->labels < b->labels; }

}  // namespace

double StaleMarker() { return std::bit_cast<double>(kStaleBits); }

bool IsStaleMarker(double value) { return std::bit_cast<std::uint64_t>(value) == kStaleBits; }

base::Status SeriesStore::Add(StoredSeries series) {
  base::LabelSet labels = WithoutEmpty(std::move(series.labels));
  for (std::size_t i = 1; i < labels.size(); ++i) {
    if (labels[i].first == labels[i - 1].first) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "label " + promql::Quote(labels[i].first) + " twice in one series");
    }
  }
  if (!IsInOrder(series.samples)) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "the samples of a series are in time order, each time once");
  }
  const auto [place, is_new] = by_labels_.try_emplace(labels);
  if (!is_new) {
    return base::Fail(base::ErrorCode::kConflict, "a second series of the same labels");
  }
  place->second = {std::move(labels), std::move(series.samples)};
  samples_ += place->second.samples.size();
  Index(place->second);
  return {};
}

void SeriesStore::Merge(base::LabelSet labels, const std::vector<TimedValue>& samples) {
  labels = WithoutEmpty(std::move(labels));
  const auto [place, is_new] = by_labels_.try_emplace(labels);
  StoredSeries& series = place->second;
  if (is_new) {
    series.labels = std::move(labels);
    Index(series);
  }
  const std::size_t before = series.samples.size();
  std::vector<TimedValue> merged;
  merged.reserve(before + samples.size());
  const auto earlier = [](const TimedValue& a, const TimedValue& b) {
    return a.unix_milliseconds < b.unix_milliseconds;
  };
  std::merge(series.samples.begin(), series.samples.end(), samples.begin(), samples.end(),
             std::back_inserter(merged), earlier);
  merged.erase(std::unique(merged.begin(), merged.end(),
                           [](const TimedValue& a, const TimedValue& b) {
                             return a.unix_milliseconds == b.unix_milliseconds;
                           }),
               merged.end());
  series.samples = std::move(merged);
  samples_ += series.samples.size() - before;
}

void SeriesStore::Index(const StoredSeries& series) {
  const std::string* const metric = base::Find(series.labels, kMetricNameLabel);
  by_metric_[metric == nullptr ? std::string() : *metric].push_back(&series);
}

std::vector<const StoredSeries*> SeriesStore::All() const {
  std::vector<const StoredSeries*> all;
  all.reserve(by_labels_.size());
  for (const auto& [labels, series] : by_labels_) {
    all.push_back(&series);
  }
  return all;
}

const std::vector<const StoredSeries*>* SeriesStore::OfMetric(
    const promql::Selector& selector) const {
  static const std::vector<const StoredSeries*> kNone;
  const std::string* name = selector.metric.empty() ? nullptr : &selector.metric;
  for (const promql::Matcher& matcher : selector.matchers) {
    if (matcher.name == kMetricNameLabel && matcher.op == promql::MatchOperator::kEqual) {
      name = name == nullptr ? &matcher.value : name;
    }
  }
  if (name == nullptr) {
    return nullptr;
  }
  const auto found = by_metric_.find(*name);
  return found == by_metric_.end() ? &kNone : &found->second;
}

base::Result<std::vector<const StoredSeries*>> SeriesStore::Select(const promql::Selector& selector,
                                                                   DotMatchesNewline dot) const {
  std::vector<LabelTest> tests;
  for (const promql::Matcher& matcher : selector.matchers) {
    auto test = LabelTest::Make(matcher, dot);
    if (!test) {
      return tl::unexpected(std::move(test).error());
    }
    tests.push_back(*std::move(test));
  }
  const auto* const of_metric = OfMetric(selector);
  std::vector<const StoredSeries*> selected = of_metric == nullptr ? All() : *of_metric;
  std::erase_if(selected, [&tests](const StoredSeries* series) {
    return std::any_of(tests.begin(), tests.end(),
                       [series](const LabelTest& test) { return !test.Matches(series->labels); });
  });
  std::sort(selected.begin(), selected.end(), ByLabels);
  return selected;
}

}  // namespace promtally::metering
