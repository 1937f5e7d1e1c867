// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "inference/evaluation.h"
#include "inference/model_record.h"

namespace promtally::inference {

/// The report of an evaluation: one HTML document that fetches nothing and runs no script, with
/// plots as SVG, for light and dark. All texts are escaped.
[[nodiscard]] std::string EvaluationPage(const ModelRecord& record, const std::string& series_name,
                                         const EvaluationInput& input,
                                         const Evaluation& evaluation);

}  // namespace promtally::inference
