// SPDX-License-Identifier: Apache-2.0
#include "ledger/page_checksums.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <string_view>

#include <sqlite3.h>

namespace promtally::ledger {
namespace {

constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr int kHeaderBytes = 100;

/// The database file as SQLite sees it; the real one lies behind it in the same memory.
struct ChecksumFile {
  sqlite3_file base;
  int page_size;      ///< 0: not known yet
  bool is_protected;  ///< its pages have room for a checksum
};

sqlite3_vfs* real_vfs = nullptr;

ChecksumFile* Ours(sqlite3_file* file) { return reinterpret_cast<ChecksumFile*>(file); }
sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(Ours(file) + 1); }
const sqlite3_io_methods& MethodsOf(sqlite3_file* file) { return *Real(file)->pMethods; }

std::uint32_t Word(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8U |
         static_cast<std::uint32_t>(at[2]) << 16U | static_cast<std::uint32_t>(at[3]) << 24U;
}

std::array<std::uint8_t, kChecksumBytes> ChecksumOf(const std::uint8_t* page, int size) {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  for (const std::uint8_t* end = page + size - kChecksumBytes; page != end; page += 8) {
    first += Word(page) + second;
    second += Word(page + 4) + first;
  }
  std::array<std::uint8_t, kChecksumBytes> sum{};
  for (std::size_t i = 0; i < 4; ++i) {
    sum.at(i) = static_cast<std::uint8_t>(first >> (8 * i));
    sum.at(4 + i) = static_cast<std::uint8_t>(second >> (8 * i));
  }
  return sum;
}

/// Takes page size and room from the header, wherever one passes.
void LookAtHeader(ChecksumFile* file, const std::uint8_t* bytes, int size, sqlite3_int64 offset) {
  if (offset != 0 || size < kHeaderBytes || std::memcmp(bytes, kMagic.data(), 16) != 0) {
    return;
  }
  const int stored = bytes[16] << 8 | bytes[17];
  file->page_size = stored == 1 ? 65536 : stored;
  file->is_protected = bytes[20] == kChecksumBytes;
}

bool IsWholePage(const ChecksumFile* file, int size, sqlite3_int64 offset) {
  return file->is_protected && size == file->page_size && offset % size == 0;
}

int Read(sqlite3_file* file, void* buffer, int size, sqlite3_int64 offset) {
  const int code = MethodsOf(file).xRead(Real(file), buffer, size, offset);
  if (code != SQLITE_OK) {
    return code;
  }
  const auto* bytes = static_cast<const std::uint8_t*>(buffer);
  LookAtHeader(Ours(file), bytes, size, offset);
  if (!IsWholePage(Ours(file), size, offset)) {
    return SQLITE_OK;
  }
  const auto sum = ChecksumOf(bytes, size);
  const bool is_equal = std::equal(sum.begin(), sum.end(), bytes + size - kChecksumBytes);
  return is_equal ? SQLITE_OK : SQLITE_IOERR_DATA;
}

int Write(sqlite3_file* file, const void* buffer, int size, sqlite3_int64 offset) {
  const auto* bytes = static_cast<const std::uint8_t*>(buffer);
  LookAtHeader(Ours(file), bytes, size, offset);
  if (IsWholePage(Ours(file), size, offset)) {
    const auto sum = ChecksumOf(bytes, size);
    // The room at a page's end is the VFS's: SQLite itself neither reads nor writes it.
    auto* room = const_cast<std::uint8_t*>(bytes) + size - kChecksumBytes;
    std::copy(sum.begin(), sum.end(), room);
  }
  return MethodsOf(file).xWrite(Real(file), buffer, size, offset);
}

// Everything else is the real file's. Version 2: without memory maps, which would pass Read() by.
constexpr sqlite3_io_methods kMethods = {
    2,
    [](sqlite3_file* file) { return MethodsOf(file).xClose(Real(file)); },
    Read,
    Write,
    [](sqlite3_file* file, sqlite3_int64 size) {
      return MethodsOf(file).xTruncate(Real(file), size);
    },
    [](sqlite3_file* file, int flags) { return MethodsOf(file).xSync(Real(file), flags); },
    [](sqlite3_file* file, sqlite3_int64* size) {
      return MethodsOf(file).xFileSize(Real(file), size);
    },
    [](sqlite3_file* file, int lock) { return MethodsOf(file).xLock(Real(file), lock); },
    [](sqlite3_file* file, int lock) { return MethodsOf(file).xUnlock(Real(file), lock); },
    [](sqlite3_file* file, int* held) {
      return MethodsOf(file).xCheckReservedLock(Real(file), held);
    },
    [](sqlite3_file* file, int operation, void* argument) {
      return MethodsOf(file).xFileControl(Real(file), operation, argument);
    },
    [](sqlite3_file* file) { return MethodsOf(file).xSectorSize(Real(file)); },
    [](sqlite3_file* file) { return MethodsOf(file).xDeviceCharacteristics(Real(file)); },
    [](sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
      return MethodsOf(file).xShmMap(Real(file), page, size, extend, memory);
    },
    [](sqlite3_file* file, int offset, int count, int flags) {
      return MethodsOf(file).xShmLock(Real(file), offset, count, flags);
    },
    [](sqlite3_file* file) { MethodsOf(file).xShmBarrier(Real(file)); },
    [](sqlite3_file* file, int remove) { return MethodsOf(file).xShmUnmap(Real(file), remove); },
    nullptr,
    nullptr};

int Open(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* opened_as) {
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) {
    return real_vfs->xOpen(real_vfs, name, file, flags, opened_as);
  }
  *Ours(file) = {};
  const int code = real_vfs->xOpen(real_vfs, name, Real(file), flags, opened_as);
  file->pMethods = Real(file)->pMethods != nullptr ? &kMethods : nullptr;
  return code;
}

}  // namespace

void RegisterChecksumVfs() {
  static std::once_flag once;
  std::call_once(once, [] {
    real_vfs = sqlite3_vfs_find(nullptr);
    static sqlite3_vfs vfs = *real_vfs;
    vfs.zName = kChecksumVfs;
    vfs.szOsFile += static_cast<int>(sizeof(ChecksumFile));
    vfs.xOpen = Open;
    vfs.pNext = nullptr;
    sqlite3_vfs_register(&vfs, 0);
  });
}

bool HasPageChecksums(sqlite3* db) {
  int reserved = -1;  // negative: only asks
  sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  return reserved == kChecksumBytes;
}

void RequestPageChecksums(sqlite3* db) {
  int reserved = kChecksumBytes;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
}

}  // namespace promtally::ledger
