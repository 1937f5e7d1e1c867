// SPDX-License-Identifier: Apache-2.0
#include "exposition/series_table.h"

#include <functional>

namespace promtally::exposition {
namespace {

std::uint32_t HashOf(std::string_view body) {
  const std::size_t hash = std::hash<std::string_view>()(body);
  return static_cast<std::uint32_t>(hash ^ (hash >> 32U));
}

}  // namespace

SeriesTable::~SeriesTable() {
  for (const TextArena::Id text : texts_of_) {
    if (text != kNone) {
      texts_->Free(text);
    }
  }
}

// Where the body is, or the empty place where its search ends. There is always an empty one.
std::size_t SeriesTable::PlaceOf(std::string_view body, std::uint32_t hash) const {
  const std::size_t mask = places_.size() - 1;
  std::size_t at = hash & mask;
  while (places_[at].row != kEmpty && (places_[at].hash != hash || Body(places_[at].row) != body)) {
    at = (at + 1) & mask;
  }
  return at;
}

std::optional<SeriesTable::Row> SeriesTable::Find(std::string_view body) const {
  if (places_.empty()) {
    return std::nullopt;
  }
  const Row row = places_[PlaceOf(body, HashOf(body))].row;
  return row == kEmpty ? std::nullopt : std::optional(row);
}

SeriesTable::Row SeriesTable::Insert(std::string_view body, std::uint32_t epoch) {
  if ((size_ + 1) * 3 > places_.size() * 2) {
    Grow();
  }
  const std::uint32_t hash = HashOf(body);
  const std::size_t place = PlaceOf(body, hash);
  Row row = end();
  if (free_.empty()) {
    texts_of_.push_back(kNone);
    epochs_.push_back(epoch);
  } else {
    row = free_.back();
    free_.pop_back();
    epochs_[row] = epoch;
  }
  texts_of_[row] = texts_->Add(body);
  places_[place] = Place{row, hash};
  ++size_;
  return row;
}

void SeriesTable::Erase(Row row) {
  const std::string_view body = Body(row);
  const std::size_t mask = places_.size() - 1;
  std::size_t hole = PlaceOf(body, HashOf(body));
  // Those behind that would no longer be found move into the hole.
  for (std::size_t at = (hole + 1) & mask; places_[at].row != kEmpty; at = (at + 1) & mask) {
    const std::size_t wanted = places_[at].hash & mask;
    if (((at - wanted) & mask) >= ((at - hole) & mask)) {
      places_[hole] = places_[at];
      hole = at;
    }
  }
  places_[hole] = Place{};
  texts_->Free(texts_of_[row]);
  texts_of_[row] = kNone;
  free_.push_back(row);
  --size_;
}

void SeriesTable::Grow() {
  std::vector<Place> old(places_.empty() ? 4 : places_.size() * 2);
  old.swap(places_);
  const std::size_t mask = places_.size() - 1;
  for (const Place& place : old) {
    if (place.row != kEmpty) {
      std::size_t at = place.hash & mask;
      while (places_[at].row != kEmpty) {
        at = (at + 1) & mask;
      }
      places_[at] = place;
    }
  }
}

std::size_t SeriesTable::bytes() const {
  return texts_of_.capacity() * sizeof(TextArena::Id) + epochs_.capacity() * sizeof(std::uint32_t) +
         free_.capacity() * sizeof(Row) + places_.capacity() * sizeof(Place);
}

}  // namespace promtally::exposition
