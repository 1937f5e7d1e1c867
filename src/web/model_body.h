// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "collector/model_training.h"
#include "promtally/base/result.h"
#include "web/http.h"
#include "web/prediction_loops.h"

namespace promtally::web {

/// Bodies of the model routes, with the fields, defaults and refusals of the ICOS service (422 with
/// places and kinds). The error is the whole answer.

/// A step below `interval_seconds`, 0 and null included, is raised to it.
[[nodiscard]] tl::expected<PredictionLoop, Response> ReadModelMetric(const Request& request,
                                                                     std::size_t max_depth,
                                                                     std::int64_t interval_seconds);
[[nodiscard]] tl::expected<std::vector<std::string>, Response> ReadStoppedMetrics(
    const Request& request, std::size_t max_depth);
/// `model_parameters` may be nested under `xgboost_model_parameters` or `arima_model_parameters`,
/// whatever the type, or be the flat dictionary.
[[nodiscard]] tl::expected<collector::TrainingRequest, Response> ReadTraining(
    const Request& request, std::size_t max_depth, std::int64_t interval_seconds);
/// `model` of /show_models, `all` where it is absent.
[[nodiscard]] tl::expected<std::string, Response> ReadShownModel(const Request& request,
                                                                 std::size_t max_depth);
[[nodiscard]] tl::expected<std::string, Response> ReadRemovedModel(const Request& request,
                                                                   std::size_t max_depth);

}  // namespace promtally::web
