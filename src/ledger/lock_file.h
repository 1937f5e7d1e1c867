// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "ledger/durable_file.h"
#include "promtally/base/result.h"

namespace promtally::ledger {

/// The right to write a ledger: flock on `<ledger>.lock`, which holds the process id as text. The
/// kernel gives it back when the process ends, however it ends, so that no lock is ever stale. The
/// file itself stays: removing it would let two writers lock two files of one name.
class LockFile {
 public:
  /// kConflict with the holder's process id when another one has it.
  [[nodiscard]] static base::Result<LockFile> Take(const std::string& ledger_path);

  LockFile(LockFile&&) noexcept = default;
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;
  LockFile& operator=(LockFile&&) = delete;

 private:
  explicit LockFile(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace promtally::ledger
