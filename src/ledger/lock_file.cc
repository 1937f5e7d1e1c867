// SPDX-License-Identifier: Apache-2.0
#include "ledger/lock_file.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include "ledger/accept.h"

namespace promtally::ledger {
namespace {

// LedgerHolder takes the lock for a moment to see whether it is free; that is no second writer.
constexpr int kTries = 10;
constexpr int kPauseMilliseconds = 10;

std::string LockPath(const std::string& ledger_path) { return ledger_path + ".lock"; }

std::optional<int> ReadPid(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = pread(fd, text.data(), text.size(), 0);
  if (size <= 0) {
    return std::nullopt;
  }
  int pid = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + size, pid);
  return error == std::errc() && pid > 0 ? std::optional(pid) : std::nullopt;
}

bool TryLock(int fd) {
  for (int attempt = 1; flock(fd, LOCK_EX | LOCK_NB) != 0; ++attempt) {
    if (attempt == kTries) {
      return false;
    }
    poll(nullptr, 0, kPauseMilliseconds);
  }
  return true;
}

}  // namespace

base::Result<LockFile> LockFile::Take(const std::string& ledger_path) {
  const std::string path = LockPath(ledger_path);
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file.IsOpen()) {
    return tl::unexpected(SystemError("open", path));
  }
  if (!TryLock(file.get())) {
    if (errno != EWOULDBLOCK) {
      return tl::unexpected(SystemError("lock", path));
    }
    const auto holder = ReadPid(file.get());
    return base::Fail(base::ErrorCode::kConflict,
                      "ledger " + ledger_path + " is in use by " +
                          (holder ? "process " + std::to_string(*holder) : "another process"));
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(file.get(), 0) != 0 ||
      pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return tl::unexpected(SystemError("write", path));
  }
  AdoptOwner(path, ledger_path);
  return LockFile(std::move(file));
}

LockFile::~LockFile() {
  if (file_.IsOpen()) {
    [[maybe_unused]] const int ignored = ftruncate(file_.get(), 0);
  }
}

std::optional<int> LedgerHolder(const std::string& ledger_path) {
  const FileDescriptor file(open(LockPath(ledger_path).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.IsOpen() || flock(file.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
    return std::nullopt;
  }
  return ReadPid(file.get());
}

}  // namespace promtally::ledger
