// SPDX-License-Identifier: Apache-2.0
#include "cli/prediction_preview.h"

#include <iostream>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "collector/model_run.h"
#include "collector/prediction_plan.h"
#include "delivery/json_lines.h"

namespace promtally::cli {
namespace {

using Window = std::vector<std::optional<base::Decimal>>;

/// Windows of the series that the last of the periods has, as the ledger would have them.
std::vector<ledger::UsageWindow> WindowsOf(const std::vector<std::vector<AskedQuantity>>& periods) {
  std::map<base::LabelSet, ledger::UsageWindow> by_labels;
  for (const AskedQuantity& newest : periods.back()) {
    ledger::UsageWindow& window = by_labels[newest.labels];
    window.scope = newest.scope;
    window.labels = newest.labels;
    window.values.resize(periods.size());
  }
  for (std::size_t step = 0; step < periods.size(); ++step) {
    for (const AskedQuantity& asked : periods[step]) {
      if (const auto window = by_labels.find(asked.labels); window != by_labels.end()) {
        window->second.values[step] = asked.quantity;
      }
    }
  }
  std::vector<ledger::UsageWindow> windows;
  for (auto& [labels, window] : by_labels) {
    windows.push_back(std::move(window));
  }
  return windows;
}

std::string WindowText(const Window& values) {
  std::string text;
  for (const auto& value : values) {
    text += (text.empty() ? "" : " ") + (value ? value->ToText() : "-");
  }
  return text;
}

delivery::PredictionLine LineOf(const QueryTarget& target, const metering::ModelBlock& block,
                                const collector::ModelRun& run, const ledger::UsageWindow& window) {
  delivery::PredictionLine line;
  line.job = target.job;
  line.name = block.name;
  line.model = run.model;
  line.model_version = run.version;
  line.scope = window.scope;
  line.labels.assign(window.labels.begin(), window.labels.end());
  line.window = window.values;
  return line;
}

}  // namespace

void PredictionPreview::Show(const QueryTarget& target, const metering::MetricSpec& spec,
                             metering::Period input, const Ask& ask) {
  if (models_ == nullptr || job_ != target.job) {
    models_ = std::make_shared<inference::ModelCatalog>(target.models);
    ranges_ = std::make_shared<collector::RangeWindows>(std::vector{*target.source});
    job_ = target.job;
  }
  for (const metering::ModelBlock& block : spec.models) {
    if (block.input) {
      if (const auto windows = AskRange(target, block, input)) {
        ShowBlock(target, block, input, *windows);
      }
      continue;
    }
    std::vector<std::vector<AskedQuantity>> periods;
    for (const metering::Period& period : collector::WindowPeriods(block, input)) {
      auto asked = ask(period);
      if (!asked) {
        complete_ = false;
        break;
      }
      periods.push_back(*std::move(asked));
    }
    if (periods.size() == static_cast<std::size_t>(block.steps_back)) {
      ShowBlock(target, block, input, WindowsOf(periods));
    }
  }
}

std::optional<std::vector<ledger::UsageWindow>> PredictionPreview::AskRange(
    const QueryTarget& target, const metering::ModelBlock& block, metering::Period input) {
  std::cerr << fmt::format("{} {}: {} steps of {}s: {}\n", Printable(block.name),
                           base::ToText(input.end), block.steps_back, block.input->step.count(),
                           Printable(metering::InputQuery(*block.input, target.scope_key)));
  auto windows = ranges_->Ask({target.source->name, &*block.input, block.steps_back,
                               target.scope_key, target.filter, input.end});
  if (!windows) {
    complete_ = false;
    std::cerr << "promtally: error: "
              << Printable(block.name + ": no window: " + windows.error().message) << '\n';
    return std::nullopt;
  }
  return *std::move(windows);
}

void PredictionPreview::ShowBlock(const QueryTarget& target, const metering::ModelBlock& block,
                                  metering::Period input,
                                  const std::vector<ledger::UsageWindow>& windows) {
  collector::ModelRun run;
  if (auto status = collector::RunModel(*models_, block, windows, &run); !status) {
    complete_ = false;
    std::cerr << "promtally: error: " << Printable(block.name + ": " + status.error().message)
              << '\n';
    return;
  }
  std::vector<delivery::PredictionLine> lines;
  const metering::Period output = collector::OutputPeriod(block, input);
  for (const collector::WindowPrediction& series : run.output.series) {
    lines.push_back(LineOf(target, block, run, windows[series.window]));
    lines.back().prediction = series.value;
    lines.back().lower = series.lower;
    lines.back().upper = series.upper;
  }
  for (const auto& [window, reason] : run.output.not_predicted) {
    lines.push_back(LineOf(target, block, run, windows[window]));
    lines.back().reason = reason;
  }
  for (delivery::PredictionLine& line : lines) {
    line.period = output;
    if (format_ == Format::kJson) {
      std::cout << delivery::ToJson(line) << '\n';
      continue;
    }
    table_.Add({line.name, line.scope.value_or(""), delivery::LabelsJson(line.labels),
                base::ToText(output.begin), base::ToText(output.end), WindowText(line.window),
                line.prediction ? line.prediction->ToText() : "none: " + line.reason});
  }
}

void PredictionPreview::Finish() const {
  if (format_ == Format::kTable && !table_.empty()) {
    std::cout << "\npredictions:\n";
    table_.Print(std::cout, Format::kTable);
  } else if (format_ == Format::kCsv && !table_.empty()) {
    std::cerr << "note: predictions are shown as a table or as JSON\n";
  }
}

}  // namespace promtally::cli
