// SPDX-License-Identifier: Apache-2.0
#include "inference/store_folder.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include "inference/model_record.h"

namespace promtally::inference {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{30};
constexpr int kPauseMilliseconds = 10;
constexpr std::string_view kSuffix = ".model";

std::optional<int> VersionOf(std::string_view file) {
  if (!file.ends_with(kSuffix)) {
    return std::nullopt;
  }
  file.remove_suffix(kSuffix.size());
  int version = 0;
  const auto [stop, error] = std::from_chars(file.data(), file.data() + file.size(), version);
  const bool is_number = error == std::errc() && stop == file.data() + file.size() && version > 0;
  return is_number && file.front() != '0' ? std::optional(version) : std::nullopt;
}

base::Error FolderError(const std::string& folder, const std::error_code& error) {
  return {base::ErrorCode::kUnavailable, "read " + folder + ": " + error.message()};
}

/// Names of the entries; none where the folder is missing.
base::Result<std::vector<std::string>> EntriesOf(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  if (error == std::errc::no_such_file_or_directory) {
    return names;
  }
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) {
    return tl::unexpected(FolderError(folder, error));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

base::Result<StoreLock> StoreLock::Take(const std::string& folder) {
  if (auto made = MakeFolder(folder); !made) {
    return tl::unexpected(made.error());
  }
  const std::string path = folder + "/.lock";
  ledger::FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file.IsOpen()) {
    return tl::unexpected(ledger::SystemError("open", path));
  }
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return tl::unexpected(ledger::SystemError("lock", path));
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return base::Fail(base::ErrorCode::kConflict,
                        "model store " + folder + " is being written by another process");
    }
    poll(nullptr, 0, kPauseMilliseconds);
  }
  return StoreLock(std::move(file));
}

base::Status MakeFolder(const std::string& folder) {
  const fs::path path = fs::path(folder).lexically_normal();
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return {};
  }
  const fs::path above =
      path.has_filename() ? path.parent_path() : path.parent_path().parent_path();
  if (!above.empty()) {
    if (auto made = MakeFolder(above.string()); !made) {
      return made;
    }
  }
  fs::create_directory(path, error);
  if (error) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "create folder " + folder + ": " + error.message());
  }
  return ledger::SyncFolder(above.empty() ? "." : above.string());
}

base::Result<std::vector<int>> VersionsIn(const std::string& folder) {
  auto names = EntriesOf(folder);
  if (!names) {
    return tl::unexpected(names.error());
  }
  std::vector<int> versions;
  for (const std::string& name : *names) {
    if (const auto version = VersionOf(name)) {
      versions.push_back(*version);
    }
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

base::Result<std::vector<std::string>> NamesIn(const std::string& folder) {
  auto names = EntriesOf(folder);
  if (names) {
    std::erase_if(*names, [&folder](const std::string& name) {
      std::error_code error;
      return !IsModelName(name) || !fs::is_directory(folder + "/" + name, error);
    });
  }
  return names;
}

void RemoveLeftovers(const std::string& folder) {
  const auto names = EntriesOf(folder);
  if (!names) {
    return;  // who writes there next says why
  }
  for (const std::string& name : *names) {
    if (name.find(".tmp") != std::string::npos) {
      std::error_code ignored;
      fs::remove(folder + "/" + name, ignored);
    }
  }
}

}  // namespace promtally::inference
