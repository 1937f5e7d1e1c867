// SPDX-License-Identifier: Apache-2.0
#include "inference/naive_model.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "inference/baseline.h"
#include "inference/payload_reader.h"

namespace promtally::inference {
namespace {

/// The mean squared difference over one season; 0 where no pair is known.
double SeasonalVariance(std::span<const double> series, std::size_t period) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t t = period; t < series.size(); ++t) {
    const double difference = series[t] - series[t - period];
    if (!std::isnan(difference)) {
      sum += difference * difference;
      ++count;
    }
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

base::Result<TrainedModel> Train(const SeriesTraining& training, std::size_t period) {
  for (const double value : training.values) {
    if (std::isinf(value)) {
      return base::Fail(base::ErrorCode::kRejected, "the series holds an infinite value");
    }
  }
  const NaiveModel model(period, SeasonalVariance(TrainPart(training), period));
  TrainedModel trained;
  trained.parameters = {{"period", period}};
  trained.payload = model.ToPayload();
  if (period > 1) {
    trained.details["period"] = period;
  }
  const std::size_t season = period > 1 ? period : std::max<std::size_t>(training.period, 1);
  return FinishTraining(training, model, season, std::move(trained));
}

base::Result<std::unique_ptr<Model>> Open(const ModelRecord& record, int least, int most) {
  PayloadReader reader(record.payload);
  const int period = reader.Integer("period", least, most);
  const double sigma2 = reader.Number("sigma2", 0, std::numeric_limits<double>::max());
  if (const base::Status read = reader.Finish(); !read) {
    return tl::unexpected(read.error());
  }
  return std::make_unique<NaiveModel>(static_cast<std::size_t>(period), sigma2);
}

}  // namespace

NaiveModel::NaiveModel(std::size_t period, double sigma2)
    : period_(period), sigma2_(sigma2), type_(period > 1 ? "seasonal_naive" : "naive") {}

base::Result<std::vector<ForecastStep>> NaiveModel::ForecastWindow(std::span<const double> window,
                                                                   std::size_t horizon) const {
  const std::vector<double> ahead(horizon, 0);
  const std::vector<double> means =
      NaiveForecast(window, ahead, BaselineOptions{.period = period_});
  std::vector<ForecastStep> steps;
  for (std::size_t h = 0; h < horizon; ++h) {
    if (!std::isfinite(means[h])) {
      return base::Fail(base::ErrorCode::kRejected,
                        fmt::format("step {} ahead needs a value {} steps or whole seasons before "
                                    "it, the {} values have none",
                                    h + 1, period_, window.size()));
    }
    const auto seasons = static_cast<double>(h / period_ + 1);
    steps.push_back({means[h], std::sqrt(sigma2_ * seasons)});
  }
  return steps;
}

std::string NaiveModel::ToPayload() const {
  return Json{{"period", period_}, {"sigma2", sigma2_}}.dump();
}

base::Result<std::unique_ptr<Model>> OpenNaive(const ModelRecord& record) {
  return Open(record, 1, 1);
}

base::Result<std::unique_ptr<Model>> OpenSeasonalNaive(const ModelRecord& record) {
  return Open(record, 2, static_cast<int>(kLongestPeriod));
}

base::Result<TrainedModel> TrainNaive(const SeriesTraining& training) { return Train(training, 1); }

base::Result<TrainedModel> TrainSeasonalNaive(const SeriesTraining& training) {
  const auto period = SeasonOf(training);
  if (!period) {
    return tl::unexpected(period.error());
  }
  return Train(training, *period);
}

base::Result<std::size_t> SeasonOf(const SeriesTraining& training) {
  const std::size_t period = training.period == 0 ? kDefaultPeriod : training.period;
  if (period < 2 || period > kLongestPeriod) {
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        fmt::format("--period {}: a season has from 2 to {} steps", period, kLongestPeriod));
  }
  return period;
}

}  // namespace promtally::inference
