// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/reader.h"
#include "promtally/base/time.h"
#include "web/http.h"

namespace promtally::web {

/// A job in one row.
struct JobAtAGlance {
  std::string name;
  std::uint64_t committed = 0;  ///< periods, of all its specs; so are the next two
  std::uint64_t open = 0;
  std::uint64_t failed = 0;
  std::optional<base::Instant> last_period;  ///< begin of the newest committed one
};

/// The jobs of these specs, in their order.
[[nodiscard]] std::vector<JobAtAGlance> JobsOf(const std::vector<ledger::SpecStatus>& statuses);

/// What the page at `/` says.
struct LandingPage {
  std::string version;
  std::string prefix;  ///< of every path
  std::string telemetry_path;
  bool is_ready = false;
  std::vector<JobAtAGlance> jobs;
  std::size_t metrics = 0;  ///< made over HTTP
  std::size_t series = 0;   ///< of these metrics
};

/// A small HTML page that fetches nothing; all texts are escaped.
[[nodiscard]] Response LandingResponse(const LandingPage& page);

}  // namespace promtally::web
