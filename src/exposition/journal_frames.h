// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "promtally/base/result.h"

namespace promtally::exposition {

/// How a journal's bytes are laid out; MetricJournal says what for.
inline constexpr std::size_t kFileHead = 32;
inline constexpr std::size_t kMaxRecord = std::size_t{1} << 30U;

/// The first bytes of a file.
[[nodiscard]] std::string FileHead(std::uint32_t salt);
/// The twelve bytes in front of a record.
[[nodiscard]] std::string FrameHead(std::string_view record, std::uint32_t salt);

/// Reads a journal from its beginning. Holds one record and about a mebibyte in memory.
class FrameReader {
 public:
  struct End {
    std::uint64_t offset = 0;     ///< behind the last whole record
    std::uint64_t cut_bytes = 0;  ///< that follow and are no record
  };

  /// `fd` stays the caller's; `path` is for messages.
  FrameReader(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  /// The salt. kParse: no journal; kRejected: of a later version.
  [[nodiscard]] base::Result<std::uint32_t> ReadHead();

  /// Passes each record to `take`. Bytes at the end that are no record are told, for a write was
  /// cut short there; where a whole record follows behind such bytes it is damage: kParse.
  [[nodiscard]] base::Result<End> ForEach(
      const std::function<base::Status(std::string_view)>& take);

 private:
  enum class Finding { kRecord, kShort, kDamaged };

  [[nodiscard]] base::Result<std::string_view> Peek(std::uint64_t offset, std::size_t length);
  [[nodiscard]] base::Result<Finding> Look(std::uint64_t offset, std::string_view& record);
  [[nodiscard]] base::Result<bool> HasRecordAfter(std::uint64_t offset);
  [[nodiscard]] tl::unexpected<base::Error> Damaged(std::uint64_t offset,
                                                    const std::string& what) const;

  const int fd_;
  const std::string path_;
  std::uint32_t salt_ = 0;
  std::string buffer_;
  std::uint64_t buffer_offset_ = 0;
};

}  // namespace promtally::exposition
