// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "inference/model_record.h"
#include "inference/series_model.h"

namespace promtally::inference {

/// The last value of the same part of the season again; a season of one step: the last value. A
/// missing one is stepped over. Its errors grow as those of a random walk a season.
class NaiveModel final : public SeriesModel {
 public:
  NaiveModel(std::size_t period, double sigma2);

  [[nodiscard]] const std::string& type() const override { return type_; }
  [[nodiscard]] base::Result<std::vector<ForecastStep>> ForecastWindow(
      std::span<const double> window, std::size_t horizon) const override;

  [[nodiscard]] std::string ToPayload() const;

 private:
  std::size_t period_;
  double sigma2_;  // of the differences over a season
  std::string type_;
};

/// kParse for a payload that is not what ToPayload writes.
[[nodiscard]] base::Result<std::unique_ptr<Model>> OpenNaive(const ModelRecord& record);
[[nodiscard]] base::Result<std::unique_ptr<Model>> OpenSeasonalNaive(const ModelRecord& record);

[[nodiscard]] base::Result<TrainedModel> TrainNaive(const SeriesTraining& training);
[[nodiscard]] base::Result<TrainedModel> TrainSeasonalNaive(const SeriesTraining& training);

/// The period that models with a season take where none is given.
constexpr std::size_t kDefaultPeriod = 12;
/// The longest period that is taken.
constexpr std::size_t kLongestPeriod = 100'000;

/// The period asked for, or the default. kInvalidArgument outside [2, kLongestPeriod].
[[nodiscard]] base::Result<std::size_t> SeasonOf(const SeriesTraining& training);

}  // namespace promtally::inference
