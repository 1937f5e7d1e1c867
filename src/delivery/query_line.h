// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "promtally/base/time.h"

namespace promtally::delivery {

/// One query of a dry run.
struct QueryLine {
  std::optional<std::string> job;  ///< absent without settings
  std::string metric;
  std::string name;
  std::optional<std::string> scope;  ///< where the query is for one scope
  std::string query;
  base::Instant time;
  std::optional<std::string> curl = std::nullopt;  ///< the command, where it is wanted
};

}  // namespace promtally::delivery
