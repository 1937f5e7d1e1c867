// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "promtally/base/result.h"

namespace promtally::exposition {

/// A file of records that only grows: what was appended survives a kill of the process at once, and
/// a power cut after the next Sync.
///
/// Form: a header of 32 bytes (magic, version, a random salt, CRC), then for each record its
/// length, the CRC-32C of its bytes, the CRC-32C of these two numbers, and the bytes. The salt is
/// in each CRC, so that no text that a user sends can look like a record.
///
/// A copy replaces the file: it is written beside it, in as many steps as the owner likes, and
/// takes its place by a rename once it is durable.
///
/// Threads: Sync may be called on any thread, beside everything else; all other calls belong to the
/// loop thread. Failure: a failed Append leaves the file as it was. A failed fsync, or a file that
/// could not be cut back, is never tried again: Append then fails until a copy took the file's
/// place.
class MetricJournal {
 public:
  /// Told of each record, in order.
  using Replay = std::function<base::Status(std::string_view record)>;

  /// Bytes in front of a record, which Append fills in.
  static constexpr std::size_t kFrameHead = 12;

  struct Opened {
    std::unique_ptr<MetricJournal> journal;
    std::string warning;  ///< a torn last record was cut off; else empty
  };

  /// Opens or makes the file, and locks it. kConflict: another process has it; kParse: damage in
  /// front of readable records, with its byte offset, or what `replay` said of a record;
  /// kRejected: a later version wrote it.
  [[nodiscard]] static base::Result<Opened> Open(const std::string& path, const Replay& replay);
  ~MetricJournal();
  MetricJournal(const MetricJournal&) = delete;
  MetricJournal& operator=(const MetricJournal&) = delete;

  /// Appends what stands in `frame` behind its first kFrameHead bytes; with `to_copy` to the copy
  /// as well, which is abandoned when that fails. kUnavailable: nothing was written.
  [[nodiscard]] base::Status Append(std::string& frame, bool to_copy);

  /// Makes durable what was appended before the call. Any thread.
  [[nodiscard]] base::Status Sync();

  [[nodiscard]] std::uint64_t size() const { return main_size_; }
  /// Nothing can be appended until a copy takes the place.
  [[nodiscard]] bool IsBroken() const { return broken_; }

  /// The copy: begin, append all of the state, seal. It is durable after the next Sync, and then
  /// takes the file's place. Any failure abandons it and changes nothing else.
  [[nodiscard]] base::Status BeginCopy();
  [[nodiscard]] base::Status AppendToCopy(std::string& frame);
  void SealCopy();
  /// False when there is none, or when it could not be made durable.
  [[nodiscard]] bool HasCopy() const;
  [[nodiscard]] bool IsCopyDurable() const;
  [[nodiscard]] base::Status AdoptCopy();
  void AbandonCopy();

 private:
  struct File {
    explicit File(int descriptor) : fd(descriptor) {}
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    const int fd;
  };
  using FilePtr = std::shared_ptr<File>;

  explicit MetricJournal(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] static base::Result<FilePtr> MakeFile(const std::string& path, std::uint32_t salt);
  [[nodiscard]] base::Status OpenMain();
  [[nodiscard]] base::Result<std::string> ReplayAll(const Replay& replay);
  [[nodiscard]] std::string CopyPath() const { return path_ + ".copy"; }
  void FillHead(std::string& frame) const;

  const std::string path_;
  // Loop thread only.
  std::uint32_t salt_ = 0;
  std::uint64_t main_size_ = 0;
  std::uint64_t copy_size_ = 0;
  // Shared with Sync.
  std::atomic<bool> broken_ = false;
  mutable std::mutex mutex_;
  FilePtr main_;
  FilePtr copy_;
  bool copy_sealed_ = false;
  bool copy_durable_ = false;
  bool copy_failed_ = false;
  bool folder_dirty_ = false;
};

}  // namespace promtally::exposition
