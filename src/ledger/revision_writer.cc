// SPDX-License-Identifier: Apache-2.0
#include "ledger/revision_writer.h"

#include "ledger/quantity_column.h"

namespace promtally::ledger {
namespace {

std::optional<std::string_view> NullIfEmpty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

}  // namespace

bool IsAnswered(Connection& db, std::int64_t spec_id, metering::UsageKind kind,
                base::Instant begin) {
  return db
      .Find("select 1 from period where spec_id = ? and kind = ? and begin = ? and state in (2, 3)",
            spec_id, kind, begin)
      .has_value();
}

std::int64_t PutAnsweredPeriod(Connection& db, const PeriodCommit& commit, PeriodState state) {
  // A closed period has no detail and no next try; why it was open is no longer of interest.
  return *db.Find(
      "insert into period(spec_id, kind, begin, end, state, revision, spec_version_id, reason,"
      " attempts, final) values(?, ?, ?, ?, ?, 0, ?, ?, ?, ?)"
      " on conflict(spec_id, kind, begin) do update set end = excluded.end, state = excluded.state,"
      " revision = 0, spec_version_id = excluded.spec_version_id, reason = excluded.reason,"
      " detail = null, attempts = excluded.attempts, next_retry = null, final = excluded.final"
      " returning period_id",
      commit.spec_id, commit.kind, commit.period.begin, commit.period.end, state, commit.version_id,
      NullIfEmpty(commit.reason), commit.attempts, static_cast<std::int64_t>(commit.final_period));
}

void InsertRevision(Connection& db, const RevisionRow& row) {
  auto insert = db.Query(
      "insert into revision(period_id, revision, commit_seq, committed_at, spec_version_id,"
      " series_answered, records, rejected, unattributed, excluded, skipped, reason, digest,"
      " digest_format, evaluation, warnings, positive, negative) values(?, ?,"
      " (select periods + 1 from answered), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row.period_id, row.revision, row.committed_at, row.version_id, row.counts.series_answered,
      row.records, row.counts.rejected, row.counts.unattributed, row.counts.excluded,
      row.counts.skipped, NullIfEmpty(row.reason), row.digest, DigestFormat::kWithCounts,
      row.evaluation, NullIfEmpty(row.warnings));
  BindDecimal(*insert, 16, row.positive);
  BindDecimal(*insert, 17, row.negative);
  insert->Run();
  db.Run("update answered set periods = periods + 1");
}

}  // namespace promtally::ledger
