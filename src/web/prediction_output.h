// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "collector/model_service.h"
#include "exposition/metric_store.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"
#include "web/icos_body.h"

namespace promtally::web {

/// The metric that a prediction loop keeps.
struct PredictionMetric {
  std::string name;
  IcosType type = IcosType::kGauge;
  std::string help;
  base::LabelSet labels;  ///< of the request; they win over those of a series
  std::vector<std::string> states;
};

/// Writes the predictions of one cycle into the store: gauge and enum are set, a counter goes up by
/// the prediction, an info is `{prediction="…"}`. Confidence and interval are gauges of their own
/// (`_confidence`, `_lower`, `_upper`). Series that have the request's labels and are predicted no
/// more are removed, but for counters. A metric gets further labels where the series bring them.
///
/// All or nothing of the predictions themselves. kConflict: the name belongs to another metric;
/// kInvalidArgument: a value that the type cannot hold. Loop thread.
[[nodiscard]] base::Status PublishPredictions(exposition::MetricStore& store,
                                              const PredictionMetric& metric,
                                              const std::vector<collector::PredictedSeries>& series,
                                              base::Instant now);

/// Removes series that have all labels of the metric's request. Loop thread.
void RemovePredictions(exposition::MetricStore& store, const PredictionMetric& metric,
                       base::Instant now);

}  // namespace promtally::web
