// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "inference/evaluation.h"

namespace promtally::inference {

// The plots of an evaluation, each one SVG element.

/// The end of the history, the forecast of the test part with its intervals, the best baseline's,
/// and what lies ahead.
[[nodiscard]] std::string ForecastChart(const EvaluationInput& input, const Evaluation& evaluation,
                                        const std::string& series_name);
/// The whole series with the test part shaded.
[[nodiscard]] std::string HistoryChart(const EvaluationInput& input,
                                       const std::string& series_name);
[[nodiscard]] std::string ResidualChart(const Evaluation& evaluation);
[[nodiscard]] std::string ResidualHistogram(const Evaluation& evaluation);
[[nodiscard]] std::string AutocorrelationChart(const Evaluation& evaluation);

/// The root of the mean squared residual; NaN without residuals.
[[nodiscard]] double ResidualSpread(const Evaluation& evaluation);

}  // namespace promtally::inference
