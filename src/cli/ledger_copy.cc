// SPDX-License-Identifier: Apache-2.0
#include "cli/ledger_copy.h"

#include <cstdlib>
#include <utility>

#include <unistd.h>

#include "cli/exit_status.h"

namespace promtally::cli {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "promtally-XXXXXX").string();
  if (mkdtemp(pattern.data()) != nullptr) {
    path_ = pattern;
  }
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

OrExit<std::unique_ptr<ledger::WritableLedger>> OpenCopy(const std::string& path,
                                                         const TemporaryFolder& folder) {
  const std::string copy = (folder.path() / "ledger.db").string();
  auto reader = ledger::OpenSqliteReader(path);
  if (reader) {
    if (auto status = (*reader)->Backup(copy); !status) {
      return tl::unexpected(PrintError(status.error().message, kIncomplete));
    }
  } else if (reader.error().code != base::ErrorCode::kNotFound) {
    return tl::unexpected(PrintError(reader.error().message, kIncomplete));
  }
  auto ledger = ledger::OpenSqliteLedger(copy);
  if (!ledger) {
    return tl::unexpected(PrintError(ledger.error().message, kIncomplete));
  }
  return *std::move(ledger);
}

}  // namespace promtally::cli
