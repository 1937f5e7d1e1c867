// SPDX-License-Identifier: Apache-2.0
#include "ledger/series_index.h"

#include <iterator>

#include "ledger/quantity_column.h"

namespace promtally::ledger {

SeriesList& SeriesIndex::Load(Connection& db, std::int64_t spec_id, metering::UsageKind kind) {
  const auto [found, is_new] = lists_.try_emplace(Key(spec_id, kind));
  SeriesList& list = found->second;
  if (!is_new) {
    return list;
  }
  auto rows = db.Query(
      "select s.hash, s.series_id, t.positive, t.negative, t.created from series s"
      " join total t using(series_id) where s.spec_id = ? and s.kind = ? order by s.hash",
      spec_id, kind);
  while (rows.Next()) {
    list.push_back({rows->Digest(0), rows->Int(1), RequireDecimal(*rows, 2, "a total"),
                    RequireDecimal(*rows, 3, "a total"), rows->Instant(4)});
  }
  return list;
}

void SeriesIndex::Trim(std::int64_t spec_id, metering::UsageKind kind) {
  std::size_t cached = 0;
  for (const auto& [key, list] : lists_) {
    cached += list.size();
  }
  const auto current = lists_.find(Key(spec_id, kind));
  for (auto it = lists_.begin(); it != lists_.end() && cached > kMaxCached;) {
    if (it == current) {
      ++it;
      continue;
    }
    cached -= it->second.size();
    it = lists_.erase(it);
  }
  if (cached > kMaxCached) {
    lists_.clear();
  }
}

}  // namespace promtally::ledger
