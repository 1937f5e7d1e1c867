// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cli/load.h"
#include "ledger/sqlite_ledger.h"

namespace promtally::cli {

/// A folder that is removed when it is done with.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A copy of a ledger (an empty one where there is none), so that what is shown is what a run would
/// do, and nothing is changed.
[[nodiscard]] OrExit<std::unique_ptr<ledger::WritableLedger>> OpenCopy(
    const std::string& path, const TemporaryFolder& folder);

}  // namespace promtally::cli
