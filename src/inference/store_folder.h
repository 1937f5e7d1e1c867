// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ledger/durable_file.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// The right to change a model store; held while it lives. The kernel gives it back when the
/// process ends, however it ends.
class StoreLock {
 public:
  /// Makes the folder when missing. Waits for another writer, 30 s at most: then kConflict.
  [[nodiscard]] static base::Result<StoreLock> Take(const std::string& folder);

 private:
  explicit StoreLock(ledger::FileDescriptor file) : file_(std::move(file)) {}
  ledger::FileDescriptor file_;
};

/// Makes a folder that is missing, with those above it, durably.
[[nodiscard]] base::Status MakeFolder(const std::string& folder);

/// The versions that a folder of one name holds, ascending; none where the folder is missing.
[[nodiscard]] base::Result<std::vector<int>> VersionsIn(const std::string& folder);

/// Names that have a folder, sorted; none where the store is missing.
[[nodiscard]] base::Result<std::vector<std::string>> NamesIn(const std::string& folder);

/// What a writer that was killed left behind. Only under the lock.
void RemoveLeftovers(const std::string& folder);

}  // namespace promtally::inference
