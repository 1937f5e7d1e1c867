// SPDX-License-Identifier: Apache-2.0
#include "inference/trainer.h"

#include <algorithm>
#include <vector>

#include "inference/arima_model.h"
#include "inference/holt_winters_model.h"
#include "inference/naive_model.h"

namespace promtally::inference {
namespace {

/// One line a kind.
const std::vector<SeriesTrainer>& Trainers() {
  static const std::vector<SeriesTrainer> kTrainers{
      {"arima", TrainArima},
      {"naive", TrainNaive},
      {"seasonal_naive", TrainSeasonalNaive},
      {"holt_winters", TrainHoltWinters},
  };
  return kTrainers;
}

}  // namespace

const SeriesTrainer* FindSeriesTrainer(std::string_view type) {
  const auto& trainers = Trainers();
  const auto found = std::find_if(trainers.begin(), trainers.end(),
                                  [type](const auto& trainer) { return trainer.type == type; });
  return found == trainers.end() ? nullptr : &*found;
}

std::vector<std::string_view> SeriesTrainerTypes() {
  std::vector<std::string_view> types;
  for (const SeriesTrainer& trainer : Trainers()) {
    types.push_back(trainer.type);
  }
  return types;
}

}  // namespace promtally::inference
