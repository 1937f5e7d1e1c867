// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace promtally::exposition {

/// Many short texts in few large blocks; each costs its length, four bytes and what rounding up
/// takes, and is named by 32 bits. Freed texts are used again for texts of about their length, so
/// that series which come and go do not make the memory grow. At most 32 GiB. Loop thread only.
class TextArena {
 public:
  using Id = std::uint32_t;
  static constexpr std::size_t kMaxText = std::size_t{1} << 20U;  // longer ones are not taken

  TextArena();

  /// `text` is at most kMaxText long.
  [[nodiscard]] Id Add(std::string_view text);
  void Free(Id id);
  /// Valid until it is freed.
  [[nodiscard]] std::string_view Get(Id id) const;
  /// What was asked of the system.
  [[nodiscard]] std::size_t bytes() const;
  /// What is not freed.
  [[nodiscard]] std::size_t live_bytes() const { return live_ * kUnit; }

 private:
  static constexpr std::size_t kUnit = 8;  // bytes; an Id counts them
  static constexpr std::size_t kChunkUnits = std::size_t{1} << 18U;
  static constexpr std::size_t kExactClasses = 128;

  struct Chunk {
    std::unique_ptr<std::uint64_t[]> units;
    std::size_t size = 0;
  };

  [[nodiscard]] static std::size_t UnitsFor(std::size_t length);
  [[nodiscard]] static std::size_t ClassOf(std::size_t units);
  [[nodiscard]] std::uint64_t* At(Id id) const;
  [[nodiscard]] Id Allocate(std::size_t units);

  std::vector<Chunk> chunks_;
  std::size_t live_ = 0;                                   // units
  std::size_t used_ = 0;                                   // units of the last chunk
  std::array<std::vector<Id>, kExactClasses + 64> freed_;  // by class
};

}  // namespace promtally::exposition
