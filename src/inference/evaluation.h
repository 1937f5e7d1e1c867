// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "inference/error_metrics.h"
#include "inference/model.h"
#include "promtally/base/result.h"

namespace promtally::inference {

struct EvaluationInput {
  std::vector<double> values;  ///< the series, oldest first; NaN is a missing value
  std::size_t test_steps = 0;  ///< the last so many are forecast and compared; >= 1
  std::size_t ahead = 12;      ///< steps after the last value
  std::size_t period = 1;      ///< of the season, for the baselines
  std::size_t lead = 1;        ///< of a model of fixed windows: how far ahead it predicts
};

/// A forecast of one step; NaN is what the model does not say.
struct EvaluatedStep {
  double mean = 0;
  double lower80 = 0;
  double upper80 = 0;
  double lower = 0;  ///< the wide interval: 95 %, or the model's own
  double upper = 0;
};

/// How a model does on a series it may or may not have seen.
struct Evaluation {
  struct Errors {
    std::string name;  ///< "model", naive, seasonal_naive
    ErrorMetrics metrics;
  };

  /// Models of a series forecast the whole test part from its begin; models of fixed windows each
  /// step from the values `lead` steps before it, and so do the baselines beside them.
  bool is_rolling = false;
  std::vector<EvaluatedStep> test;
  std::vector<EvaluatedStep> ahead;
  std::vector<double> baseline;  ///< the best one's forecast of the test part
  std::string baseline_name;
  std::vector<Errors> errors;            ///< the model first
  std::vector<double> residuals;         ///< one step ahead, for each value; NaN: none
  std::vector<double> autocorrelations;  ///< of the residuals, from lag 1
  double autocorrelation_bound = 0;      ///< 95 % of white noise stay inside
  std::optional<double> coverage80;      ///< share of the test part inside the interval
  std::optional<double> coverage;
};

/// Errors: invalid_argument where the model cannot read this series, or the model's own.
[[nodiscard]] base::Result<Evaluation> Evaluate(const Model& model, const EvaluationInput& input);

/// Autocorrelations from lag 1; pairs with a NaN are left out.
[[nodiscard]] std::vector<double> Autocorrelations(const std::vector<double>& series,
                                                   std::size_t lags);

}  // namespace promtally::inference
