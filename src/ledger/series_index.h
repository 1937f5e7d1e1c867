// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "ledger/sqlite.h"
#include "promtally/base/decimal.h"
#include "promtally/base/sha256.h"
#include "promtally/metering/usage_record.h"

namespace promtally::ledger {

/// What a commit must know of a series that the ledger has.
struct SeriesEntry {
  base::Digest hash{};
  std::int64_t id = 0;
  base::Decimal positive;
  base::Decimal negative;
  base::Instant created;  ///< begin of its first period
};

/// All series of one spec and kind, sorted by hash.
using SeriesList = std::vector<SeriesEntry>;

/// Keeps the series of the specs that were committed last in memory, so that catching up reads them
/// once. Lists are loaded in one scan; at most kMaxCached series stay between commits.
class SeriesIndex {
 public:
  static constexpr std::size_t kMaxCached = 200'000;

  /// The list of a spec, for the caller to bring up to date with what it commits. Valid until the
  /// next call.
  [[nodiscard]] SeriesList& Load(Connection& db, std::int64_t spec_id, metering::UsageKind kind);
  /// After a commit: drops lists, this one at the last, until the limit is kept.
  void Trim(std::int64_t spec_id, metering::UsageKind kind);
  /// After a failure: nothing in memory is to be trusted.
  void Clear() { lists_.clear(); }

 private:
  using Key = std::pair<std::int64_t, metering::UsageKind>;
  std::map<Key, SeriesList> lists_;
};

}  // namespace promtally::ledger
