// SPDX-License-Identifier: Apache-2.0
#include "exposition/metric_journal.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exposition/crc32c.h"
#include "exposition/journal_frames.h"

namespace promtally::exposition {
namespace {

constexpr mode_t kFileMode = 0640;

base::Error SystemError(std::string_view action, const std::string& path) {
  const int number = errno;
  return {base::ErrorCode::kUnavailable,
          std::string(action) + " " + path + ": " + std::generic_category().message(number)};
}

/// Writes all or tells why not; what was written by then stays.
base::Status WriteAt(int fd, std::string_view bytes, std::uint64_t offset,
                     const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return tl::unexpected(SystemError("write", path));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

base::Status SyncFolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return tl::unexpected(SystemError("open", folder));
  }
  const bool synced = fsync(fd) == 0;
  auto error = SystemError("fsync", folder);
  close(fd);
  return synced ? base::Status() : tl::unexpected(std::move(error));
}

/// Locks an open file, and makes sure that it is still the one of that name.
base::Status Lock(int fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &opened) != 0 ||
      stat(path.c_str(), &named) != 0 || opened.st_ino != named.st_ino ||
      opened.st_dev != named.st_dev) {
    return base::Fail(base::ErrorCode::kConflict, path + " is in use by another process");
  }
  return {};
}

}  // namespace

MetricJournal::File::~File() { close(fd); }

MetricJournal::~MetricJournal() { AbandonCopy(); }

base::Result<MetricJournal::FilePtr> MetricJournal::MakeFile(const std::string& path,
                                                             std::uint32_t salt) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (fd < 0) {
    return tl::unexpected(SystemError("create", path));
  }
  auto file = std::make_shared<File>(fd);
  auto status = Lock(fd, path);
  if (status) {
    status = WriteAt(fd, FileHead(salt), 0, path);
  }
  if (!status) {
    unlink(path.c_str());
    return tl::unexpected(status.error());
  }
  return file;
}

base::Status MetricJournal::OpenMain() {
  const int fd = open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd >= 0) {
    main_ = std::make_shared<File>(fd);
    return Lock(fd, path_);
  }
  if (errno != ENOENT) {
    return tl::unexpected(SystemError("open", path_));
  }
  // As a copy, so that a file of this name always has a whole header.
  salt_ = std::random_device()();
  auto made = MakeFile(CopyPath(), salt_);
  if (!made) {
    return tl::unexpected(made.error());
  }
  main_ = *std::move(made);
  if (fsync(main_->fd) != 0) {
    return tl::unexpected(SystemError("fsync", CopyPath()));
  }
  if (std::rename(CopyPath().c_str(), path_.c_str()) != 0) {
    return tl::unexpected(SystemError("rename", CopyPath()));
  }
  return SyncFolderOf(path_);
}

base::Result<std::string> MetricJournal::ReplayAll(const Replay& replay) {
  FrameReader reader(main_->fd, path_);
  auto salt = reader.ReadHead();
  if (!salt) {
    return tl::unexpected(salt.error());
  }
  salt_ = *salt;
  auto end = reader.ForEach(replay);
  if (!end) {
    return tl::unexpected(end.error());
  }
  main_size_ = end->offset;
  if (end->cut_bytes == 0) {
    return std::string();
  }
  if (ftruncate(main_->fd, static_cast<off_t>(main_size_)) != 0 || fsync(main_->fd) != 0) {
    return tl::unexpected(SystemError("truncate", path_));
  }
  return path_ + ": the last record, at byte " + std::to_string(main_size_) + ", is torn; " +
         std::to_string(end->cut_bytes) + " bytes were cut off";
}

base::Result<MetricJournal::Opened> MetricJournal::Open(const std::string& path,
                                                        const Replay& replay) {
  std::unique_ptr<MetricJournal> journal(new MetricJournal(path));
  if (auto opened = journal->OpenMain(); !opened) {
    return tl::unexpected(opened.error());
  }
  unlink(journal->CopyPath().c_str());  // of a process that was killed
  auto warning = journal->ReplayAll(replay);
  if (!warning) {
    return tl::unexpected(warning.error());
  }
  return Opened{std::move(journal), *std::move(warning)};
}

void MetricJournal::FillHead(std::string& frame) const {
  const std::string head = FrameHead(std::string_view(frame).substr(kFrameHead), salt_);
  std::memcpy(frame.data(), head.data(), kFrameHead);
}

base::Status MetricJournal::Append(std::string& frame, bool to_copy) {
  if (broken_) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      path_ + " failed to reach the disk; it is being written anew");
  }
  if (frame.size() - kFrameHead > kMaxRecord) {
    return base::Fail(base::ErrorCode::kTooLarge, "the change is too large for " + path_);
  }
  FillHead(frame);
  if (auto written = WriteAt(main_->fd, frame, main_size_, path_); !written) {
    // Half a record must not stay: the next one would stand behind it.
    broken_ = ftruncate(main_->fd, static_cast<off_t>(main_size_)) != 0;
    return written;
  }
  main_size_ += frame.size();
  if (to_copy && copy_) {
    // What the file itself has is enough; a copy that lacks it is worth nothing.
    static_cast<void>(AppendToCopy(frame));
  }
  return {};
}

base::Status MetricJournal::Sync() {
  FilePtr main;
  FilePtr copy;
  bool folder = false;
  {
    const std::lock_guard lock(mutex_);
    main = main_;
    copy = copy_sealed_ ? copy_ : nullptr;
    folder = folder_dirty_;
    folder_dirty_ = false;
  }
  base::Status status;
  if (fsync(main->fd) != 0) {
    status = tl::unexpected(SystemError("fsync", path_));
    broken_ = true;
  }
  const bool copy_synced = copy && fsync(copy->fd) == 0;
  if (folder) {
    if (auto synced = SyncFolderOf(path_); !synced) {
      status = synced;
    }
  }
  const std::lock_guard lock(mutex_);
  folder_dirty_ = folder_dirty_ || (folder && !status);
  if (copy && copy == copy_) {
    // Once it failed, a later success says nothing of what was lost by then.
    copy_failed_ = copy_failed_ || !copy_synced;
    copy_durable_ = copy_synced && !copy_failed_;
  }
  return status;
}

base::Status MetricJournal::BeginCopy() {
  AbandonCopy();
  auto made = MakeFile(CopyPath(), salt_);
  if (!made) {
    return tl::unexpected(made.error());
  }
  copy_size_ = kFileHead;
  const std::lock_guard lock(mutex_);
  copy_ = *std::move(made);
  return {};
}

base::Status MetricJournal::AppendToCopy(std::string& frame) {
  if (!copy_) {
    return base::Fail(base::ErrorCode::kUnavailable, "the copy of " + path_ + " was abandoned");
  }
  FillHead(frame);
  auto written = WriteAt(copy_->fd, frame, copy_size_, CopyPath());
  if (written) {
    copy_size_ += frame.size();
  } else {
    AbandonCopy();
  }
  return written;
}

void MetricJournal::SealCopy() {
  const std::lock_guard lock(mutex_);
  copy_sealed_ = copy_ != nullptr;
}

bool MetricJournal::HasCopy() const {
  const std::lock_guard lock(mutex_);
  return copy_ != nullptr && !copy_failed_;
}

bool MetricJournal::IsCopyDurable() const {
  const std::lock_guard lock(mutex_);
  return copy_durable_;
}

base::Status MetricJournal::AdoptCopy() {
  if (!IsCopyDurable()) {
    return base::Fail(base::ErrorCode::kInternal, "the copy is not durable yet");
  }
  if (std::rename(CopyPath().c_str(), path_.c_str()) != 0) {
    auto error = SystemError("rename", CopyPath());
    AbandonCopy();
    return tl::unexpected(std::move(error));
  }
  const std::lock_guard lock(mutex_);
  main_ = std::move(copy_);
  main_size_ = copy_size_;
  copy_ = nullptr;
  copy_sealed_ = copy_durable_ = copy_failed_ = false;
  folder_dirty_ = true;
  broken_ = false;
  return {};
}

void MetricJournal::AbandonCopy() {
  const std::lock_guard lock(mutex_);
  if (copy_) {
    unlink(CopyPath().c_str());
  }
  copy_ = nullptr;
  copy_sealed_ = copy_durable_ = copy_failed_ = false;
}

}  // namespace promtally::exposition
