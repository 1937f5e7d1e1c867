// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/exact_compare.h"

#include <algorithm>
#include <utility>

namespace promtally::metering {
namespace {

/// A sample as a server has it: seconds and a double.
using Sample = std::pair<double, double>;

constexpr double kLookBack = 300;  // --query.lookback-delta

double Seconds(base::Instant instant) {
  return static_cast<double>(instant.time_since_epoch().count()) / 1000;
}

std::vector<Sample> SamplesOf(const RawAnswer& answer, std::size_t series) {
  std::vector<Sample> samples;
  for (const RawSample& sample : answer.samples.samples(series)) {
    if (sample.kind() != RawSample::Kind::kNan) {
      samples.emplace_back(static_cast<double>(sample.time_ms()) / 1000,
                           answer.samples.DoubleOf(sample));
    }
  }
  std::sort(samples.begin(), samples.end());
  return samples;
}

double Difference(const std::vector<Sample>& samples, bool counter) {
  double result = samples.back().second - samples.front().second;
  for (std::size_t i = 1; counter && i < samples.size(); ++i) {
    result += samples[i].second < samples[i - 1].second ? samples[i - 1].second : 0;
  }
  return result;
}

std::optional<double> Extrapolated(const std::vector<Sample>& samples, double begin, double end,
                                   bool counter) {
  if (samples.size() < 2) {
    return std::nullopt;
  }
  const double result = Difference(samples, counter);
  const double interval = samples.back().first - samples.front().first;
  const double average = interval / static_cast<double>(samples.size() - 1);
  const double limit = average * 1.1;
  double to_start = samples.front().first - begin;
  double to_end = end - samples.back().first;
  to_start = to_start >= limit ? average / 2 : to_start;
  if (counter && result > 0 && samples.front().second >= 0) {
    to_start = std::min(to_start, interval * (samples.front().second / result));
  }
  to_end = to_end >= limit ? average / 2 : to_end;
  return result * ((interval + to_start + to_end) / interval);
}

/// Adds one series to what the aggregation has so far.
class Aggregate {
 public:
  explicit Aggregate(const std::string& method) : method_(method) {}
  void Add(const std::optional<double>& value) {
    if (!value) {
      return;
    }
    const bool is_first = count_ == 0;
    sum_ += *value;
    least_ = is_first ? *value : std::min(least_, *value);
    greatest_ = is_first ? *value : std::max(greatest_, *value);
    ++count_;
  }
  [[nodiscard]] std::optional<double> Result() const {
    if (count_ == 0) {
      return std::nullopt;
    }
    return method_ == "min"     ? least_
           : method_ == "max"   ? greatest_
           : method_ == "count" ? static_cast<double>(count_)
           : method_ == "avg"   ? sum_ / static_cast<double>(count_)
                                : sum_;
  }

 private:
  const std::string& method_;
  double sum_ = 0;
  double least_ = 0;
  double greatest_ = 0;
  std::int64_t count_ = 0;
};

bool Has(const Answer& answer, std::uint32_t series, const base::LabelSet& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
    return answer.Label(series, label.first).value_or("") == label.second;
  });
}

/// What a range selector holds, and the same with the last sample before its begin.
struct WindowSamples {
  std::vector<Sample> inside;
  std::vector<Sample> from_anchor;
};

WindowSamples InWindow(const std::vector<Sample>& all, double begin, double end,
                       bool closed_edges) {
  WindowSamples window;
  for (const Sample& sample : all) {
    const double time = sample.first;
    if ((closed_edges ? time >= begin : time > begin) && time <= end) {
      window.inside.push_back(sample);
    }
    if (time <= begin && time > begin - kLookBack) {
      window.from_anchor.assign(1, sample);
    } else if (time > begin && time <= end) {
      window.from_anchor.push_back(sample);
    }
  }
  return window;
}

}  // namespace

ServerAnswers CompareWithServers(const MetricSpec& spec, Period period, bool closed_edges,
                                 const base::LabelSet& labels,
                                 const std::vector<RawAnswer>& answers) {
  const double begin = Seconds(period.begin);
  const double end = Seconds(period.end);
  Aggregate increase(spec.aggregation_method);
  Aggregate delta(spec.aggregation_method);
  Aggregate anchored(spec.aggregation_method);
  for (const RawAnswer& answer : answers) {
    for (std::uint32_t s = 0; s < answer.series.size(); ++s) {
      if (!Has(answer.series, s, labels)) {
        continue;
      }
      const WindowSamples window = InWindow(SamplesOf(answer, s), begin, end, closed_edges);
      increase.Add(Extrapolated(window.inside, begin, end, true));
      delta.Add(Extrapolated(window.inside, begin, end, false));
      if (!window.inside.empty()) {
        anchored.Add(
            Difference(window.from_anchor.empty() ? window.inside : window.from_anchor, true));
      }
    }
  }
  return {increase.Result(), delta.Result(), anchored.Result()};
}

}  // namespace promtally::metering
