// SPDX-License-Identifier: Apache-2.0
#include "ledger/exact_writer.h"

#include <algorithm>

#include "ledger/quantity_column.h"

namespace promtally::ledger {
namespace {

using metering::Checkpoint;

void SetDecimalText(std::string_view text, ColumnValue column) {
  if (const auto whole = CanonicalInteger(text)) {
    column.Set(*whole);
  } else {
    column.Set(text);
  }
}

/// Rows of `evidence`: series, raw, samples, first, last, largest gap, resets, skipped, late,
/// replica, covered, alive.
class EvidenceFeed final : public RowFeed {
 public:
  explicit EvidenceFeed(const std::vector<EvidenceRow>& rows) : rows_(rows) {}
  [[nodiscard]] std::size_t size() const override { return rows_.size(); }

  void Read(std::size_t row, int column, ColumnValue value) override {
    const metering::UsageEvidence& evidence = *rows_[row].evidence;
    const bool has_samples = evidence.samples > 0;
    switch (column) {
      case 0:
        return value.Set(rows_[row].series_id);
      case 1:
        return SetDecimalText(evidence.raw, value);
      case 2:
        return value.Set(evidence.samples);
      case 3:
        return has_samples ? value.Set(evidence.first_ms) : void();
      case 4:
        return has_samples ? value.Set(evidence.last_ms) : void();
      case 5:
        return value.Set(evidence.largest_gap_ms);
      case 6:
        return value.Set(evidence.resets);
      case 7:
        return value.Set(evidence.skipped);
      case 8:
        return value.Set(evidence.late);
      case 9:
        return evidence.replica.empty() ? void() : value.Set(std::string_view(evidence.replica));
      case 10:
        return value.Set(evidence.covered_ms);
      default:
        return value.Set(evidence.alive_ms);
    }
  }

 private:
  const std::vector<EvidenceRow>& rows_;
};

/// Rows of `checkpoint`: hash, time, value, replica, billed, start.
class CheckpointFeed final : public RowFeed {
 public:
  explicit CheckpointFeed(const std::vector<Checkpoint>& rows) : rows_(rows) {}
  [[nodiscard]] std::size_t size() const override { return rows_.size(); }

  void Read(std::size_t row, int column, ColumnValue value) override {
    const Checkpoint& checkpoint = rows_[row];
    switch (column) {
      case 0:
        return value.Set(checkpoint.thing);
      case 1:
        return value.Set(checkpoint.time_ms);
      case 2:
        return SetDecimalText(checkpoint.value, value);
      case 3:
        return checkpoint.replica.empty() ? void()
                                          : value.Set(std::string_view(checkpoint.replica));
      case 4:
        return checkpoint.billed.empty() ? void() : SetDecimalText(checkpoint.billed, value);
      case 5:
        return checkpoint.start_ms == Checkpoint::kForgotten ? void()
                                                             : value.Set(checkpoint.start_ms);
      default:
        return;
    }
  }

 private:
  const std::vector<Checkpoint>& rows_;
};

/// The checkpoints that a period has, by thing.
std::vector<Checkpoint> CheckpointsOf(Connection& db, std::int64_t spec_id, base::Instant end) {
  auto rows = db.Query(
      "select t.hash, c.time, c.value, c.replica, c.billed, c.start from thing t"
      " join checkpoint c on c.thing_id = t.thing_id and c.end = ?2 where t.spec_id = ?1"
      " order by t.hash",
      spec_id, end);
  std::vector<Checkpoint> found;
  while (rows.Next()) {
    found.push_back(ReadCheckpoint(*rows));
  }
  return found;
}

}  // namespace

Checkpoint ReadCheckpoint(const Statement& row) {
  Checkpoint checkpoint;
  checkpoint.thing = row.Digest(0);
  if (row.IsNull(1)) {
    return checkpoint;
  }
  checkpoint.time_ms = row.Int(1);
  checkpoint.value = QuantityText(row, 2);
  checkpoint.replica = row.MaybeText(3).value_or("");
  checkpoint.billed = row.IsNull(4) ? "" : QuantityText(row, 4);
  checkpoint.start_ms = row.IsNull(5) ? Checkpoint::kForgotten : row.Int(5);
  return checkpoint;
}

void InsertEvidence(Connection& db, RowFeed** feed, std::int64_t period_id, std::int64_t revision,
                    const std::vector<EvidenceRow>& rows) {
  EvidenceFeed evidence(rows);
  const FeedScope scope(feed, evidence);
  db.Run(
      "insert into evidence(period_id, series_id, revision, raw, samples, first, last,"
      " largest_gap, resets, skipped, late, replica, covered, alive)"
      " select ?, c0, ?, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11 from feed",
      period_id, revision);
}

void InsertCheckpoints(Connection& db, RowFeed** feed, std::int64_t spec_id,
                       metering::Period period, const std::vector<Checkpoint>& checkpoints) {
  CheckpointFeed rows(checkpoints);
  const FeedScope scope(feed, rows);
  db.Run(
      "insert into thing(spec_id, hash, first_end) select ?1, c0, ?2 from feed where true"
      " on conflict(spec_id, hash) do update set first_end = min(first_end, excluded.first_end)"
      " where excluded.first_end < first_end",
      spec_id, period.end);
  db.Run(
      "insert into checkpoint(thing_id, end, time, value, replica, billed, start)"
      " select t.thing_id, ?2, f.c1, f.c2, f.c3, f.c4, f.c5 from feed f cross join thing t"
      " where t.spec_id = ?1 and t.hash = f.c0",
      spec_id, period.end);
}

bool PutCheckpoints(Connection& db, RowFeed** feed, std::int64_t spec_id, metering::Period period,
                    const std::vector<Checkpoint>& checkpoints) {
  std::vector<Checkpoint> sorted = checkpoints;
  std::sort(sorted.begin(), sorted.end(),
            [](const Checkpoint& a, const Checkpoint& b) { return a.thing < b.thing; });
  if (CheckpointsOf(db, spec_id, period.end) == sorted) {
    return false;
  }
  db.Run(
      "delete from checkpoint where end = ?2 and thing_id in"
      " (select thing_id from thing where spec_id = ?1)",
      spec_id, period.end);
  InsertCheckpoints(db, feed, spec_id, period, sorted);
  return true;
}

void MarkStale(Connection& db, std::int64_t spec_id, base::Instant begin) {
  db.Run(
      "update period set stale = 1 where spec_id = ? and kind = 0 and begin = ?"
      " and state in (2, 3) and exists (select 1 from revision v"
      " where v.period_id = period.period_id and v.evaluation = ?)",
      spec_id, begin, metering::Evaluation::kExact);
}

void PruneCheckpoints(Connection& db, std::int64_t spec_id, metering::Period period,
                      base::Milliseconds retention) {
  constexpr std::chrono::days kDay{1};
  if (retention.count() == 0 || std::chrono::floor<std::chrono::days>(period.end) != period.end) {
    return;
  }
  db.Run(
      "delete from checkpoint where end < ?2 and thing_id in"
      " (select thing_id from thing where spec_id = ?1)",
      spec_id, period.end - retention - kDay);
}

std::string JoinWarnings(const std::vector<std::string>& warnings) {
  std::string text;
  for (const std::string& warning : warnings) {
    text += (text.empty() ? "" : "\n") + warning;
  }
  return text;
}

}  // namespace promtally::ledger
