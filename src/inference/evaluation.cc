// SPDX-License-Identifier: Apache-2.0
#include "inference/evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "inference/baseline.h"
#include "inference/series_model.h"

namespace promtally::inference {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
/// One-step forecasts of older values are not computed: each reads all that lies before it.
constexpr std::size_t kMostResiduals = 1000;
constexpr std::size_t kMostLags = 60;
constexpr std::size_t kLeastLags = 20;

constexpr EvaluatedStep kUnknown{kNan, kNan, kNan, kNan, kNan};

std::vector<EvaluatedStep> ToSteps(const std::vector<ForecastStep>& forecast) {
  std::vector<EvaluatedStep> steps;
  for (const ForecastStep& step : forecast) {
    steps.push_back({step.mean, step.Limit(-kNormal80), step.Limit(kNormal80),
                     step.Limit(-kNormal95), step.Limit(kNormal95)});
  }
  return steps;
}

base::Status EvaluateSeries(const SeriesModel& model, const EvaluationInput& input,
                            Evaluation& evaluation) {
  const std::span<const double> values(input.values);
  const std::size_t train = values.size() - input.test_steps;
  const auto test = model.ForecastWindow(values.first(train), input.test_steps);
  if (!test) {
    return base::Fail("forecast of the test part", test.error());
  }
  const auto ahead = model.ForecastWindow(values, input.ahead);
  if (!ahead) {
    return base::Fail("forecast", ahead.error());
  }
  evaluation.test = ToSteps(*test);
  evaluation.ahead = ToSteps(*ahead);
  evaluation.residuals.assign(values.size(), kNan);
  const std::size_t begin = values.size() > kMostResiduals ? values.size() - kMostResiduals : 1;
  for (std::size_t t = begin; t < values.size(); ++t) {
    const auto step = model.ForecastWindow(values.first(t), 1);
    if (step) {
      evaluation.residuals[t] = values[t] - step->front().mean;
    }
  }
  return {};
}

EvaluatedStep ToStep(const Prediction& prediction) {
  EvaluatedStep step = kUnknown;
  if (!prediction.values.empty()) {
    step.mean = prediction.values.front();
    step.lower = prediction.lower.value_or(kNan);
    step.upper = prediction.upper.value_or(kNan);
  }
  return step;
}

base::Status EvaluateWindows(const Model& model, const EvaluationInput& input,
                             Evaluation& evaluation) {
  const std::size_t columns = model.columns();
  const std::size_t size = input.values.size();
  const std::size_t before = columns + input.lead - 1;  // values before the first prediction
  if (columns == 0 || size <= before + input.test_steps) {
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        fmt::format("the model reads {} values and looks {} ahead; with {} test "
                    "steps the series needs more than {} values, it has {}",
                    columns, input.lead, input.test_steps, before + input.test_steps, size));
  }
  Rows rows;
  rows.columns = columns;
  for (std::size_t t = before; t < size + input.lead; ++t) {
    const auto first = input.values.begin() + static_cast<std::ptrdiff_t>(t - before);
    rows.values.insert(rows.values.end(), first, first + static_cast<std::ptrdiff_t>(columns));
  }
  const auto predictions = model.Predict(rows, {});
  if (!predictions) {
    return tl::unexpected(predictions.error());
  }
  evaluation.is_rolling = true;
  evaluation.residuals.assign(size, kNan);
  for (std::size_t t = before; t < size + input.lead; ++t) {
    const EvaluatedStep step = ToStep((*predictions)[t - before]);
    if (t >= size) {
      evaluation.ahead.push_back(step);
      continue;
    }
    evaluation.residuals[t] = input.values[t] - step.mean;
    if (t >= size - input.test_steps) {
      evaluation.test.push_back(step);
    }
  }
  return {};
}

void AddBaselines(const EvaluationInput& input, Evaluation& evaluation) {
  const std::span<const double> values(input.values);
  const auto train = values.first(values.size() - input.test_steps);
  const auto test = values.last(input.test_steps);
  BaselineOptions options{.period = input.period,
                          .origin = evaluation.is_rolling ? Origin::kRolling : Origin::kFixed,
                          .horizon = input.lead};
  std::vector<double> means;
  for (const EvaluatedStep& step : evaluation.test) {
    means.push_back(step.mean);
  }
  evaluation.errors.push_back({"model", CompareForecast(test, means)});
  evaluation.baseline_name = BestBaseline(train, test, options).name;
  for (const std::size_t period : {std::size_t{1}, input.period}) {
    const char* const name = period == 1 ? "naive" : "seasonal_naive";
    options.period = period;
    const std::vector<double> forecast = NaiveForecast(train, test, options);
    if (name == evaluation.baseline_name) {
      evaluation.baseline = forecast;
    }
    evaluation.errors.push_back({name, CompareForecast(test, forecast)});
    if (input.period == 1) {
      break;
    }
  }
}

std::optional<double> Coverage(const EvaluationInput& input, const Evaluation& evaluation,
                               double EvaluatedStep::*lower, double EvaluatedStep::*upper) {
  std::size_t inside = 0;
  std::size_t count = 0;
  const std::size_t train = input.values.size() - input.test_steps;
  for (std::size_t i = 0; i < input.test_steps; ++i) {
    const double value = input.values[train + i];
    const EvaluatedStep& step = evaluation.test[i];
    if (std::isnan(value) || std::isnan(step.*lower) || std::isnan(step.*upper)) {
      continue;
    }
    ++count;
    inside += value >= step.*lower && value <= step.*upper ? 1U : 0U;
  }
  if (count == 0) {
    return std::nullopt;
  }
  return static_cast<double>(inside) / static_cast<double>(count);
}

}  // namespace

std::vector<double> Autocorrelations(const std::vector<double>& series, std::size_t lags) {
  double sum = 0;
  std::size_t count = 0;
  for (const double value : series) {
    sum += std::isnan(value) ? 0 : value;
    count += std::isnan(value) ? 0U : 1U;
  }
  const double mean = count == 0 ? 0 : sum / static_cast<double>(count);
  std::vector<double> products(lags + 1, 0);
  for (std::size_t lag = 0; lag <= lags; ++lag) {
    for (std::size_t t = lag; t < series.size(); ++t) {
      const double product = (series[t] - mean) * (series[t - lag] - mean);
      products[lag] += std::isnan(product) ? 0 : product;
    }
  }
  std::vector<double> correlations;
  for (std::size_t lag = 1; lag <= lags; ++lag) {
    correlations.push_back(products[0] > 0 ? products[lag] / products[0] : 0);
  }
  return correlations;
}

base::Result<Evaluation> Evaluate(const Model& model, const EvaluationInput& input) {
  if (input.test_steps == 0 || input.test_steps >= input.values.size()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      fmt::format("a test part of {} steps does not fit a series of {}",
                                  input.test_steps, input.values.size()));
  }
  Evaluation evaluation;
  const auto* const series = dynamic_cast<const SeriesModel*>(&model);
  const base::Status done = series != nullptr ? EvaluateSeries(*series, input, evaluation)
                                              : EvaluateWindows(model, input, evaluation);
  if (!done) {
    return tl::unexpected(done.error());
  }
  AddBaselines(input, evaluation);
  const auto count = static_cast<std::size_t>(
      std::count_if(evaluation.residuals.begin(), evaluation.residuals.end(),
                    [](double residual) { return !std::isnan(residual); }));
  const std::size_t lags =
      std::min({std::max(kLeastLags, 2 * input.period + 2), kMostLags, count / 3});
  evaluation.autocorrelations = Autocorrelations(evaluation.residuals, lags);
  evaluation.autocorrelation_bound =
      count == 0 ? 0 : kNormal95 / std::sqrt(static_cast<double>(count));
  evaluation.coverage80 =
      Coverage(input, evaluation, &EvaluatedStep::lower80, &EvaluatedStep::upper80);
  evaluation.coverage = Coverage(input, evaluation, &EvaluatedStep::lower, &EvaluatedStep::upper);
  return evaluation;
}

}  // namespace promtally::inference
