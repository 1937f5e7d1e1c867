// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "config/yaml_document.h"

namespace promtally::config {

/// Parses bytes that are known to be of bearable size and clean UTF-8. The only place that calls
/// yaml-cpp; its exceptions end here as problems.
[[nodiscard]] YamlDocument BuildDocument(std::string_view bytes, Aliases aliases,
                                         Problems& problems);

}  // namespace promtally::config
