// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <compare>
#include <iterator>
#include <tuple>
#include <utility>

#include "ledger/catalog.h"
#include "ledger/sqlite_reader.h"
#include "promtally/config/metrics_file.h"

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

/// Begin of the newest period that is due; what began before a spec was retired stays due.
base::Instant NewestDueOf(const Job& job, const Spec& spec, base::Instant now) {
  const base::Instant newest_due = metering::NewestDue(job.schedule, now);
  if (!spec.retired_at) {
    return newest_due;
  }
  const base::Instant before_end = *spec.retired_at - base::Milliseconds(1);
  return std::min(newest_due, metering::AlignDown(before_end, job.schedule.period));
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

void CountExact(Connection& db, const Spec& spec, SpecStatus& status) {
  auto rows = db.Query(
      "select sum(final = 0), sum(final <> 0) from period where spec_id = ? and kind = 0"
      " and state in (2, 3)",
      spec.id);
  if (rows.Next()) {
    status.provisional = rows->Int(0);
    status.final_periods = rows->Int(1);
  }
  const auto newest = config::FromDefinition(spec.versions.back().definition);
  if (newest) {
    status.evaluation = newest->evaluation;
  }
  status.checkpoints = db.Find(
                             "select count(*) from thing t where t.spec_id = ? and exists (select 1"
                             " from checkpoint c where c.thing_id = t.thing_id)",
                             spec.id)
                           .value_or(0);
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
  CountExact(db, spec, status);
  const base::Instant newest_due = NewestDueOf(job, spec, now);
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

/// Measured periods of a spec that have a row, from `first` on.
std::vector<PeriodEntry> Rows(Connection& db, const Spec& spec, const PeriodFilter& filter,
                              const std::optional<base::Instant>& first, std::size_t limit) {
  auto rows = db.Query(
      "select spec_id, spec_version_id, begin, end, state, reason, detail, attempts,"
      " first_empty_at, next_retry, accepted_at from period where spec_id = ?1 and kind = 0"
      " and (?2 is null or begin >= ?2) and (?3 is null or begin < ?3)"
      " and (?4 is null or begin > ?4) and (?5 is null or state = ?5) order by begin limit ?6",
      spec.id, filter.where.begin, filter.where.end, first, filter.state, limit);
  std::vector<PeriodEntry> entries;
  while (rows.Next()) {
    entries.push_back(ReadEntry(*rows));
  }
  return entries;
}

}  // namespace

std::vector<PeriodLine> ReadPeriodLines(Connection& db, const PeriodFilter& filter,
                                        const std::optional<PeriodPlace>& after, std::size_t limit,
                                        base::Instant now) {
  std::vector<PeriodLine> lines;
  const auto begins_in_range = [&](const PeriodEntry& entry, const auto& first) {
    const base::Instant begin = entry.period.begin;
    return !(filter.where.begin && begin < *filter.where.begin) &&
           !(filter.where.end && begin >= *filter.where.end) && !(first && begin <= *first);
  };
  for (const Job& job : ReadJobs(db)) {
    for (const Spec& spec : ReadSpecs(db, job.id)) {
      if (spec.predicts) {
        continue;  // nothing is due of it
      }
      const auto order = after ? std::tie(job.name, spec.name) <=> std::tie(after->job, after->name)
                               : std::strong_ordering::greater;
      if (order < 0 || lines.size() >= limit || !Takes(filter.where, job, spec)) {
        continue;
      }
      std::optional<base::Instant> first;  // not by ?: GCC 12 takes that for uninitialized
      if (order == 0) {
        first = after->begin;
      }
      std::vector<PeriodEntry> entries = Rows(db, spec, filter, first, limit - lines.size());
      if (!filter.state || filter.state == PeriodState::kOpen) {
        const auto pending = Pending(db, job, spec, NewestDueOf(job, spec, now));
        std::copy_if(pending.begin(), pending.end(), std::back_inserter(entries),
                     [&](const PeriodEntry& entry) { return begins_in_range(entry, first); });
        std::sort(entries.begin(), entries.end(),
                  [](const PeriodEntry& a, const PeriodEntry& b) { return a.period < b.period; });
      }
      for (PeriodEntry& entry : entries) {
        if (lines.size() < limit) {
          lines.push_back({job.name, spec.name, std::move(entry)});
        }
      }
    }
  }
  return lines;
}

std::vector<SpecStatus> ReadStatuses(Connection& db, base::Instant now) {
  std::vector<SpecStatus> statuses;
  for (const Job& job : ReadJobs(db)) {
    for (const Spec& spec : ReadSpecs(db, job.id)) {
      if (spec.predicts) {
        continue;  // nothing is due of it
      }
      statuses.push_back(StatusOf(db, job, spec, now));
    }
  }
  return statuses;
}

}  // namespace promtally::ledger
