// SPDX-License-Identifier: Apache-2.0
#include "exposition/text_arena.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace promtally::exposition {

TextArena::TextArena() = default;

// Short texts get what they need; longer ones a power of two, so that there are few classes.
std::size_t TextArena::UnitsFor(std::size_t length) {
  const std::size_t units = (length + sizeof(std::uint32_t) + kUnit - 1) / kUnit;
  return units <= kExactClasses ? units : std::bit_ceil(units);
}

std::size_t TextArena::ClassOf(std::size_t units) {
  return units <= kExactClasses ? units - 1 : kExactClasses + std::bit_width(units);
}

std::uint64_t* TextArena::At(Id id) const {
  return chunks_[id / kChunkUnits].units.get() + id % kChunkUnits;
}

TextArena::Id TextArena::Allocate(std::size_t units) {
  auto& freed = freed_.at(ClassOf(units));
  if (!freed.empty()) {
    const Id id = freed.back();
    freed.pop_back();
    return id;
  }
  if (chunks_.empty() || chunks_.back().size - used_ < units) {
    // The first chunk is small: most stores hold a few metrics only.
    const std::size_t size = chunks_.empty() ? std::max<std::size_t>(units, 2048) : kChunkUnits;
    chunks_.push_back(Chunk{std::make_unique<std::uint64_t[]>(size), size});
    used_ = 0;
  }
  const auto id = static_cast<Id>((chunks_.size() - 1) * kChunkUnits + used_);
  used_ += units;
  return id;
}

TextArena::Id TextArena::Add(std::string_view text) {
  const std::size_t units = UnitsFor(text.size());
  const Id id = Allocate(units);
  live_ += units;
  const auto length = static_cast<std::uint32_t>(text.size());
  auto* const bytes = reinterpret_cast<char*>(At(id));
  std::memcpy(bytes, &length, sizeof(length));
  std::memcpy(bytes + sizeof(length), text.data(), text.size());
  return id;
}

void TextArena::Free(Id id) {
  const std::size_t units = UnitsFor(Get(id).size());
  freed_.at(ClassOf(units)).push_back(id);
  live_ -= units;
}

std::string_view TextArena::Get(Id id) const {
  const auto* const bytes = reinterpret_cast<const char*>(At(id));
  std::uint32_t length = 0;
  std::memcpy(&length, bytes, sizeof(length));
  return {bytes + sizeof(length), length};
}

std::size_t TextArena::bytes() const {
  std::size_t units = 0;
  for (const Chunk& chunk : chunks_) {
    units += chunk.size;
  }
  std::size_t total = units * kUnit;
  for (const auto& freed : freed_) {
    total += freed.capacity() * sizeof(Id);
  }
  return total;
}

}  // namespace promtally::exposition
