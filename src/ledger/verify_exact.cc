// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "ledger/verify.h"

namespace promtally::ledger {
namespace {

/// What exact usage keeps beside records: each row of the answers is a period that is wrong.
void AddEach(Connection& db, const Spec& spec, std::string_view sql, const std::string& what,
             Findings& findings) {
  auto rows = db.Query(sql, spec.id);
  while (rows.Next()) {
    findings.Add(metering::Period{rows->Instant(0), rows->Instant(1)}, what);
  }
}

}  // namespace

void VerifyExact(Connection& db, const Spec& spec, Findings& findings) {
  AddEach(db, spec,
          "select p.begin, p.end from period p where p.spec_id = ?1 and p.kind = 0 and exists"
          " (select 1 from record r join revision v on v.period_id = r.period_id"
          " and v.revision = r.revision and v.evaluation = 2 left join evidence e"
          " on e.period_id = r.period_id and e.series_id = r.series_id"
          " and e.revision = r.revision where r.period_id = p.period_id"
          " and r.quantity is not null and e.series_id is null)",
          "has an exact record without evidence of its samples", findings);
  AddEach(db, spec,
          "select p.begin, p.end from period p where p.spec_id = ?1 and exists"
          " (select 1 from evidence e left join record r on r.period_id = e.period_id"
          " and r.series_id = e.series_id and r.revision = e.revision"
          " where e.period_id = p.period_id and r.series_id is null)",
          "has evidence of samples without a record", findings);
  AddEach(db, spec,
          "select distinct c.end, c.end from thing t join checkpoint c using(thing_id)"
          " where t.spec_id = ?1 and (c.time > c.end or not exists (select 1 from period p"
          " join revision v on v.period_id = p.period_id and v.evaluation = 2"
          " where p.spec_id = ?1 and p.kind = 0 and p.end = c.end and p.state in (2, 3)))",
          "is where a checkpoint stands, but no exact period ends there, or its sample is later",
          findings);
}

}  // namespace promtally::ledger
