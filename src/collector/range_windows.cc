// SPDX-License-Identifier: Apache-2.0
#include "collector/range_windows.h"

#include <algorithm>
#include <utility>

#include "collector/prediction_work.h"
#include "promtally/base/one_line.h"

namespace promtally::collector {
namespace {

using ledger::UsageWindow;

base::Error Cancelled() { return {base::ErrorCode::kCancelled, "cancelled"}; }

std::string QueryText(const RangeWindowRequest& request) {
  constexpr std::size_t kMostBytes = 200;
  return "\"" + base::OneLine(InputQuery(*request.input, request.scope_key)).substr(0, kMostBytes) +
         "\"";
}

/// The labels that the output keeps; an absent one is not there.
base::LabelSet Kept(const RangeWindowRequest& request, const base::LabelSet& labels) {
  base::LabelSet kept;
  for (const auto& label : labels) {
    const auto& names = request.input->labels;
    if (label.first == request.scope_key ||
        std::find(names.begin(), names.end(), label.first) != names.end()) {
      kept.push_back(label);
    }
  }
  return base::MakeLabelSet(std::move(kept));
}

std::vector<std::optional<base::Decimal>> ValuesOf(const RangeWindowRequest& request,
                                                   const source::RangeSeries& series) {
  const auto steps = static_cast<std::int64_t>(request.steps_back);
  const base::Milliseconds step = request.input->step;
  std::vector<std::optional<base::Decimal>> values(static_cast<std::size_t>(steps));
  for (const auto& [time, value] : series.samples) {
    // A server may move the grid by less than a step: the nearest place is meant.
    const base::Milliseconds before = request.end - time + step / 2;
    const auto place = before / step;
    if (before.count() >= 0 && place < steps) {
      values[static_cast<std::size_t>(steps - 1 - place)] = DecimalOf(value);
    }
  }
  return values;
}

}  // namespace

RangeWindows::RangeWindows(const std::vector<config::SourceSettings>& sources)
    : sources_(sources) {}

base::Result<std::shared_ptr<source::RangeSource>> RangeWindows::Open(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (stopped_) {
    return tl::unexpected(Cancelled());
  }
  if (const auto open = open_.find(name); open != open_.end()) {
    return open->second;
  }
  const auto settings =
      std::find_if(sources_.begin(), sources_.end(),
                   [&name](const config::SourceSettings& each) { return each.name == name; });
  if (settings == sources_.end()) {
    return base::Fail(base::ErrorCode::kNotFound, "no source is named \"" + name + "\"");
  }
  return open_[name] = source::OpenRangeSource(*settings);
}

base::Result<std::vector<UsageWindow>> RangeWindows::Ask(const RangeWindowRequest& request) {
  auto opened = Open(request.source);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  source::RangeQuery query;
  query.text = InputQuery(*request.input, request.scope_key);
  query.step = request.input->step;
  query.end = request.end;
  query.begin = request.end - query.step * (request.steps_back - 1);
  auto answer = (*opened)->Query(query);
  if (!answer) {
    return tl::unexpected(answer.error());
  }
  return WindowsOfAnswer(request, *answer);
}

void RangeWindows::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (const auto& [name, source] : open_) {
    source->Stop();
  }
}

base::Result<std::vector<UsageWindow>> WindowsOfAnswer(
    const RangeWindowRequest& request, const std::vector<source::RangeSeries>& answer) {
  if (answer.empty()) {
    return base::Fail(base::ErrorCode::kNotFound, QueryText(request) + " gives no series");
  }
  std::map<base::LabelSet, UsageWindow> by_labels;
  for (const source::RangeSeries& series : answer) {
    UsageWindow window;
    window.labels = Kept(request, series.labels);
    const std::string* const scope =
        request.scope_key ? base::Find(window.labels, *request.scope_key) : nullptr;
    if (scope != nullptr) {
      window.scope = *scope;
    }
    if (request.filter != nullptr && scope != nullptr && !request.filter->Admits(*scope)) {
      continue;
    }
    window.values = ValuesOf(request, series);
    const auto [place, is_new] = by_labels.emplace(window.labels, std::move(window));
    if (!is_new) {
      return base::Fail(base::ErrorCode::kRejected,
                        QueryText(request) + " gives two series with the labels " +
                            SeriesText(place->second) +
                            ": aggregate them by what groupby and metadata name");
    }
  }
  std::vector<UsageWindow> windows;
  for (auto& [labels, window] : by_labels) {
    windows.push_back(std::move(window));
  }
  return windows;
}

}  // namespace promtally::collector
