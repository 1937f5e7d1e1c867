// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::inference {

/// Rows and, for training, what they should give. Borrowed for the call.
struct BoosterData {
  std::size_t columns = 0;
  std::span<const float> rows;    ///< row-major, NaN is missing
  std::span<const float> labels;  ///< one a row
};

struct BoosterTraining {
  BoosterData train;
  std::optional<BoosterData> watched;  ///< stops the training when it no longer gets better
  std::vector<std::pair<std::string, std::string>> parameters;  ///< libxgboost's own names
  int rounds = 100;
  int patience = 0;      ///< rounds without a better result on `watched`; 0: all rounds
  std::stop_token stop;  ///< looked at before each round: kCancelled
};

struct BoosterResult {
  std::string model;   ///< UBJ; all rounds that were run
  int best_round = 0;  ///< from 0; the last one without `watched`
};

/// Trains with libxgboost. Equal input gives an equal model. Any thread.
[[nodiscard]] base::Result<BoosterResult> TrainBooster(const BoosterTraining& training);

/// Contributions of each feature and the bias, by row and group, of a model that was written by
/// WriteXgboostUbj: libxgboost must never see another's.
[[nodiscard]] base::Result<std::vector<float>> BoosterContributions(std::string_view model,
                                                                    const BoosterData& data);

}  // namespace promtally::inference
