// SPDX-License-Identifier: Apache-2.0
#include "exposition/journal_frames.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <unistd.h>

#include "exposition/crc32c.h"

namespace promtally::exposition {
namespace {

constexpr std::string_view kMagic = "promtally metric";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChunk = std::size_t{1} << 20U;
constexpr std::size_t kHead = 12;

void AppendNumber32(std::string& out, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    out += static_cast<char>((value >> shift) & 0xFFU);
  }
}

std::uint32_t Number32(std::string_view bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));  // little-endian, as crc32c.cc asserts
  return value;
}

}  // namespace

std::string FileHead(std::uint32_t salt) {
  std::string head(kMagic);
  AppendNumber32(head, kVersion);
  AppendNumber32(head, salt);
  AppendNumber32(head, 0);
  AppendNumber32(head, Crc32c(head));
  return head;
}

std::string FrameHead(std::string_view record, std::uint32_t salt) {
  std::string head;
  AppendNumber32(head, static_cast<std::uint32_t>(record.size()));
  AppendNumber32(head, Crc32c(record, salt));
  AppendNumber32(head, Crc32c(head, salt));
  return head;
}

tl::unexpected<base::Error> FrameReader::Damaged(std::uint64_t offset,
                                                 const std::string& what) const {
  return base::Fail(base::ErrorCode::kParse,
                    path_ + " is damaged at byte " + std::to_string(offset) + ": " + what);
}

// Shorter than asked for at the file's end only.
base::Result<std::string_view> FrameReader::Peek(std::uint64_t offset, std::size_t length) {
  if (offset < buffer_offset_ || offset > buffer_offset_ + buffer_.size()) {
    buffer_.clear();
    buffer_offset_ = offset;
  }
  if (offset + length > buffer_offset_ + buffer_.size()) {
    buffer_.erase(0, offset - buffer_offset_);
    buffer_offset_ = offset;
    const std::size_t wanted = std::max(length, kChunk);
    std::size_t filled = buffer_.size();
    buffer_.resize(wanted);
    while (filled < wanted) {
      const ssize_t got = pread(fd_, buffer_.data() + filled, wanted - filled,
                                static_cast<off_t>(buffer_offset_ + filled));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return base::Fail(base::ErrorCode::kUnavailable,
                          "read " + path_ + ": " + std::generic_category().message(errno));
      }
      if (got == 0) {
        break;
      }
      filled += static_cast<std::size_t>(got);
    }
    buffer_.resize(filled);
  }
  return std::string_view(buffer_).substr(offset - buffer_offset_, length);
}

base::Result<std::uint32_t> FrameReader::ReadHead() {
  auto head = Peek(0, kFileHead);
  if (!head) {
    return tl::unexpected(head.error());
  }
  if (head->size() < kFileHead || !head->starts_with(kMagic)) {
    return Damaged(0, "it does not begin as a journal of metrics");
  }
  if (Number32(head->substr(28)) != Crc32c(head->substr(0, 28))) {
    return Damaged(0, "its header does not have the checksum it states");
  }
  const std::uint32_t version = Number32(head->substr(16));
  if (version != kVersion) {
    return base::Fail(base::ErrorCode::kRejected,
                      path_ + " has version " + std::to_string(version) +
                          ", this program reads version " + std::to_string(kVersion));
  }
  salt_ = Number32(head->substr(20));
  return salt_;
}

base::Result<FrameReader::Finding> FrameReader::Look(std::uint64_t offset,
                                                     std::string_view& record) {
  auto head = Peek(offset, kHead);
  if (!head) {
    return tl::unexpected(head.error());
  }
  if (head->size() < kHead) {
    return Finding::kShort;
  }
  const std::uint32_t length = Number32(*head);
  const std::uint32_t crc = Number32(head->substr(4));
  if (Number32(head->substr(8)) != Crc32c(head->substr(0, 8), salt_) || length > kMaxRecord) {
    return Finding::kDamaged;
  }
  auto body = Peek(offset, kHead + length);
  if (!body) {
    return tl::unexpected(body.error());
  }
  if (body->size() < kHead + length) {
    return Finding::kShort;
  }
  record = body->substr(kHead);
  return Crc32c(record, salt_) == crc ? Finding::kRecord : Finding::kDamaged;
}

base::Result<bool> FrameReader::HasRecordAfter(std::uint64_t offset) {
  std::string_view record;
  while (true) {
    ++offset;
    auto head = Peek(offset, kHead);
    if (!head) {
      return tl::unexpected(head.error());
    }
    if (head->size() < kHead) {
      return false;
    }
    auto found = Look(offset, record);
    if (!found) {
      return tl::unexpected(found.error());
    }
    if (*found == Finding::kRecord) {
      return true;
    }
  }
}

base::Result<FrameReader::End> FrameReader::ForEach(
    const std::function<base::Status(std::string_view)>& take) {
  std::uint64_t offset = kFileHead;
  std::string_view record;
  while (true) {
    auto found = Look(offset, record);
    if (!found) {
      return tl::unexpected(found.error());
    }
    if (*found != Finding::kRecord) {
      break;
    }
    if (auto taken = take(record); !taken) {
      return Damaged(offset, taken.error().message);
    }
    offset += kHead + record.size();
  }
  auto follows = HasRecordAfter(offset);
  if (!follows) {
    return tl::unexpected(follows.error());
  }
  if (*follows) {
    return Damaged(offset, "a record does not have its checksum, and others follow");
  }
  const off_t size = lseek(fd_, 0, SEEK_END);
  if (size < 0) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "seek " + path_ + ": " + std::generic_category().message(errno));
  }
  return End{offset, static_cast<std::uint64_t>(size) - offset};
}

}  // namespace promtally::exposition
