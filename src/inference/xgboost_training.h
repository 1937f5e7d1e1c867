// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "inference/trainer.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// What the training of trees on lag windows is asked for. Names and defaults are XGBoost's.
struct XgboostTraining {
  std::vector<std::string> names;  ///< of the series
  std::vector<std::vector<double>>
      series;  ///< of one length, NaN is missing; the first is predicted
  std::size_t steps_back = 12;
  std::size_t horizon = 1;     ///< how far behind the window the predicted step lies
  std::size_t test_steps = 0;  ///< the last so many steps are the test part
  std::size_t period = 1;      ///< of the season, for the baseline
  int n_estimators = 100;
  int max_depth = 6;
  double eta = 0.3;
  double subsample = 1;
  double colsample_bytree = 1;
  double alpha = 0;
  std::uint32_t seed = 0;
  /// Rounds without a better result on the last part of the training part; 0: all rounds.
  int early_stopping_rounds = 0;
  std::stop_token stop;  ///< ends the training after the round at hand: kCancelled
  int threads = 1;       ///< more of them may change the last bits of a model
};

/// Trains on the training part alone; metrics are those of predictions `horizon` steps ahead over
/// the test part, beside naive forecasts of the same steps. The interval of a prediction (split
/// conformal, 90 %) comes from a model that did not see the last fifth of the training part; its
/// coverage is measured on the test part. Equal input gives an equal model.
[[nodiscard]] base::Result<TrainedModel> TrainXgboost(const XgboostTraining& training);

}  // namespace promtally::inference
