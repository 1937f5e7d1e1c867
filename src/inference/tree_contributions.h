// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "inference/xgboost_document.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// What each feature adds to the prediction of each row, before the objective's transformation:
/// for each row and group one value a feature and then the bias; their sum is the margin.
/// `margins`: the base score of each group. TreeSHAP of libxgboost (Lundberg et al., "Consistent
/// Individualized Feature Attribution for Tree Ensembles", 2018), which sees a model that was
/// written here.
[[nodiscard]] base::Result<std::vector<float>> TreeContributions(const XgboostDocument& document,
                                                                 std::span<const float> margins,
                                                                 std::span<const float> rows);

}  // namespace promtally::inference
