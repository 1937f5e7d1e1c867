// SPDX-License-Identifier: Apache-2.0
#include "ledger/durable_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace promtally::ledger {
namespace {

constexpr mode_t kFileMode = 0644;

base::ErrorCode CodeOf(int number) {
  switch (number) {
    case ENOENT:
      return base::ErrorCode::kNotFound;
    case EEXIST:
      return base::ErrorCode::kConflict;
    case EIO:
      return base::ErrorCode::kInternal;
    default:
      return base::ErrorCode::kUnavailable;
  }
}

base::Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return tl::unexpected(SystemError("write", path));
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

base::Status Sync(const std::string& path, int flags) {
  const FileDescriptor file(open(path.c_str(), flags | O_CLOEXEC));
  if (!file.IsOpen()) {
    return tl::unexpected(SystemError("open", path));
  }
  if (fsync(file.get()) != 0) {
    return tl::unexpected(SystemError("fsync", path));
  }
  return {};
}

base::Status WriteTemporary(const std::string& path, std::string_view content) {
  const FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!file.IsOpen()) {
    return tl::unexpected(SystemError("create", path));
  }
  if (auto written = WriteAll(file.get(), content, path); !written) {
    return written;
  }
  if (fsync(file.get()) != 0) {
    return tl::unexpected(SystemError("fsync", path));
  }
  return {};
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

base::Error SystemError(std::string_view action, const std::string& path) {
  const int number = errno;
  return {CodeOf(number),
          std::string(action) + " " + path + ": " + std::generic_category().message(number)};
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

base::Status SyncFolder(const std::string& folder) { return Sync(folder, O_RDONLY | O_DIRECTORY); }
base::Status SyncFile(const std::string& path) { return Sync(path, O_RDONLY); }

base::Status WriteDurably(const std::string& path, std::string_view content,
                          const std::string& owner_like) {
  const std::string temporary = path + ".tmp" + std::to_string(getpid());
  auto status = WriteTemporary(temporary, content);
  if (status) {
    AdoptOwner(temporary, owner_like);
    if (std::rename(temporary.c_str(), path.c_str()) != 0) {
      status = tl::unexpected(SystemError("rename", temporary));
    }
  }
  if (!status) {
    unlink(temporary.c_str());
    return status;
  }
  return SyncFolder(FolderOf(path));
}

base::Status RenameToNew(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) {
      return base::Fail(base::ErrorCode::kConflict, to + " exists already");
    }
    if (errno != EINVAL && errno != ENOSYS) {
      return tl::unexpected(SystemError("rename", to));
    }
    // A file system that cannot do both in one call.
    if (access(to.c_str(), F_OK) == 0) {
      return base::Fail(base::ErrorCode::kConflict, to + " exists already");
    }
    if (std::rename(from.c_str(), to.c_str()) != 0) {
      return tl::unexpected(SystemError("rename", to));
    }
  }
  return SyncFolder(FolderOf(to));
}

base::Result<std::string> ReadSmallFile(const std::string& path, std::size_t limit_bytes) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.IsOpen()) {
    return tl::unexpected(SystemError("open", path));
  }
  std::string content;
  std::array<char, 4096> chunk{};
  while (true) {
    const ssize_t got = read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return tl::unexpected(SystemError("read", path));
    }
    if (got == 0) {
      return content;
    }
    content.append(chunk.data(), static_cast<std::size_t>(got));
    if (content.size() > limit_bytes) {
      return base::Fail(base::ErrorCode::kTooLarge,
                        path + " is larger than " + std::to_string(limit_bytes) + " bytes");
    }
  }
}

void AdoptOwner(const std::string& path, const std::string& like) {
  struct stat owner {};
  if (geteuid() != 0 || stat(like.c_str(), &owner) != 0) {
    return;
  }
  // Best effort: who cannot read the file then says so.
  [[maybe_unused]] const int ignored = lchown(path.c_str(), owner.st_uid, owner.st_gid);
}

}  // namespace promtally::ledger
