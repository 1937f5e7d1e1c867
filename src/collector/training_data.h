// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "collector/model_training.h"
#include "promtally/base/result.h"

namespace promtally::collector {

/// Training data that are kept: FOLDER/NAME.csv with a column `time` (Unix seconds) and one a
/// series, an empty field where a sample is missing. Names are those of models; anything else is
/// not there. A file is written whole.
[[nodiscard]] bool HasDataset(const std::string& folder, const std::string& name);
[[nodiscard]] base::Result<TrainingData> ReadDataset(const std::string& folder,
                                                     const std::string& name);
[[nodiscard]] base::Status WriteDataset(const std::string& folder, const std::string& name,
                                        const TrainingData& data);

}  // namespace promtally::collector
