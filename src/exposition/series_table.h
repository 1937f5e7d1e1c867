// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "exposition/text_arena.h"

namespace promtally::exposition {

/// The series of one metric: label bodies (text_encoder.h) and the rows in which their values
/// stand. A row keeps its number until its series is removed, and is then given to a later one.
///
/// Memory: the body once, 8 bytes a row and 8 for each of the index's places, of which between a
/// third and two thirds are used. Loop thread only.
class SeriesTable {
 public:
  using Row = std::uint32_t;

  explicit SeriesTable(std::shared_ptr<TextArena> texts) : texts_(std::move(texts)) {}
  ~SeriesTable();
  SeriesTable(const SeriesTable&) = delete;
  SeriesTable& operator=(const SeriesTable&) = delete;

  [[nodiscard]] std::optional<Row> Find(std::string_view body) const;
  /// A row for a body that is not there yet. `epoch` is remembered: a reader that began in a later
  /// one may show the row.
  Row Insert(std::string_view body, std::uint32_t epoch);
  void Erase(Row row);

  /// Rows are numbered below this; some may be empty.
  [[nodiscard]] Row end() const { return static_cast<Row>(texts_of_.size()); }
  [[nodiscard]] bool IsUsed(Row row) const { return texts_of_[row] != kNone; }
  [[nodiscard]] std::string_view Body(Row row) const { return texts_->Get(texts_of_[row]); }
  [[nodiscard]] std::uint32_t Epoch(Row row) const { return epochs_[row]; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr TextArena::Id kNone = ~TextArena::Id{0};
  static constexpr Row kEmpty = ~Row{0};
  struct Place {
    Row row = kEmpty;
    std::uint32_t hash = 0;
  };

  [[nodiscard]] std::size_t PlaceOf(std::string_view body, std::uint32_t hash) const;
  void Grow();

  std::shared_ptr<TextArena> texts_;
  std::vector<TextArena::Id> texts_of_;  // by row
  std::vector<std::uint32_t> epochs_;    // by row
  std::vector<Row> free_;
  std::vector<Place> places_;  // open addressing, a power of two
  std::size_t size_ = 0;
};

}  // namespace promtally::exposition
