// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "ledger/commit_batch.h"
#include "ledger/exact_writer.h"
#include "ledger/label_text.h"
#include "ledger/quantity_column.h"
#include "ledger/revision_writer.h"
#include "ledger/sqlite_writer.h"

namespace promtally::ledger {
namespace {

using base::Decimal;

/// A record as it stands in the ledger.
struct Standing {
  std::int64_t series_id = 0;
  std::optional<std::string> scope;
  base::LabelSet labels;
  std::optional<std::string> quantity;  ///< absent: an earlier revision took it away
  std::optional<std::int64_t> samples;
};

/// One record that changes.
struct Change {
  base::Digest hash{};
  std::optional<std::int64_t> series_id;  ///< absent: a series that the ledger does not have
  const CommitBatch::Row* row = nullptr;  ///< nullptr: the record goes
  Decimal correction;
};

class Reviser {
 public:
  Reviser(Connection& db, RowFeed** feed, const PeriodCommit& commit, const RevisionRules& rules)
      : db_(db), feed_(feed), commit_(commit), rules_(rules), batch_(commit) {}

  base::Result<RevisionReceipt> Run() {
    auto found = db_.Query(
        "select p.period_id, p.revision, (select count(*) from query q join server s"
        " using(server_id) join server n on n.server_id = ?4 where q.period_id = p.period_id"
        " and q.revision = 0 and (s.kind <> n.kind or s.source <> n.source)) from period p"
        " where p.spec_id = ?1 and p.kind = ?2 and p.begin = ?3 and p.state in (2, 3)",
        commit_.spec_id, commit_.kind, commit_.period.begin,
        commit_.queries.empty() ? 0 : commit_.queries.front().server_id);
    if (!found.Next()) {
      return base::Fail(base::ErrorCode::kNotFound,
                        "the period " + base::ToText(commit_.period.begin) + " is not answered");
    }
    period_id_ = found->Int(0);
    revision_ = found->Int(1) + 1;
    other_server_ = found->Int(2) > 0;
    ReadStanding();
    Compare();
    RevisionReceipt receipt;
    if (!rules_.dry_run) {
      Write(&receipt);
    }
    receipt.changes = std::move(said_);
    return receipt;
  }

 private:
  void ReadStanding() {
    auto rows = db_.Query(
        "select r.series_id, s.scope, s.labels, r.quantity, s.hash, e.samples from record r"
        " join series s using(series_id) left join evidence e on e.period_id = r.period_id"
        " and e.series_id = r.series_id and e.revision = r.revision where r.period_id = ?1"
        " and r.revision = (select max(z.revision) from record z where z.period_id = ?1"
        " and z.series_id = r.series_id)",
        period_id_);
    while (rows.Next()) {
      Standing standing;
      standing.series_id = rows->Int(0);
      standing.scope = rows->MaybeText(1);
      standing.labels = ParseLabelText(rows->Text(2)).value_or(base::LabelSet{});
      if (!rows->IsNull(3)) {
        standing.quantity = QuantityText(*rows, 3);
      }
      if (!rows->IsNull(5)) {
        standing.samples = rows->Int(5);
      }
      standing_.emplace(rows->Digest(4), std::move(standing));
    }
  }

  void Compare() {
    std::map<base::Digest, bool> seen;
    for (const CommitBatch::Row& row : batch_.rows()) {
      seen[row.usage->hash] = true;
      const auto at = standing_.find(row.usage->hash);
      const Standing* const before = at == standing_.end() ? nullptr : &at->second;
      if (before == nullptr || !before->quantity || *before->quantity != batch_.text(row)) {
        Note(row.usage->hash, before, &row);
      }
    }
    for (const auto& [hash, before] : standing_) {
      if (before.quantity && !seen.contains(hash)) {
        Note(hash, &before, nullptr);
      }
    }
  }

  void Note(const base::Digest& hash, const Standing* before, const CommitBatch::Row* row) {
    RecordChange said;
    if (before != nullptr && before->quantity) {
      said.old_quantity = Decimal::Parse(*before->quantity).value_or(Decimal());
    }
    if (before != nullptr) {
      said.scope = before->scope;
      said.labels = before->labels;
    }
    if (row != nullptr) {
      said.new_quantity = row->usage->quantity;
      said.scope = metering::ScopeOf(*commit_.context, *commit_.result, *row->usage);
      said.labels = metering::LabelsOf(*commit_.context, *commit_.result, *row->usage);
    }
    said.revision = revision_;
    const Decimal correction =
        said.new_quantity.value_or(Decimal()) - said.old_quantity.value_or(Decimal());
    said.lost = rules_.keeps_usage && correction.Sign() < 0 && AreGone(before, row);
    if (!said.lost) {
      Change change;
      change.hash = hash;
      change.row = row;
      change.correction = correction;
      if (before != nullptr) {
        change.series_id = before->series_id;
      }
      changes_.push_back(std::move(change));
    }
    said_.push_back(std::move(said));
  }

  /// True when what a record was made of is no longer there: fewer samples, or another server.
  [[nodiscard]] bool AreGone(const Standing* before, const CommitBatch::Row* row) const {
    if (other_server_ || row == nullptr || commit_.exact == nullptr) {
      return true;
    }
    return before != nullptr && before->samples &&
           commit_.exact->evidence[row->usage->series].samples < *before->samples;
  }

  void Write(RevisionReceipt* receipt) {
    const bool keeps_state =
        std::any_of(said_.begin(), said_.end(), [](const RecordChange& said) { return said.lost; });
    if (!changes_.empty()) {
      InsertRevision(db_, MakeRevision());
      InsertQueries();
      std::vector<EvidenceRow> evidence;
      for (Change& change : changes_) {
        WriteChange(change, &evidence);
      }
      InsertEvidence(db_, feed_, period_id_, revision_, evidence);
      db_.Run(
          "update period set revision = ?2, state = case when exists (select 1 from record"
          " where period_id = ?1) then 3 else state end where period_id = ?1",
          period_id_, revision_);
    }
    if (commit_.exact != nullptr && !keeps_state) {
      receipt->state_changed =
          PutCheckpoints(db_, feed_, commit_.spec_id, commit_.period, commit_.exact->checkpoints);
    }
    if (receipt->state_changed) {
      MarkStale(db_, commit_.spec_id, commit_.period.end);
    }
    db_.Run("update period set stale = 0 where period_id = ?", period_id_);
    if (rules_.make_final) {
      db_.Run("update period set final = 1 where period_id = ?", period_id_);
    }
  }

  [[nodiscard]] RevisionRow MakeRevision() {
    const metering::PeriodResult& result = *commit_.result;
    RevisionRow revision;
    revision.period_id = period_id_;
    revision.revision = revision_;
    revision.version_id = commit_.version_id;
    revision.committed_at = commit_.committed_at;
    revision.counts = {static_cast<std::int64_t>(result.series_answered), 0,
                       static_cast<std::int64_t>(result.unattributed),
                       static_cast<std::int64_t>(result.excluded),
                       static_cast<std::int64_t>(result.skipped)};
    revision.reason = rules_.reason;
    revision.evaluation = commit_.evaluation;
    if (commit_.exact != nullptr) {
      revision.warnings = JoinWarnings(commit_.exact->warnings);
    }
    std::sort(changes_.begin(), changes_.end(),
              [](const Change& a, const Change& b) { return a.hash < b.hash; });
    PeriodDigest digest(static_cast<std::int64_t>(changes_.size()));
    for (const Change& change : changes_) {
      digest.AddRecord(change.hash,
                       change.row != nullptr ? batch_.text(*change.row) : std::string_view());
      if (change.row != nullptr) {
        const Decimal& quantity = change.row->usage->quantity;
        ++revision.records;
        (quantity.Sign() < 0 ? revision.negative : revision.positive) += quantity;
      }
    }
    for (const QueryEvidence& query : commit_.queries) {
      digest.AddQuery(query.text);
    }
    digest.AddCounts(revision.counts);
    revision.digest = digest.Finish();
    return revision;
  }

  void InsertQueries() {
    for (const QueryEvidence& query : commit_.queries) {
      db_.Run("insert into query_text(text) values(?) on conflict do nothing", query.text);
      db_.Run(
          "insert into query(period_id, revision, text_id, time, server_id, series, bytes,"
          " wall_us) values(?, ?, (select text_id from query_text where text = ?), ?, ?, ?, ?, ?)",
          period_id_, revision_, query.text, query.time, query.server_id, query.series, query.bytes,
          query.wall.count());
      query_id_ = query_id_ == 0 ? db_.LastId() : query_id_;
    }
  }

  void WriteChange(const Change& change, std::vector<EvidenceRow>* evidence) {
    const std::int64_t series_id =
        change.series_id ? *change.series_id : SeriesIdOf(*change.row->usage);
    auto insert = db_.Query(
        "insert into record(period_id, series_id, revision, quantity, query_id)"
        " values(?, ?, ?, null, ?)",
        period_id_, series_id, revision_, query_id_);
    insert->Run();
    if (change.row != nullptr) {
      auto update = db_.Query(
          "update record set quantity = ?4 where period_id = ?1 and series_id = ?2"
          " and revision = ?3",
          period_id_, series_id, revision_);
      BindQuantity(*update, 4, batch_.text(*change.row));
      update->Run();
      if (commit_.exact != nullptr) {
        evidence->push_back({series_id, &commit_.exact->evidence[change.row->usage->series]});
      }
    }
    AddCorrection(series_id, change.correction);
  }

  [[nodiscard]] std::int64_t SeriesIdOf(const metering::UsageRow& row) {
    if (const auto known =
            db_.Find("select series_id from series where spec_id = ? and kind = ? and hash = ?",
                     commit_.spec_id, commit_.kind, row.hash)) {
      return *known;
    }
    db_.Run("insert into series(spec_id, kind, scope, labels, hash) values(?, ?, ?, ?, ?)",
            commit_.spec_id, commit_.kind,
            metering::ScopeOf(*commit_.context, *commit_.result, row),
            ToLabelText(metering::LabelsOf(*commit_.context, *commit_.result, row)), row.hash);
    return db_.LastId();
  }

  void AddCorrection(std::int64_t series_id, const Decimal& correction) {
    Decimal sum = correction;
    {
      auto row = db_.Query("select correction from total where series_id = ?", series_id);
      if (row.Next()) {
        sum += RequireDecimal(*row, 0, "the correction of a series");
      }
    }
    auto put = db_.Query(
        "insert into total(series_id, positive, negative, created, correction)"
        " values(?1, 0, 0, ?2, ?3) on conflict(series_id) do update set"
        " correction = excluded.correction, created = min(created, excluded.created)",
        series_id, commit_.period.begin);
    BindDecimal(*put, 3, sum);
    put->Run();
  }

  Connection& db_;
  RowFeed** const feed_;
  const PeriodCommit& commit_;
  const RevisionRules& rules_;
  const CommitBatch batch_;
  std::int64_t period_id_ = 0;
  std::int64_t revision_ = 0;
  std::int64_t query_id_ = 0;
  bool other_server_ = false;
  std::map<base::Digest, Standing> standing_;
  std::vector<Change> changes_;
  std::vector<RecordChange> said_;
};

}  // namespace

base::Result<RevisionReceipt> SqliteLedger::Revise(const PeriodCommit& commit,
                                                   const RevisionRules& rules) {
  auto receipt = Guarded([&]() -> base::Result<RevisionReceipt> {
    Transaction transaction(db_, Transaction::Kind::kWrite);
    auto revised = Reviser(db_, &feed_, commit, rules).Run();
    if (revised && !rules.dry_run) {
      transaction.Commit();
    }
    return revised;
  });
  if (!rules.dry_run) {
    series_.Clear();  // series may have come, totals have moved
  }
  return receipt;
}

}  // namespace promtally::ledger
