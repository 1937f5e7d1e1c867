// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "promtally/base/result.h"

namespace promtally::ledger {

/// An open file descriptor; closed when it goes.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool IsOpen() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// What a failed system call says: "open /x: permission denied". Reads errno.
[[nodiscard]] base::Error SystemError(std::string_view action, const std::string& path);

/// The folder of a file ("." for a bare name).
[[nodiscard]] std::string FolderOf(const std::string& path);

/// Makes what a folder lists durable, or what a file holds.
[[nodiscard]] base::Status SyncFolder(const std::string& folder);
[[nodiscard]] base::Status SyncFile(const std::string& path);

/// Writes a file so that it is there whole or not at all: temporary file, fsync, rename, fsync of
/// the folder. Root gives it to the owner of `owner_like`, as SQLite does with its files.
[[nodiscard]] base::Status WriteDurably(const std::string& path, std::string_view content,
                                        const std::string& owner_like);

/// Renames; kConflict when the target exists, without a gap between test and rename.
[[nodiscard]] base::Status RenameToNew(const std::string& from, const std::string& to);

/// The whole of a small file; kTooLarge above `limit_bytes`.
[[nodiscard]] base::Result<std::string> ReadSmallFile(const std::string& path,
                                                      std::size_t limit_bytes);

/// When running as root: gives `path` to the owner of `like`. Else nothing.
void AdoptOwner(const std::string& path, const std::string& like);

}  // namespace promtally::ledger
