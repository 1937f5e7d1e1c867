// SPDX-License-Identifier: Apache-2.0
#include "ledger/sqlite_writer.h"

namespace promtally::ledger {

base::Result<std::int64_t> SqliteLedger::RecordServer(std::string_view source,
                                                      std::string_view kind,
                                                      std::string_view version,
                                                      std::optional<bool> closed_edges,
                                                      base::Instant seen_at) {
  return Guarded([&]() -> base::Result<std::int64_t> {
    Transaction transaction(db_, Transaction::Kind::kWrite);
    auto id = db_.Find(
        "select server_id from server where source = ? and kind = ? and version = ?"
        " and closed_edges is ?",
        source, kind, version, closed_edges);
    if (id) {
      db_.Run("update server set seen_at = ? where server_id = ?", seen_at, *id);
    } else {
      db_.Run(
          "insert into server(source, kind, version, closed_edges, seen_at) values(?, ?, ?, ?, ?)",
          source, kind, version, closed_edges, seen_at);
      id = db_.LastId();
    }
    transaction.Commit();
    return *id;
  });
}

base::Result<std::optional<base::Instant>> SqliteLedger::UpSamplesSince(std::string_view source) {
  return Guarded([&]() -> base::Result<std::optional<base::Instant>> {
    Lease row = db_.Query("select up_since from source where name = ?", source);
    return row.Next() ? row->MaybeInstant(0) : std::nullopt;
  });
}

base::Status SqliteLedger::RecordCoverage(std::string_view source, metering::Period period,
                                          std::int64_t samples) {
  return Guarded([&]() -> base::Status {
    const auto known = db_.Find(
        "select c.samples from coverage c join source s using(source_id)"
        " where s.name = ? and c.begin = ? and c.end = ?",
        source, period.begin, period.end);
    if (known == samples) {
      return {};
    }
    Transaction transaction(db_, Transaction::Kind::kWrite);
    const auto up_since = samples > 0 ? std::optional(period.end) : std::nullopt;
    db_.Run(
        "insert into source(name, up_since) values(?, ?) on conflict(name) do update"
        " set up_since = coalesce(min(up_since, excluded.up_since), up_since, excluded.up_since)",
        source, up_since);
    db_.Run(
        "insert into coverage(source_id, end, begin, samples)"
        " values((select source_id from source where name = ?), ?, ?, ?)"
        " on conflict do update set samples = excluded.samples",
        source, period.end, period.begin, samples);
    transaction.Commit();
    return {};
  });
}

base::Result<std::vector<std::int64_t>> SqliteLedger::CoverageBefore(std::string_view source,
                                                                     metering::Period period,
                                                                     int most) {
  return Guarded([&]() -> base::Result<std::vector<std::int64_t>> {
    auto rows = db_.Query(
        "select samples from coverage"
        " where source_id = (select source_id from source where name = ?) and end <= ?"
        " and end - begin = ? order by end desc limit ?",
        source, period.begin, period.end - period.begin, most);
    std::vector<std::int64_t> samples;
    while (rows.Next()) {
      samples.push_back(rows->Int(0));
    }
    return samples;
  });
}

base::Result<std::vector<SeenStore>> SqliteLedger::SeeStores(std::string_view source,
                                                             const std::vector<std::string>& labels,
                                                             base::Instant now,
                                                             base::Instant since) {
  return Guarded([&]() -> base::Result<std::vector<SeenStore>> {
    Transaction transaction(db_, Transaction::Kind::kWrite);
    for (const std::string& label_set : labels) {
      db_.Run(
          "insert into store(source, labels, seen_at) values(?, ?, ?)"
          " on conflict do update set seen_at = max(seen_at, excluded.seen_at)",
          source, label_set, now);
    }
    std::vector<SeenStore> seen;
    {
      Lease row = db_.Query(
          "select labels, seen_at from store where source = ? and seen_at > ? order by labels",
          source, since);
      while (row.Next()) {
        seen.push_back({std::string(row->Text(0)), row->Instant(1)});
      }
    }
    transaction.Commit();
    return seen;
  });
}

}  // namespace promtally::ledger
