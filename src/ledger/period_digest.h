// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "promtally/base/sha256.h"

namespace promtally::ledger {

/// What a revision says of its answer beside the records.
struct AnswerCounts {
  std::int64_t series_answered = 0;
  std::int64_t rejected = 0;
  std::int64_t unattributed = 0;
  std::int64_t excluded = 0;
  std::int64_t skipped = 0;
};

/// What is in a digest: revisions of before schema version 4 have kWithoutCounts.
enum class DigestFormat { kWithoutCounts = 0, kWithCounts = 1 };

/// The digest of a revision: number of records, each record's series hash and quantity text in the
/// order of the hashes, the query texts in the order in which they were sent, then the counts. The
/// same answers give the same digest in every ledger; `verify` computes it again from the tables.
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
  void AddCounts(const AnswerCounts& counts) {
    for (const std::int64_t count : {counts.series_answered, counts.rejected, counts.unattributed,
                                     counts.excluded, counts.skipped}) {
      hasher_.Add(count);
    }
  }
  [[nodiscard]] base::Digest Finish() { return hasher_.Finish(); }

 private:
  base::FieldHasher hasher_;
  std::string field_;
};

}  // namespace promtally::ledger
