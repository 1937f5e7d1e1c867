// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "ledger/catalog.h"
#include "ledger/sqlite_writer.h"

namespace promtally::ledger {
namespace {

/// Reasons and details are NULL where there is nothing to say.
std::optional<std::string_view> NullIfEmpty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

base::Status WriteAttempt(Connection& db, const PeriodEntry& entry) {
  if (entry.state != PeriodState::kOpen && entry.state != PeriodState::kFailed) {
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        "an attempt leaves a period open or failed: " + base::ToText(entry.period.begin));
  }
  db.Run(
      "insert into period(spec_id, kind, spec_version_id, begin, end, state, reason, detail, "
      "attempts,"
      " first_empty_at, next_retry) values(?1,"
      " (select predicts is not null from spec where spec_id = ?1), ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " on conflict(spec_id, kind, begin) do update set spec_version_id = excluded.spec_version_id,"
      " end = excluded.end, state = excluded.state, reason = excluded.reason,"
      " detail = excluded.detail, attempts = excluded.attempts,"
      " first_empty_at = excluded.first_empty_at, next_retry = excluded.next_retry"
      " where state in (0, 1)",
      entry.spec_id, entry.version_id, entry.period.begin, entry.period.end, entry.state,
      NullIfEmpty(entry.reason), NullIfEmpty(entry.detail), entry.attempts, entry.first_empty_at,
      entry.next_retry);
  if (db.Changes() == 0) {
    return base::Fail(base::ErrorCode::kConflict, "the period " + base::ToText(entry.period.begin) +
                                                      " is answered already and stays as it is");
  }
  return {};
}

}  // namespace

base::Result<std::vector<PeriodSummary>> SqliteLedger::Periods(std::int64_t spec_id,
                                                               base::Instant from) {
  return Guarded([&]() -> base::Result<std::vector<PeriodSummary>> {
    auto rows = db_.Query(
        "select begin, end, state from period where spec_id = ?1"
        " and kind = (select predicts is not null from spec where spec_id = ?1) and end > ?2"
        " order by begin",
        spec_id, from);
    std::vector<PeriodSummary> periods;
    while (rows.Next()) {
      periods.push_back(
          {rows->Instant(0), rows->Instant(1), static_cast<PeriodState>(rows->Int(2))});
    }
    return periods;
  });
}

base::Result<std::optional<PeriodEntry>> SqliteLedger::FindPeriod(std::int64_t spec_id,
                                                                  base::Instant begin) {
  return Guarded([&]() -> base::Result<std::optional<PeriodEntry>> {
    auto rows = db_.Query(
        "select spec_id, spec_version_id, begin, end, state, reason, detail, attempts,"
        " first_empty_at, next_retry, accepted_at from period where spec_id = ?1 and begin = ?2"
        " and kind = (select predicts is not null from spec where spec_id = ?1)",
        spec_id, begin);
    return rows.Next() ? std::optional(ReadEntry(*rows)) : std::nullopt;
  });
}

base::Result<std::vector<PeriodEntry>> SqliteLedger::Unfinished(std::int64_t spec_id) {
  return Guarded(
      [&]() -> base::Result<std::vector<PeriodEntry>> { return ReadUnfinished(db_, spec_id); });
}

base::Result<std::optional<bool>> SqliteLedger::LastAnswerHadSeries(std::int64_t spec_id,
                                                                    base::Instant begin) {
  return Guarded([&]() -> base::Result<std::optional<bool>> {
    const auto state = db_.Find(
        "select state from period where spec_id = ? and kind = 0 and begin < ? and state in (2, 3)"
        " order by begin desc limit 1",
        spec_id, begin);
    if (!state) {
      return std::nullopt;
    }
    return *state == static_cast<int>(PeriodState::kCommitted);
  });
}

base::Status SqliteLedger::RecordAttempt(const PeriodEntry& entry) {
  return RecordAttempts({entry});
}

base::Status SqliteLedger::RecordAttempts(const std::vector<PeriodEntry>& entries) {
  return Guarded([&]() -> base::Status {
    Transaction transaction(db_, Transaction::Kind::kWrite);
    for (const PeriodEntry& entry : entries) {
      if (auto written = WriteAttempt(db_, entry); !written) {
        return written;
      }
    }
    transaction.Commit();
    return {};
  });
}

}  // namespace promtally::ledger
