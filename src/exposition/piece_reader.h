// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promtally::exposition {

/// How large a piece is, but for the line that it ends with.
inline constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;

/// Where a piece that begins at `begin` of a text ends: what is there already counts, so that a
/// piece that several readers fill does not outgrow its buffer.
[[nodiscard]] inline std::size_t PieceEnd(std::size_t begin) {
  return begin < kPieceBytes ? kPieceBytes : begin + kPieceBytes;
}

/// A page that is written while it is sent, so that it never lies in memory as a whole. The owner
/// asks for one piece after another and may let any time pass between two.
class PieceReader {
 public:
  PieceReader() = default;
  PieceReader(const PieceReader&) = delete;
  PieceReader& operator=(const PieceReader&) = delete;
  virtual ~PieceReader() = default;

  /// Appends whole lines, up to PieceEnd(out.size()), to `out`. False: the page is complete, and
  /// nothing was appended.
  virtual bool Next(std::string& out) = 0;
};

/// Names that a scrape asked for (`name[]=`); none: everything. A name is that of a family or of
/// one of its samples, as it is or as it is escaped on the page; a family is shown whole.
class NameFilter {
 public:
  NameFilter() = default;
  explicit NameFilter(std::vector<std::string> names) : names_(std::move(names)) {}

  [[nodiscard]] bool TakesAll() const { return names_.empty(); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] bool Has(std::string_view name) const {
    return names_.empty() || std::find(names_.begin(), names_.end(), name) != names_.end();
  }

 private:
  std::vector<std::string> names_;
};

}  // namespace promtally::exposition
