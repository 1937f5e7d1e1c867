// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "promtally/config/remote_model.h"

namespace promtally::config {

/// `models:`. Paths are as written; the caller joins them with the folder of the file.
struct ModelsSettings {
  std::string store = "models";       ///< folder, made when it is missing
  std::size_t max_models_count = 5;   ///< versions kept of each name; 0: all
  std::vector<RemoteModelSettings> remote;
};

}  // namespace promtally::config
