// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "promtally/base/sha256.h"

namespace promtally::ledger {

/// The digest of a revision: number of records, each record's series hash and quantity text in the
/// order of the hashes, then the query texts in the order in which they were sent. The same answers
/// give the same digest in every ledger; `verify` computes it again from the tables.
class PeriodDigest {
 public:
  explicit PeriodDigest(std::int64_t records) { hasher_.Add(records); }
  void AddRecord(const base::Digest& series, std::string_view quantity) {
    // One field a record: the hash has a fixed length, so nothing runs together.
    field_.assign(series.begin(), series.end());
    field_.append(quantity);
    hasher_.Add(field_);
  }
  void AddQuery(std::string_view text) { hasher_.Add(text); }
  [[nodiscard]] base::Digest Finish() { return hasher_.Finish(); }

 private:
  base::FieldHasher hasher_;
  std::string field_;
};

}  // namespace promtally::ledger
