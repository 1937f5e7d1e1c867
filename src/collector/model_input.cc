// SPDX-License-Identifier: Apache-2.0
#include "collector/model_input.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "promtally/base/one_line.h"

namespace promtally::collector {
namespace {

using source::RangeSeries;

constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

base::LabelSet WithoutName(base::LabelSet labels) {
  std::erase_if(labels, [](const auto& label) { return label.first == "__name__"; });
  return labels;
}

/// The last `steps` samples as they are, when each follows the one before it by one step.
std::optional<std::vector<double>> Newest(const RangeSeries& series, std::size_t steps,
                                          base::Milliseconds step) {
  if (series.samples.size() < steps) {
    return std::nullopt;
  }
  std::vector<double> values;
  const std::size_t first = series.samples.size() - steps;
  for (std::size_t i = first; i < series.samples.size(); ++i) {
    if (i > first) {
      const base::Milliseconds apart = series.samples[i].first - series.samples[i - 1].first;
      if (2 * apart < step || 2 * apart > 3 * step) {
        return std::nullopt;
      }
    }
    values.push_back(series.samples[i].second);
  }
  return values;
}

/// The samples on the grid of the window, NaN where there is none.
std::vector<double> OnGrid(const RangeSeries& series, std::size_t steps, base::Milliseconds step,
                           base::Instant end) {
  std::vector<double> values(steps, kGap);
  for (const auto& [time, value] : series.samples) {
    const base::Milliseconds before = end - time + step / 2;
    const auto place = before / step;
    if (before.count() >= 0 && place < static_cast<std::int64_t>(steps)) {
      values[steps - 1 - static_cast<std::size_t>(place)] = value;
    }
  }
  return values;
}

/// The value that holds before the window: of an older sample, else of what the caller knows.
std::optional<double> Before(const RangeSeries& series, base::Instant begin,
                             const std::vector<double>& history) {
  std::optional<double> value = history.empty() ? std::nullopt : std::optional(history.back());
  for (const auto& [time, sample] : series.samples) {
    if (time < begin) {
      value = sample;
    }
  }
  return value;
}

base::Result<std::vector<double>> WindowOf(const std::string& query, const RangeSeries& series,
                                           const WindowOptions& options,
                                           const std::vector<double>& history) {
  const base::Milliseconds step = series.step.count() > 0 ? series.step : options.step;
  if (auto newest = Newest(series, options.steps, step)) {
    return *std::move(newest);
  }
  std::vector<double> values = OnGrid(series, options.steps, step, options.end);
  const auto gaps = static_cast<std::size_t>(
      std::count_if(values.begin(), values.end(), [](double value) { return std::isnan(value); }));
  const base::Instant begin = options.end - step * static_cast<std::int64_t>(options.steps - 1);
  constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
  double held = options.fill_gaps ? Before(series, begin, history).value_or(kNothing) : kNothing;
  for (double& value : values) {
    if (std::isnan(value) && (!options.fill_gaps || std::isnan(held))) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        fmt::format("telemetry metric \"{}\" has {} of {} samples",
                                    base::OneLine(query), options.steps - gaps, options.steps));
    }
    value = std::isnan(value) ? held : value;
    held = value;
  }
  return values;
}

using ByLabels = std::map<base::LabelSet, const RangeSeries*>;

base::Result<ByLabels> Index(const std::string& query, const std::vector<RangeSeries>& answer) {
  ByLabels index;
  for (const RangeSeries& series : answer) {
    if (!index.emplace(WithoutName(series.labels), &series).second) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "telemetry metric \"" + base::OneLine(query) +
                            "\" has several series that differ in their names only");
    }
  }
  if (index.empty()) {
    return base::Fail(base::ErrorCode::kNotFound,
                      "telemetry metric \"" + base::OneLine(query) + "\" has no samples");
  }
  return index;
}

/// Labels that all series have with the same value.
base::LabelSet Common(const std::vector<ByLabels>& indexes) {
  base::LabelSet common = indexes.front().begin()->first;
  for (const ByLabels& index : indexes) {
    std::erase_if(common, [&](const auto& label) {
      const std::string* const value = base::Find(index.begin()->first, label.first);
      return value == nullptr || *value != label.second;
    });
  }
  return common;
}

}  // namespace

base::Result<std::vector<InputWindow>> MakeWindows(
    const std::vector<std::string>& queries, const std::vector<std::vector<RangeSeries>>& answers,
    const WindowOptions& options) {
  std::vector<ByLabels> indexes;
  std::size_t widest = 0;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    base::Result<ByLabels> index = Index(queries[i], answers[i]);
    if (!index) {
      return tl::unexpected(index.error());
    }
    widest = index->size() > (indexes.empty() ? 0 : indexes[widest].size()) ? i : widest;
    indexes.push_back(*std::move(index));
  }
  std::vector<InputWindow> windows;
  for (const RangeSeries& leader : answers[widest]) {
    InputWindow window;
    window.labels = WithoutName(leader.labels);
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const auto found =
          indexes[i].size() == 1 ? indexes[i].begin() : indexes[i].find(window.labels);
      if (found == indexes[i].end() ||
          (indexes[i].size() != 1 && indexes[i].size() != indexes[widest].size())) {
        return base::Fail(base::ErrorCode::kInvalidArgument,
                          "the series of telemetry metrics \"" + base::OneLine(queries[i]) +
                              "\" and \"" + base::OneLine(queries[widest]) +
                              "\" have different labels");
      }
      const std::vector<double>& history =
          i < options.history.size() ? options.history[i] : std::vector<double>();
      base::Result<std::vector<double>> values =
          WindowOf(queries[i], *found->second, options, history);
      if (!values) {
        return tl::unexpected(values.error());
      }
      window.inputs.push_back(*std::move(values));
    }
    windows.push_back(std::move(window));
  }
  if (windows.size() == 1 && queries.size() > 1) {
    windows.front().labels = Common(indexes);
  }
  return windows;
}

source::RangeQuery WindowQuery(const std::string& query, base::Instant now, base::Milliseconds step,
                               std::size_t steps, std::size_t more) {
  source::RangeQuery asked;
  asked.text = query;
  asked.step = step;
  asked.end = base::Instant(now.time_since_epoch() / step * step);
  asked.begin = asked.end - step * static_cast<std::int64_t>(steps + more);
  return asked;
}

}  // namespace promtally::collector
