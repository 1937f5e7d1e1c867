// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "web/http.h"

namespace promtally::web {

/// What the page at `/` says.
struct LandingPage {
  std::string version;
  std::string prefix;  ///< of every path
  std::string telemetry_path;
};

/// A small HTML page that fetches nothing; all texts are escaped.
[[nodiscard]] Response LandingResponse(const LandingPage& page);

}  // namespace promtally::web
