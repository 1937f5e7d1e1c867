// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "ledger/label_text.h"
#include "ledger/period_digest.h"
#include "ledger/quantity_column.h"
#include "ledger/verify.h"
#include "promtally/metering/period_result.h"

namespace promtally::ledger {
namespace {

struct DigestRow {
  base::Digest hash;
  std::string quantity;
};

/// What the records of one revision come to.
struct RevisionSums {
  std::int64_t records = 0;
  QuantitySum positive;
  QuantitySum negative;
  std::vector<DigestRow> rows;
};

class PeriodChecker {
 public:
  PeriodChecker(Connection& db, const Spec& spec, const PeriodRow& period, SeriesSums& sums,
                Findings& findings)
      : db_(db), spec_(spec), period_(period), sums_(sums), findings_(findings) {}

  void Check() {
    CheckVersion(period_.version_id, "the period");
    ReadRecords();
    const std::int64_t newest = CheckRevisions();
    const bool is_answered =
        period_.state == PeriodState::kCommitted || period_.state == PeriodState::kEmpty;
    if (is_answered && period_.revision.value_or(-1) != newest) {
      Add("has no revision that says what was answered");
    }
    if (!is_answered && (newest >= 0 || period_.revision)) {
      Add("is not answered, but has a revision");
    }
    for (const auto& [revision, found] : by_revision_) {
      Add("has " + std::to_string(found.rows.size()) + " records of revision " +
          std::to_string(revision) + ", which it does not have");
    }
  }

 private:
  void Add(std::string message) { findings_.Add(period_.period, std::move(message)); }

  void CheckVersion(std::int64_t version_id, std::string_view what) {
    const bool is_ours =
        std::any_of(spec_.versions.begin(), spec_.versions.end(),
                    [&](const SpecVersion& version) { return version.id == version_id; });
    if (!is_ours) {
      Add(std::string(what) + " was made by a version of another spec");
    }
  }

  void ReadRecords() {
    auto rows = db_.Query(
        "select r.series_id, r.revision, r.quantity, s.hash, s.spec_id, s.kind, q.query_id is null"
        " from record r left join series s using(series_id) left join query q on"
        " q.query_id = r.query_id and q.period_id = r.period_id and q.revision = r.revision"
        " where r.period_id = ? order by r.series_id, r.revision",
        period_.id);
    sums_.StartPeriod();
    while (rows.Next()) {
      ++findings_.report().records;
      if (period_.state != PeriodState::kCommitted) {
        Add("has records without being committed");
      }
      const std::int64_t series_id = rows->Int(0);
      if (rows->Int(6) != 0) {
        Add("has a record of series " + std::to_string(series_id) +
            " without evidence: its query is none of the period's");
      }
      if (rows->Int(4) != spec_.id || rows->Int(5) != static_cast<int>(period_.kind) ||
          rows->IsNull(3)) {
        Add("has a record of series " + std::to_string(series_id) +
            ", which is not one of the spec");
        continue;
      }
      TakeRecord(*rows);
    }
  }

  void TakeRecord(const Statement& row) {
    RevisionSums& found = by_revision_[row.Int(1)];
    const auto quantity = QuantityValue(row, 2);
    TakeCorrection(row, quantity);
    if (!quantity && !row.IsNull(2)) {
      Add("has a record of series " + std::to_string(row.Int(0)) +
          " whose quantity is no decimal: " + QuantityText(row, 2));
    }
    found.rows.push_back({row.Digest(3), QuantityText(row, 2)});
    if (!quantity) {
      return;
    }
    ++found.records;
    const bool is_negative = quantity->Sign() < 0;
    (is_negative ? found.negative : found.positive).Add(*quantity);
    if (row.Int(1) == 0) {  // totals count first revisions; corrections are kept apart
      SeriesSums::Slot& slot = sums_.Enter(row.Int(0), period_.period);
      (is_negative ? slot.negative : slot.positive).Add(*quantity);
    }
  }

  /// What a later revision changes a record by; rows come series by series, oldest revision first.
  void TakeCorrection(const Statement& row, const std::optional<base::Decimal>& quantity) {
    const bool is_same = row.Int(0) == last_series_;
    const base::Decimal before = is_same ? last_quantity_ : base::Decimal();
    last_series_ = row.Int(0);
    last_quantity_ = quantity.value_or(base::Decimal());
    if (row.Int(1) > 0) {
      sums_.Enter(row.Int(0), period_.period).correction.Add(last_quantity_ - before);
    }
  }

  /// Checks each revision against its records; returns the newest one, -1 when there is none.
  std::int64_t CheckRevisions() {
    auto rows = db_.Query(
        "select revision, records, rejected, positive, negative, series_answered, reason, digest,"
        " spec_version_id, unattributed, excluded, skipped, digest_format from revision"
        " where period_id = ? order by revision",
        period_.id);
    std::int64_t newest = -1;
    while (rows.Next()) {
      newest = rows->Int(0);
      CheckVersion(rows->Int(8), "revision " + std::to_string(newest));
      RevisionSums found;
      if (const auto it = by_revision_.find(newest); it != by_revision_.end()) {
        found = std::move(it->second);
        by_revision_.erase(it);
      }
      CheckCounts(*rows, found);
      CheckEvidence(*rows, found);
    }
    return newest;
  }

  void CheckCounts(const Statement& row, const RevisionSums& found) {
    if (row.Int(1) != found.records) {
      Add("has " + std::to_string(found.records) + " records, its revision says " +
          std::to_string(row.Int(1)));
    }
    CheckSum(row, 3, found.positive, "positive");
    CheckSum(row, 4, found.negative, "negative");
    const std::int64_t rejected =
        db_.Find("select count(*) from rejected where period_id = ? and revision = ?", period_.id,
                 row.Int(0))
            .value_or(0);
    if (rejected != row.Int(2)) {
      Add("has " + std::to_string(rejected) + " rejected series, its revision says " +
          std::to_string(row.Int(2)));
    }
    const bool has_series = row.Int(5) > 0;
    // An empty period that got records later is committed by those.
    const bool was_changed = period_.revision.value_or(0) > 0;
    if (row.Int(0) == 0 && has_series != (period_.state == PeriodState::kCommitted) &&
        !(was_changed && !has_series)) {
      Add(has_series ? "had series, but is not committed" : "had no series, but is committed");
    }
  }

  void CheckSum(const Statement& row, int column, const QuantitySum& found, std::string_view what) {
    const auto said = QuantityValue(row, column);
    if (!said || *said != found.Total()) {
      Add("the " + std::string(what) + " quantities add up to " + found.Total().ToText() +
          ", its revision says " + QuantityText(row, column));
    }
  }

  /// A period that was closed for a reason (accepted) needs no query; all others do.
  void CheckEvidence(const Statement& row, RevisionSums& found) {
    std::sort(found.rows.begin(), found.rows.end(),
              [](const DigestRow& a, const DigestRow& b) { return a.hash < b.hash; });
    PeriodDigest digest(static_cast<std::int64_t>(found.rows.size()));
    for (const DigestRow& record : found.rows) {
      digest.AddRecord(record.hash, record.quantity);
    }
    auto queries = db_.Query(
        "select t.text, q.time, r.evaluation from query q join query_text t using(text_id)"
        " join revision r on r.period_id = q.period_id and r.revision = q.revision"
        " where q.period_id = ? and q.revision = ? order by q.query_id",
        period_.id, row.Int(0));
    bool has_query = false;
    while (queries.Next()) {
      has_query = true;
      digest.AddQuery(queries->Text(0));
      // Raw samples are read beyond the end, or in parts.
      const bool is_raw = queries->Int(2) != static_cast<int>(metering::Evaluation::kPromql);
      if (queries->Instant(1) != period_.period.end && !is_raw) {
        Add("its query was for " + base::ToText(queries->Instant(1)) + ", not for its end");
      }
    }
    if (!has_query && row.IsNull(6)) {
      Add("has no evidence: no query is stored");
    }
    if (static_cast<DigestFormat>(row.Int(12)) != DigestFormat::kWithoutCounts) {
      digest.AddCounts({row.Int(5), row.Int(2), row.Int(9), row.Int(10), row.Int(11)});
    }
    const base::Digest computed = digest.Finish();
    if (!std::equal(computed.begin(), computed.end(), row.Text(7).begin(), row.Text(7).end(),
                    [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); })) {
      Add("the digest of its records, queries and counts is not the one that was committed");
    }
  }

  Connection& db_;
  const Spec& spec_;
  const PeriodRow& period_;
  SeriesSums& sums_;
  Findings& findings_;
  std::map<std::int64_t, RevisionSums> by_revision_;
  std::int64_t last_series_ = -1;
  base::Decimal last_quantity_;
};

void CheckTotal(const Statement& row, const SeriesSums::Slot& found, const std::string& series,
                Findings& findings) {
  const auto positive = QuantityValue(row, 4);
  const auto negative = QuantityValue(row, 5);
  if (!positive || *positive != found.positive.Total()) {
    findings.Add(std::nullopt, series + ": its total is " + QuantityText(row, 4) +
                                   ", its records add up to " + found.positive.Total().ToText());
  }
  if (!negative || *negative != found.negative.Total()) {
    findings.Add(std::nullopt, series + ": its negative total is " + QuantityText(row, 5) +
                                   ", its records add up to " + found.negative.Total().ToText());
  }
  const auto correction = QuantityValue(row, 7);
  if (!correction || *correction != found.correction.Total()) {
    findings.Add(std::nullopt, series + ": its corrections are " + QuantityText(row, 7) +
                                   ", its later revisions add up to " +
                                   found.correction.Total().ToText());
  }
  if (found.records > 0 && row.Instant(6) != found.extent.begin) {
    findings.Add(std::nullopt, series + ": its total begins " + base::ToText(row.Instant(6)) +
                                   ", its first record " + base::ToText(found.extent.begin));
  }
}

}  // namespace

void VerifyPeriod(Connection& db, const Spec& spec, const PeriodRow& period, SeriesSums& sums,
                  Findings& findings) {
  PeriodChecker(db, spec, period, sums, findings).Check();
}

void VerifySeries(Connection& db, const Spec& spec, metering::UsageKind kind,
                  const SeriesSums& sums, Findings& findings) {
  auto rows = db.Query(
      "select s.series_id, s.scope, s.labels, s.hash, t.positive, t.negative, t.created,"
      " t.correction from series s left join total t using(series_id) where s.spec_id = ? and "
      "s.kind = ?",
      spec.id, kind);
  while (rows.Next()) {
    ++findings.report().series;
    const std::string series = "series " + std::string(rows->Text(2));
    const auto labels = ParseLabelText(rows->Text(2));
    if (!labels || metering::SeriesHash(rows->MaybeText(1), *labels) != rows->Digest(3)) {
      findings.Add(std::nullopt, series + ": its hash is not that of its scope and labels");
    }
    const SeriesSums::Slot* found = sums.Lookup(rows->Int(0));
    if (rows->IsNull(4)) {
      findings.Add(std::nullopt, series + ": it has no total");
    } else {
      CheckTotal(*rows, found != nullptr ? *found : SeriesSums::Slot(), series, findings);
    }
  }
}

}  // namespace promtally::ledger
