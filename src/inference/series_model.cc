// SPDX-License-Identifier: Apache-2.0
#include "inference/series_model.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "inference/baseline.h"
#include "inference/error_metrics.h"

namespace promtally::inference {
namespace {

/// A longer forecast would say nothing and take long.
constexpr std::size_t kMostSteps = 10'000;

Json StepJson(const ForecastStep& step) {
  return {{"mean", NumberJson(step.mean)},
          {"se", NumberJson(step.error)},
          {"lower80", NumberJson(step.Limit(-kNormal80))},
          {"upper80", NumberJson(step.Limit(kNormal80))},
          {"lower95", NumberJson(step.Limit(-kNormal95))},
          {"upper95", NumberJson(step.Limit(kNormal95))}};
}

}  // namespace

base::Result<std::vector<Prediction>> SeriesModel::Predict(const Rows& rows,
                                                           const PredictOptions& options) const {
  std::vector<Prediction> predictions(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto steps = ForecastWindow(rows.row(i), options.horizon);
    if (!steps) {
      predictions[i].reason = steps.error().message;
      continue;
    }
    for (const ForecastStep& step : *steps) {
      predictions[i].values.push_back(step.mean);
    }
    if (!steps->empty() && std::isfinite(steps->front().error)) {
      predictions[i].lower = steps->front().Limit(-kNormal95);
      predictions[i].upper = steps->front().Limit(kNormal95);
    }
  }
  return predictions;
}

std::span<const double> TrainPart(const SeriesTraining& training) {
  return std::span(training.values).first(training.values.size() - training.test_steps);
}

std::span<const double> TestPart(const SeriesTraining& training) {
  return std::span(training.values).last(training.test_steps);
}

base::Result<TrainedModel> FinishTraining(const SeriesTraining& training, const SeriesModel& model,
                                          std::size_t period, TrainedModel trained) {
  trained.type = model.type();
  if (training.test_steps > 0) {
    const auto steps = model.ForecastWindow(TrainPart(training), training.test_steps);
    if (!steps) {
      return base::Fail("forecast of the test part", steps.error());
    }
    std::vector<double> means;
    for (const ForecastStep& step : *steps) {
      means.push_back(step.mean);
    }
    trained.metrics = CompareForecast(TestPart(training), means);
    trained.baseline =
        BestBaseline(TrainPart(training), TestPart(training), BaselineOptions{.period = period});
  }
  if (training.horizon > kMostSteps) {
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        fmt::format("a horizon of {} steps is more than {}", training.horizon, kMostSteps));
  }
  const auto ahead = model.ForecastWindow(training.values, training.horizon);
  if (!ahead) {
    return base::Fail("forecast", ahead.error());
  }
  Json forecast = Json::array();
  for (const ForecastStep& step : *ahead) {
    forecast.push_back(StepJson(step));
  }
  trained.details["forecast"] = std::move(forecast);
  return trained;
}

Json NumberJson(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace promtally::inference
