// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "collector/catalogue.h"
#include "promtally/base/result.h"
#include "promtally/config/settings.h"

namespace promtally::collector {

/// promtally.yml with everything that it names, read and found right. Paths are joined with the
/// file's folder.
struct Configured {
  std::string file;
  std::string ledger_path;
  config::Settings settings;
  std::vector<ConfiguredJob> jobs;
};

/// Reads the configuration anew. The error is for people, one line a problem, without the text of
/// the file (it may hold secrets).
using ReadConfigured = std::function<base::Result<Configured>()>;

}  // namespace promtally::collector
