// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "inference/model_record.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// `Trained Model` of an answer to the Intelligence API's /train; kParse where there is none.
[[nodiscard]] base::Result<std::string> TrainedTag(std::string_view body);

/// SummaryJson as text.
[[nodiscard]] std::string SummaryText(const ModelRecord& record);

}  // namespace promtally::inference
