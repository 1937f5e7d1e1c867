// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "ledger/catalog.h"
#include "ledger/sqlite_reader.h"

namespace promtally::ledger {
namespace {

void CountStates(Connection& db, std::int64_t spec_id, SpecStatus& status) {
  auto rows = db.Query(
      "select state, count(*) from period where spec_id = ? and kind = 0 group by state", spec_id);
  while (rows.Next()) {
    const std::int64_t count = rows->Int(1);
    switch (static_cast<PeriodState>(rows->Int(0))) {
      case PeriodState::kOpen:
        status.open = count;
        break;
      case PeriodState::kFailed:
        status.failed = count;
        break;
      case PeriodState::kEmpty:
        status.empty = count;
        break;
      case PeriodState::kCommitted:
        status.committed = count;
        break;
    }
  }
}

void CountRows(Connection& db, std::int64_t spec_id, SpecStatus& status) {
  auto rows = db.Query(
      "select sum(r.rejected), sum(r.unattributed), sum(r.skipped), sum(r.excluded) from period p "
      "join revision r"
      " on r.period_id = p.period_id and r.revision = p.revision"
      " where p.spec_id = ? and p.kind = 0",
      spec_id);
  if (rows.Next()) {
    status.rejected = rows->Int(0);
    status.unattributed = rows->Int(1);
    status.skipped = rows->Int(2);
    status.excluded = rows->Int(3);
  }
}

std::optional<base::Instant> NewestCommitted(Connection& db, std::int64_t spec_id) {
  const auto begin = db.Find(
      "select begin from period where spec_id = ? and kind = 0 and state = 3"
      " order by begin desc limit 1",
      spec_id);
  return begin ? std::optional(base::Instant(base::Milliseconds(*begin))) : std::nullopt;
}

std::optional<base::Instant> NewestAnsweredEnd(Connection& db, std::int64_t spec_id) {
  const auto end = db.Find(
      "select end from period where spec_id = ? and kind = 0 and state in (2, 3)"
      " order by begin desc limit 1",
      spec_id);
  return end ? std::optional(base::Instant(base::Milliseconds(*end))) : std::nullopt;
}

/// Due periods of a spec that have no row yet, in order.
std::vector<PeriodEntry> Pending(Connection& db, const Job& job, const Spec& spec,
                                 base::Instant newest_due) {
  auto rows = db.Query(
      "select begin, end from period where spec_id = ? and kind = 0 and end > ? order by begin",
      spec.id, spec.first_period);
  const base::Seconds length = job.schedule.period;
  std::vector<PeriodEntry> pending;
  bool has_row = rows.Next();
  for (base::Instant begin = metering::AlignUp(spec.first_period, length); begin <= newest_due;
       begin += length) {
    // Rows may have another length when the job's identity was changed.
    while (has_row && rows->Instant(1) <= begin) {
      has_row = rows.Next();
    }
    if (has_row && rows->Instant(0) < begin + length) {
      continue;
    }
    PeriodEntry& entry = pending.emplace_back();
    entry.spec_id = spec.id;
    entry.version_id = VersionFor(spec, begin).id;
    entry.period = metering::PeriodAt(begin, length);
    entry.reason = "pending";
  }
  return pending;
}

SpecStatus StatusOf(Connection& db, const Job& job, const Spec& spec, base::Instant now) {
  SpecStatus status;
  status.job = job.name;
  status.name = spec.name;
  status.first_period = spec.first_period;
  status.retired = spec.retired_at.has_value();
  status.last_committed = NewestCommitted(db, spec.id);
  CountStates(db, spec.id, status);
  CountRows(db, spec.id, status);
  base::Instant newest_due = metering::NewestDue(job.schedule, now);
  if (spec.retired_at) {
    const base::Instant before_end = *spec.retired_at - base::Milliseconds(1);
    newest_due = std::min(newest_due, metering::AlignDown(before_end, job.schedule.period));
  }
  status.unfinished = Pending(db, job, spec, newest_due);
  status.open += static_cast<std::int64_t>(status.unfinished.size());
  std::vector<PeriodEntry> rows = ReadUnfinished(db, spec.id);
  std::move(rows.begin(), rows.end(), std::back_inserter(status.unfinished));
  std::sort(status.unfinished.begin(), status.unfinished.end(),
            [](const PeriodEntry& a, const PeriodEntry& b) { return a.period < b.period; });
  if (!status.unfinished.empty()) {
    const base::Instant due_end = newest_due + job.schedule.period;
    const base::Instant reached = NewestAnsweredEnd(db, spec.id).value_or(spec.first_period);
    status.lag = std::max(base::Seconds(0), std::chrono::floor<base::Seconds>(due_end - reached));
  }
  return status;
}

}  // namespace

std::vector<SpecStatus> ReadStatuses(Connection& db, base::Instant now) {
  std::vector<SpecStatus> statuses;
  for (const Job& job : ReadJobs(db)) {
    for (const Spec& spec : ReadSpecs(db, job.id)) {
      statuses.push_back(StatusOf(db, job, spec, now));
    }
  }
  return statuses;
}

}  // namespace promtally::ledger
