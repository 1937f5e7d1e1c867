// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/period_digest.h"
#include "ledger/quantity_column.h"
#include "ledger/series_index.h"

namespace promtally::ledger {

/// The rows of one period on their way into the tables: in the order of their hashes, with their
/// quantities as text and the series that they belong to.
class CommitBatch {
 public:
  struct Row {
    const metering::UsageRow* usage = nullptr;
    std::uint64_t prefix = 0;    ///< first bytes of the hash: sorting seldom looks further
    std::int64_t series_id = 0;  ///< once Match() has run
    std::uint32_t text_begin = 0;
    std::uint32_t text_size = 0;
    std::size_t entry = 0;  ///< index into the series list, once Match() has run
  };

  explicit CommitBatch(const PeriodCommit& commit);

  /// True when two rows belong to one series: nothing may be committed then.
  [[nodiscard]] bool HasDuplicates() const;
  /// The rows whose series are not in the list.
  [[nodiscard]] std::vector<const metering::UsageRow*> Unknown(const SeriesList& known) const;
  /// Connects rows and series, all of which are in the list, and sorts the rows by series id.
  /// `digest` is fed before, in the order of the hashes.
  void Match(const SeriesList& known);

  void FeedDigest(PeriodDigest& digest) const;
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  [[nodiscard]] std::string_view text(const Row& row) const {
    return std::string_view(texts_).substr(row.text_begin, row.text_size);
  }
  [[nodiscard]] base::Decimal positive() const { return positive_.Total(); }
  [[nodiscard]] base::Decimal negative() const { return negative_.Total(); }

 private:
  void AppendText(const base::Decimal& quantity, metering::RoundingMode rounding);

  std::vector<Row> rows_;
  std::string texts_;
  QuantitySum positive_;
  QuantitySum negative_;
};

}  // namespace promtally::ledger
