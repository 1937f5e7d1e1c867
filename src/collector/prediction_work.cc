// SPDX-License-Identifier: Apache-2.0
#include "collector/prediction_work.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

namespace promtally::collector {
namespace {

using metering::ModelBlock;
using metering::StepsTo;
using metering::WindowGap;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// The values of a window as numbers; nullopt: left out.
std::optional<std::vector<double>> ValuesOf(const ledger::UsageWindow& window, WindowGap gaps) {
  std::vector<double> values;
  values.reserve(window.values.size());
  for (const auto& quantity : window.values) {
    if (quantity) {
      values.push_back(quantity->ToDouble());
    } else if (gaps == WindowGap::kZero) {
      values.push_back(0);
    } else if (gaps == WindowGap::kNan) {
      values.push_back(kMissing);
    } else if (gaps == WindowGap::kHold && !values.empty()) {
      values.push_back(values.back());
    } else {
      return std::nullopt;
    }
  }
  return values;
}

double Combined(const std::vector<double>& steps, StepsTo combine) {
  switch (combine) {
    case StepsTo::kLast:
      return steps.back();
    case StepsTo::kMin:
      return *std::min_element(steps.begin(), steps.end());
    case StepsTo::kMax:
      return *std::max_element(steps.begin(), steps.end());
    case StepsTo::kSum:
    case StepsTo::kMean:
      break;
  }
  const double sum = std::accumulate(steps.begin(), steps.end(), 0.0);
  return combine == StepsTo::kSum ? sum : sum / static_cast<double>(steps.size());
}

base::Decimal Bounded(double value, const ModelBlock& block) {
  base::Decimal bounded = DecimalOf(value);
  if (block.minimum && bounded < *block.minimum) {
    bounded = *block.minimum;
  }
  if (block.maximum && bounded > *block.maximum) {
    bounded = *block.maximum;
  }
  return bounded;
}

std::optional<base::Decimal> BoundedEnd(const std::optional<double>& end, const ModelBlock& block) {
  if (!end || !std::isfinite(*end)) {
    return std::nullopt;
  }
  return Bounded(*end, block);
}

const std::optional<base::Decimal>& PartOf(const WindowPrediction& series,
                                           metering::OutputPart part) {
  return part == metering::OutputPart::kLower ? series.lower : series.upper;
}

}  // namespace

base::Decimal DecimalOf(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return *base::Decimal::Parse(
      std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

std::string SeriesText(const ledger::UsageWindow& window) {
  std::string text;
  for (const auto& [name, value] : window.labels) {
    text += (text.empty() ? "{" : ", ") + name + "=\"" + value + "\"";
  }
  return text.empty() ? "{}" : text + "}";
}

metering::Period OutputPeriod(const ModelBlock& block, metering::Period input) {
  if (block.score != metering::AnomalyScore::kNone) {
    return input;
  }
  const base::Milliseconds length = block.input ? block.input->step : input.end - input.begin;
  const base::Instant end = input.end + block.horizon * length;
  return {block.combine == StepsTo::kLast ? end - length : input.end, end};
}

base::Digest DigestOf(const std::vector<ledger::UsageWindow>& windows) {
  base::FieldHasher hasher;
  for (const ledger::UsageWindow& window : windows) {
    hasher.Add(static_cast<std::int64_t>(window.labels.size()));
    for (const auto& [name, value] : window.labels) {
      hasher.Add(name).Add(value);
    }
    for (const auto& quantity : window.values) {
      if (quantity) {
        hasher.Add(quantity->ToText());
      } else {
        hasher.AddAbsent();
      }
    }
  }
  return hasher.Finish();
}

base::Result<PredictionInput> MakeInput(const ModelBlock& block,
                                        const std::vector<ledger::UsageWindow>& windows) {
  PredictionInput input;
  input.rows.columns = static_cast<std::size_t>(block.steps_back);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const auto values = ValuesOf(windows[i], block.missing);
    if (values) {
      input.rows.values.insert(input.rows.values.end(), values->begin(), values->end());
      input.windows.push_back(i);
      continue;
    }
    const auto gaps = std::count(windows[i].values.begin(), windows[i].values.end(), std::nullopt);
    const std::string why = std::to_string(gaps) + " of " +
                            std::to_string(windows[i].values.size()) +
                            (block.input ? " steps have no sample" : " periods have no record");
    if (block.missing == WindowGap::kRefuse) {
      return base::Fail(base::ErrorCode::kRejected, SeriesText(windows[i]) + ": " + why);
    }
    input.left_out.emplace_back(i, why);
  }
  return input;
}

base::Result<PredictionOutput> TakePredictions(
    const ModelBlock& block, const PredictionInput& input,
    const std::vector<inference::Prediction>& predictions) {
  PredictionOutput output;
  output.not_predicted = input.left_out;
  if (predictions.size() != input.windows.size()) {
    return base::Fail(base::ErrorCode::kRejected,
                      std::to_string(input.windows.size()) + " series were asked for, the model " +
                          "answered " + std::to_string(predictions.size()));
  }
  for (std::size_t row = 0; row < predictions.size(); ++row) {
    const inference::Prediction& prediction = predictions[row];
    const std::size_t window = input.windows[row];
    if (prediction.values.empty()) {
      output.not_predicted.emplace_back(window, prediction.reason);
      continue;
    }
    // A model that was trained for one step of the future gives that one alone.
    const bool is_one = block.combine == StepsTo::kLast && prediction.values.size() == 1;
    if (!is_one && prediction.values.size() != static_cast<std::size_t>(block.horizon)) {
      return base::Fail(base::ErrorCode::kRejected,
                        "the model gives " + std::to_string(prediction.values.size()) +
                            " values, the block asks for " + std::to_string(block.horizon));
    }
    const double value = Combined(prediction.values, block.combine);
    if (!std::isfinite(value)) {
      output.not_predicted.emplace_back(window, "the prediction is no finite number");
      continue;
    }
    WindowPrediction series{window, Bounded(value, block), std::nullopt, std::nullopt};
    if (prediction.values.size() == 1) {  // the interval is that of the first step
      series.lower = BoundedEnd(prediction.lower, block);
      series.upper = BoundedEnd(prediction.upper, block);
    }
    output.series.push_back(std::move(series));
  }
  return output;
}

std::unique_ptr<PredictedPeriod> MakePeriod(const ledger::SpecVersion& version,
                                            const std::optional<std::string>& scope_key,
                                            metering::OutputPart part,
                                            const std::vector<ledger::UsageWindow>& windows,
                                            const PredictionOutput& output) {
  auto period = std::make_unique<PredictedPeriod>();
  period->spec.metric = version.metric;
  period->spec.name = version.name;
  period->spec.unit = version.unit;
  period->spec.groupby = version.groupby;
  period->context.spec = &period->spec;
  period->context.scope_key = scope_key;
  std::vector<metering::ScopedAnswer> answers(1);
  for (const WindowPrediction& series : output.series) {
    const bool is_value = part == metering::OutputPart::kValue;
    if (!is_value && !PartOf(series, part)) {
      continue;
    }
    metering::Answer& answer = answers.front().answer;
    answer.BeginSeries();
    for (const auto& [name, value] : windows[series.window].labels) {
      if (!value.empty()) {
        answer.AddLabel(name, value);
      }
    }
    answer.SetValue(is_value ? series.value.ToText() : PartOf(series, part)->ToText());
  }
  period->result = metering::ConvertAnswers(period->context, std::move(answers));
  if (part == metering::OutputPart::kValue) {
    for (const auto& [window, why] : output.not_predicted) {
      period->result.rejected.push_back({windows[window].labels, why, "not_predicted"});
    }
  }
  return period;
}

}  // namespace promtally::collector
