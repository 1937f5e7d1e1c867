// SPDX-License-Identifier: Apache-2.0
#include "inference/trainer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "inference/arima_model.h"
#include "inference/holt_winters_model.h"
#include "inference/naive_model.h"
#include "inference/shortest_number.h"
#include "promtally/base/sha256.h"

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

base::Result<std::size_t> TestSteps(double test_size, std::size_t size) {
  const bool is_share = test_size > 0 && test_size < 1;
  const bool is_count = test_size >= 0 && std::floor(test_size) == test_size;
  if (!is_share && !is_count) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "the test size must be a share from 0 to 1 or a whole number of steps");
  }
  const auto whole = static_cast<double>(size);
  const double steps = is_share ? std::ceil(test_size * whole - 1e-9) : test_size;
  if (steps >= whole) {
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        fmt::format("a test part of {} of {} values leaves nothing to train on", steps, size));
  }
  return static_cast<std::size_t>(steps);
}

base::Error TrainingInterrupted() {
  return {base::ErrorCode::kCancelled, "the training was interrupted"};
}

std::string DigestOf(const std::vector<std::string>& names,
                     const std::vector<std::vector<double>>& series) {
  base::FieldHasher hasher;
  hasher.Add(static_cast<std::int64_t>(series.size()));
  for (std::size_t i = 0; i < series.size(); ++i) {
    hasher.Add(i < names.size() ? names[i] : std::string());
    hasher.Add(static_cast<std::int64_t>(series[i].size()));
    for (const double value : series[i]) {
      hasher.Add(ShortestText(value));
    }
  }
  return base::ToHex(hasher.Finish());
}

}  // namespace promtally::inference
