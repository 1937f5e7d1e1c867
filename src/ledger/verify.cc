// SPDX-License-Identifier: Apache-2.0
#include "ledger/verify.h"

#include <algorithm>
#include <utility>

#include "ledger/backup.h"
#include "ledger/page_checksums.h"

namespace promtally::ledger {
namespace {

std::vector<PeriodRow> ReadPeriods(Connection& db, std::int64_t spec_id) {
  auto rows = db.Query(
      "select period_id, kind, begin, end, state, revision, spec_version_id from period"
      " where spec_id = ? order by kind, begin",
      spec_id);
  std::vector<PeriodRow> periods;
  while (rows.Next()) {
    PeriodRow& period = periods.emplace_back();
    period.id = rows->Int(0);
    period.kind = static_cast<metering::UsageKind>(rows->Int(1));
    period.period = {rows->Instant(2), rows->Instant(3)};
    period.state = static_cast<PeriodState>(rows->Int(4));
    if (!rows->IsNull(5)) {
      period.revision = rows->Int(5);
    }
    period.version_id = rows->Int(6);
  }
  return periods;
}

std::vector<base::Milliseconds> ReadLengths(Connection& db, std::int64_t job_id) {
  auto rows = db.Query("select period from job_identity where job_id = ?", job_id);
  std::vector<base::Milliseconds> lengths;
  while (rows.Next()) {
    lengths.emplace_back(rows->Int(0));
  }
  return lengths;
}

std::vector<metering::Period> ReadRanges(Connection& db, std::int64_t job_id) {
  auto rows = db.Query(
      "select begin, end from requested_range where job_id = ? order by begin, end", job_id);
  std::vector<metering::Period> ranges;
  while (rows.Next()) {
    const metering::Period range{rows->Instant(0), rows->Instant(1)};
    if (!ranges.empty() && range.begin <= ranges.back().end) {
      ranges.back().end = std::max(ranges.back().end, range.end);  // touching ranges are one
    } else {
      ranges.push_back(range);
    }
  }
  return ranges;
}

bool IsRequested(const std::vector<metering::Period>& ranges, metering::Period period) {
  const auto after = std::upper_bound(
      ranges.begin(), ranges.end(), period.begin,
      [](base::Instant begin, const metering::Period& range) { return begin < range.begin; });
  return after != ranges.begin() && period.end <= std::prev(after)->end;
}

base::Milliseconds LengthOf(metering::Period period) { return period.end - period.begin; }

void VerifyShape(const std::vector<PeriodRow>& periods,
                 const std::vector<base::Milliseconds>& lengths, Findings& findings) {
  const PeriodRow* previous = nullptr;
  for (const PeriodRow& row : periods) {
    if (row.kind != metering::UsageKind::kMeasured) {
      continue;  // what a model looks ahead to may last longer, and overlap
    }
    const base::Milliseconds length = LengthOf(row.period);
    if (std::find(lengths.begin(), lengths.end(), length) == lengths.end()) {
      findings.Add(row.period, "lasts " + std::to_string(length.count()) +
                                   " ms, which was never the period of the job");
    } else if (row.period.begin.time_since_epoch() % length != base::Milliseconds(0)) {
      findings.Add(row.period, "does not begin at a multiple of its length");
    }
    if (previous != nullptr && row.period.begin < previous->period.end) {
      findings.Add(row.period,
                   "overlaps the period that begins " + base::ToText(previous->period.begin));
    }
    previous = &row;
  }
}

/// Rows without a requested range were written by the schedule: up to the last of them every period
/// from the first one on has its row.
void VerifyGaps(const Spec& spec, const std::vector<PeriodRow>& periods,
                const std::vector<metering::Period>& ranges, Findings& findings) {
  base::Instant scheduled_end = spec.first_period;
  for (const PeriodRow& row : periods) {
    if (row.kind != metering::UsageKind::kMeasured || IsRequested(ranges, row.period)) {
      continue;
    }
    if (row.period.begin < spec.first_period) {
      findings.Add(row.period, "lies before the first period " + base::ToText(spec.first_period) +
                                   " and in no requested range");
    }
    scheduled_end = std::max(scheduled_end, row.period.end);
  }
  base::Instant expected = spec.first_period;
  for (const PeriodRow& row : periods) {
    if (row.kind != metering::UsageKind::kMeasured || row.period.begin < spec.first_period ||
        row.period.end > scheduled_end) {
      continue;
    }
    if (expected < row.period.begin) {
      findings.Add(metering::Period{expected, row.period.begin}, "no row: a gap in the periods");
    }
    expected = std::max(expected, row.period.end);
  }
}

/// Ids of records hold the name under which they were committed.
void VerifyNames(Connection& db, const Job& job, const Spec& spec, Findings& findings) {
  auto rows = db.Query(
      "select distinct p.begin, p.end, v.name, other.name"
      " from spec_version v join period p using(spec_version_id)"
      " join spec other on other.job_id = ?2 and other.spec_id > ?1"
      " join spec_version w on w.spec_id = other.spec_id and w.name = v.name"
      " join period q on q.spec_id = w.spec_id and q.kind = p.kind and q.begin = p.begin"
      " and q.spec_version_id = w.spec_version_id"
      " where v.spec_id = ?1 and p.spec_id = ?1"
      " and exists (select 1 from record r where r.period_id = p.period_id)"
      " and exists (select 1 from record r where r.period_id = q.period_id) order by p.begin",
      spec.id, job.id);
  while (rows.Next()) {
    findings.Add(metering::Period{rows->Instant(0), rows->Instant(1)},
                 "has records under the name \"" + std::string(rows->Text(2)) +
                     "\", and so has the spec \"" + std::string(rows->Text(3)) + "\"");
  }
}

void VerifyNothingElse(Connection& db, std::int64_t seen_records, Findings& findings) {
  const std::int64_t all = db.Find("select count(*) from record").value_or(0);
  if (all != seen_records) {
    findings.Add(std::nullopt,
                 std::to_string(all - seen_records) + " records belong to no period of the ledger");
  }
  // Answers are numbered as they are committed.
  const auto committed = db.Find("select sum(periods) from answered").value_or(0);
  const auto newest = db.Find("select max(commit_seq) from revision").value_or(0);
  const auto present = db.Find("select count(*) from revision").value_or(0);
  if (committed != present || newest != present) {
    findings.Add(std::nullopt, std::to_string(committed) +
                                   " answers were committed, the newest has the number " +
                                   std::to_string(newest) + ", and " + std::to_string(present) +
                                   " are there: some were removed");
  }
  const auto odd = db.Find("select count(*) from series where kind not in (0, 1)").value_or(0);
  if (odd != 0) {
    findings.Add(std::nullopt, std::to_string(odd) + " series are of no known kind");
  }
}

/// A page that cannot be read spoils the periods that have rows on it, not the others.
void CheckPeriod(Connection& db, const Spec& spec, const PeriodRow& period, SeriesSums& sums,
                 Findings& findings) {
  try {
    VerifyPeriod(db, spec, period, sums, findings);
  } catch (const DatabaseError& error) {
    findings.Add(period.period, std::string("cannot be read: ") + error.what());
  }
}

void VerifySpec(Connection& db, const Job& job, const Spec& spec, Findings& findings) {
  findings.SetSpec(job, spec);
  if (spec.versions.empty()) {
    findings.Add(std::nullopt, "has no version");
    return;
  }
  const std::vector<PeriodRow> periods = ReadPeriods(db, spec.id);
  VerifyTiling(db, job, spec, periods, findings);
  VerifyNames(db, job, spec, findings);
  for (const auto kind : {metering::UsageKind::kMeasured, metering::UsageKind::kPredicted}) {
    SeriesSums sums;
    for (const PeriodRow& period : periods) {
      if (period.kind == kind) {
        CheckPeriod(db, spec, period, sums, findings);
      }
    }
    try {
      VerifySeries(db, spec, kind, sums, findings);
    } catch (const DatabaseError& error) {
      findings.Add(std::nullopt, std::string("series cannot be read: ") + error.what());
    }
  }
  try {
    VerifyExact(db, spec, findings);
  } catch (const DatabaseError& error) {
    findings.Add(std::nullopt, std::string("evidence cannot be read: ") + error.what());
  }
  findings.report().periods += static_cast<std::int64_t>(periods.size());
}

}  // namespace

void Findings::Add(std::optional<metering::Period> period, std::string message) {
  if (report_.violations.size() < kMax) {
    report_.violations.push_back({job_, name_, period, std::move(message)});
  }
}

void VerifyTiling(Connection& db, const Job& job, const Spec& spec,
                  const std::vector<PeriodRow>& periods, Findings& findings) {
  VerifyShape(periods, ReadLengths(db, job.id), findings);
  VerifyGaps(spec, periods, ReadRanges(db, job.id), findings);
}

VerifyReport VerifyLedger(Connection& db) {
  VerifyReport report;
  Findings findings(report);
  if (!HasPageChecksums(db.handle())) {
    findings.Add(std::nullopt,
                 "its pages have no checksums: the next collect or serve gives them some");
  }
  for (std::string& problem : IntegrityProblems(db)) {
    findings.Add(std::nullopt, std::move(problem));
  }
  try {
    for (const Job& job : ReadJobs(db)) {
      for (const Spec& spec : ReadSpecs(db, job.id)) {
        VerifySpec(db, job, spec, findings);
      }
    }
    findings.ClearSpec();
    VerifyNothingElse(db, report.records, findings);
  } catch (const DatabaseError& error) {
    findings.Add(std::nullopt, error.what());
  }
  return report;
}

}  // namespace promtally::ledger
