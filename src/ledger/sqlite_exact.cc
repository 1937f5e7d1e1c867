// SPDX-License-Identifier: Apache-2.0
#include "ledger/exact_writer.h"
#include "ledger/sqlite_writer.h"

namespace promtally::ledger {

ExactState ReadExactState(Connection& db, std::int64_t spec_id, base::Instant begin,
                          base::Milliseconds retention) {
  ExactState state;
  // Whoever accepted a period as it is has not read it.
  const auto server = db.Find(
      "select coalesce((select q.server_id from query q where q.period_id = p.period_id"
      " order by q.query_id desc limit 1), 0) from period p join revision r"
      " on r.period_id = p.period_id and r.revision = 0 where p.spec_id = ? and p.kind = 0"
      " and p.end = ? and p.state in (2, 3) and r.evaluation = ?",
      spec_id, begin, metering::Evaluation::kExact);
  state.adjacent = server.has_value();
  state.server_id = server.value_or(0);
  const base::Instant oldest = retention.count() == 0 ? base::Instant{} : begin - retention;
  auto rows = db.Query(
      "select t.hash, c.time, c.value, c.replica, c.billed, c.start from thing t"
      " left join checkpoint c on c.thing_id = t.thing_id and c.end ="
      " (select max(z.end) from checkpoint z where z.thing_id = t.thing_id and z.end <= ?2)"
      " and c.end >= ?3 where t.spec_id = ?1 and t.first_end <= ?2",
      spec_id, begin, oldest);
  while (rows.Next()) {
    state.checkpoints.push_back(ReadCheckpoint(*rows));
  }
  return state;
}

base::Result<ExactState> SqliteLedger::ExactStateAt(std::int64_t spec_id, base::Instant begin,
                                                    base::Milliseconds retention) {
  return Guarded(
      [&]() -> base::Result<ExactState> { return ReadExactState(db_, spec_id, begin, retention); });
}

base::Result<std::vector<PeriodSummary>> SqliteLedger::Provisional(std::int64_t spec_id,
                                                                   base::Instant before) {
  return Guarded([&]() -> base::Result<std::vector<PeriodSummary>> {
    auto rows = db_.Query(
        "select begin, end, state from period where spec_id = ?1 and kind = 0 and final = 0"
        " and state in (2, 3) and end <= ?2 union select begin, end, state from period"
        " where spec_id = ?1 and stale = 1 order by 1",
        spec_id, before);
    std::vector<PeriodSummary> periods;
    while (rows.Next()) {
      periods.push_back(
          {rows->Instant(0), rows->Instant(1), static_cast<PeriodState>(rows->Int(2))});
    }
    return periods;
  });
}

}  // namespace promtally::ledger
