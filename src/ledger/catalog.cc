// SPDX-License-Identifier: Apache-2.0
#include "ledger/catalog.h"

#include <utility>

#include "ledger/label_text.h"

namespace promtally::ledger {
namespace {

Job JobOf(const Statement& row) {
  Job job;
  job.id = row.Int(0);
  job.name = row.Text(1);
  job.schedule.period = base::Seconds(row.Int(2) / 1000);
  job.scope_key = row.MaybeText(3);
  job.schedule.wait_periods = static_cast<int>(row.Int(4));
  job.schedule.settle = base::Milliseconds(row.Int(5));
  job.start = row.MaybeInstant(6);
  job.settings = row.Text(7);
  return job;
}

std::vector<SpecVersion> ReadVersions(Connection& db, std::int64_t spec_id) {
  auto rows = db.Query(
      "select spec_version_id, valid_from, name, metric, unit, groupby, metadata, rounding,"
      " definition from spec_version where spec_id = ? order by valid_from, spec_version_id",
      spec_id);
  std::vector<SpecVersion> versions;
  while (rows.Next()) {
    SpecVersion& version = versions.emplace_back();
    version.id = rows->Int(0);
    version.valid_from = rows->Instant(1);
    version.name = rows->Text(2);
    version.metric = rows->Text(3);
    version.unit = rows->Text(4);
    version.groupby = RequireNames(*rows, 5);
    version.metadata = RequireNames(*rows, 6);
    version.rounding = static_cast<metering::RoundingMode>(rows->Int(7));
    version.definition = rows->Text(8);
  }
  return versions;
}

[[noreturn]] void ThrowDamagedText(std::string_view what, const Statement& row, int column) {
  throw DatabaseError(
      base::ErrorCode::kInternal,
      "the ledger holds a damaged " + std::string(what) + ": " + std::string(row.Text(column)));
}

}  // namespace

std::vector<Job> ReadJobs(Connection& db) {
  auto rows = db.Query(
      "select job_id, name, period, scope_key, wait_periods, settle, start, settings from job"
      " order by name");
  std::vector<Job> jobs;
  while (rows.Next()) {
    jobs.push_back(JobOf(*rows));
  }
  return jobs;
}

std::optional<Job> ReadJob(Connection& db, std::string_view name) {
  auto rows = db.Query(
      "select job_id, name, period, scope_key, wait_periods, settle, start, settings from job"
      " where name = ?",
      name);
  return rows.Next() ? std::optional(JobOf(*rows)) : std::nullopt;
}

std::vector<Spec> ReadSpecs(Connection& db, std::int64_t job_id) {
  auto rows = db.Query(
      "select spec_id, job_id, name, first_period, retired_at, predicts from spec where job_id = ?"
      " order by name",
      job_id);
  std::vector<Spec> specs;
  while (rows.Next()) {
    Spec& spec = specs.emplace_back();
    spec.id = rows->Int(0);
    spec.job_id = rows->Int(1);
    spec.name = rows->Text(2);
    spec.first_period = rows->Instant(3);
    spec.retired_at = rows->MaybeInstant(4);
    if (!rows->IsNull(5)) {
      spec.predicts = rows->Int(5);
    }
    spec.versions = ReadVersions(db, spec.id);
  }
  return specs;
}

PeriodEntry ReadEntry(const Statement& row) {
  PeriodEntry entry;
  entry.spec_id = row.Int(0);
  entry.version_id = row.Int(1);
  entry.period = {row.Instant(2), row.Instant(3)};
  entry.state = static_cast<PeriodState>(row.Int(4));
  entry.reason = row.Text(5);
  entry.detail = row.Text(6);
  entry.attempts = static_cast<int>(row.Int(7));
  entry.first_empty_at = row.MaybeInstant(8);
  entry.next_retry = row.MaybeInstant(9);
  entry.accepted_at = row.MaybeInstant(10);
  return entry;
}

std::vector<PeriodEntry> ReadUnfinished(Connection& db, std::int64_t spec_id) {
  auto rows = db.Query(
      "select spec_id, spec_version_id, begin, end, state, reason, detail, attempts,"
      " first_empty_at, next_retry, accepted_at from period"
      " where spec_id = ?1 and kind = (select predicts is not null from spec where spec_id = ?1)"
      " and state in (0, 1) order by begin",
      spec_id);
  std::vector<PeriodEntry> entries;
  while (rows.Next()) {
    entries.push_back(ReadEntry(*rows));
  }
  return entries;
}

base::LabelSet RequireLabels(const Statement& row, int column) {
  auto labels = ParseLabelText(row.Text(column));
  if (!labels) {
    ThrowDamagedText("label set", row, column);
  }
  return *std::move(labels);
}

std::vector<std::string> RequireNames(const Statement& row, int column) {
  auto names = ParseNameList(row.Text(column));
  if (!names) {
    ThrowDamagedText("list of label names", row, column);
  }
  return *std::move(names);
}

}  // namespace promtally::ledger
