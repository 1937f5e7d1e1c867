// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <utility>

#include "ledger/commit_batch.h"
#include "ledger/label_text.h"
#include "ledger/revision_writer.h"
#include "ledger/sqlite_writer.h"

namespace promtally::ledger {
namespace {

base::Status CheckCommit(const PeriodCommit& commit, const CommitBatch& batch) {
  const std::string period = base::ToText(commit.period.begin);
  if (!commit.result->failure.empty()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "a failed answer is not committed: " + period);
  }
  if (commit.queries.size() != commit.result->answers.size() ||
      (commit.queries.empty() && commit.reason.empty())) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "each answer needs its query as evidence, none at all a reason: " + period);
  }
  if (batch.HasDuplicates()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "two rows of " + period + " belong to one series");
  }
  return {};
}

/// A commit takes its references from rows that it has just read or written: looking each of them
/// up again costs a tenth of it. verify checks them all the same.
class WithoutForeignKeys {
 public:
  explicit WithoutForeignKeys(Connection& db) : db_(db) {
    db_.Execute("pragma foreign_keys = off");
  }
  ~WithoutForeignKeys() {
    try {
      db_.Execute("pragma foreign_keys = on");
    } catch (const DatabaseError&) {  // a connection that cannot do this can do nothing else either
    }
  }
  WithoutForeignKeys(const WithoutForeignKeys&) = delete;
  WithoutForeignKeys& operator=(const WithoutForeignKeys&) = delete;

 private:
  Connection& db_;
};

/// Writes one commit inside an open transaction.
class CommitWriter {
 public:
  CommitWriter(Connection& db, const PeriodCommit& commit, SeriesList& series)
      : db_(db), commit_(commit), series_(series) {}

  void Write(CommitBatch& batch) {
    RevisionRow revision = MakeRevision(batch);
    revision.period_id = PutAnsweredPeriod(db_, commit_, revision.state);
    InsertRevision(db_, revision);
    const std::vector<std::int64_t> queries = InsertQueries(revision.period_id);
    InsertNewSeries(batch);
    batch.Match(series_);
    InsertRecords(batch, revision.period_id, queries);
    PutTotals(batch);
    InsertRejected(revision.period_id);
  }

 private:
  [[nodiscard]] RevisionRow MakeRevision(const CommitBatch& batch) const {
    const metering::PeriodResult& result = *commit_.result;
    PeriodDigest digest(static_cast<std::int64_t>(batch.rows().size()));
    batch.FeedDigest(digest);
    for (const QueryEvidence& query : commit_.queries) {
      digest.AddQuery(query.text);
    }
    RevisionRow revision;
    revision.state = result.series_answered > 0 ? PeriodState::kCommitted : PeriodState::kEmpty;
    revision.counts = {static_cast<std::int64_t>(result.series_answered),
                       static_cast<std::int64_t>(result.rejected.size()),
                       static_cast<std::int64_t>(result.unattributed),
                       static_cast<std::int64_t>(result.excluded),
                       static_cast<std::int64_t>(result.skipped)};
    digest.AddCounts(revision.counts);
    revision.records = static_cast<std::int64_t>(batch.rows().size());
    revision.positive = batch.positive();
    revision.negative = batch.negative();
    revision.committed_at = commit_.committed_at;
    revision.version_id = commit_.version_id;
    revision.reason = commit_.reason;
    revision.digest = digest.Finish();
    return revision;
  }

  [[nodiscard]] std::int64_t TextId(const std::string& text) {
    if (const auto known = db_.Find("select text_id from query_text where text = ?", text)) {
      return *known;
    }
    db_.Run("insert into query_text(text) values(?)", text);
    return db_.LastId();
  }

  [[nodiscard]] std::vector<std::int64_t> InsertQueries(std::int64_t period_id) {
    std::vector<std::int64_t> ids;
    ids.reserve(commit_.queries.size());
    for (const QueryEvidence& query : commit_.queries) {
      const std::int64_t text_id = TextId(query.text);
      const auto annotations = query.annotations.empty()
                                   ? std::nullopt
                                   : std::optional<std::string_view>(query.annotations);
      db_.Run(
          "insert into query(period_id, revision, text_id, time, server_id, series, bytes, wall_us,"
          " annotations) values(?, 0, ?, ?, ?, ?, ?, ?, ?)",
          period_id, text_id, query.time, query.server_id, query.series, query.bytes,
          query.wall.count(), annotations);
      ids.push_back(db_.LastId());
    }
    return ids;
  }

  /// In the order of the hashes, so that the index grows where it was touched last.
  void InsertNewSeries(const CommitBatch& batch) {
    const auto unknown = batch.Unknown(series_);
    if (unknown.empty()) {
      return;
    }
    const std::size_t known = series_.size();
    series_.reserve(known + unknown.size());
    auto insert =
        db_.Use("insert into series(spec_id, kind, scope, labels, hash) values(?, ?, ?, ?, ?)");
    first_new_ = db_.Find("select coalesce(max(series_id), 0) + 1 from series").value_or(1);
    std::string labels;
    metering::LabelViews views;
    for (const metering::UsageRow* row : unknown) {
      const auto scope = metering::ScopeViewOf(*commit_.context, *commit_.result, *row);
      metering::LabelViewsOf(*commit_.context, *commit_.result, *row, &views);
      labels.clear();
      AppendLabels(views, labels);
      insert->Bind(1, commit_.spec_id);
      insert->Bind(2, commit_.kind);
      insert->Bind(3, scope);
      insert->BindStatic(4, labels);
      insert->Bind(5, row->hash);
      insert->Run();
      series_.push_back({row->hash, db_.LastId(), 0, 0, commit_.period.begin});
    }
    std::inplace_merge(series_.begin(), series_.begin() + static_cast<std::ptrdiff_t>(known),
                       series_.end(),
                       [](const SeriesEntry& a, const SeriesEntry& b) { return a.hash < b.hash; });
  }

  void InsertRecords(const CommitBatch& batch, std::int64_t period_id,
                     const std::vector<std::int64_t>& queries) {
    auto insert = db_.Use(
        "insert into record(period_id, series_id, revision, quantity, query_id)"
        " values(?, ?, 0, ?, ?)");
    insert->Bind(1, period_id);
    for (const CommitBatch::Row& row : batch.rows()) {
      insert->Bind(2, row.series_id);
      BindQuantity(*insert, 3, batch.text(row));
      insert->Bind(4, queries[row.usage->answer]);
      insert->Run();
    }
  }

  void PutTotals(const CommitBatch& batch) {
    auto update =
        db_.Use("update total set positive = ?, negative = ?, created = ? where series_id = ?");
    auto insert =
        db_.Use("insert into total(positive, negative, created, series_id) values(?, ?, ?, ?)");
    for (const CommitBatch::Row& row : batch.rows()) {
      SeriesEntry& entry = series_[row.entry];
      const bool is_new = entry.id >= first_new_;
      const int sign = row.usage->quantity.Sign();
      if (!is_new && sign == 0 && entry.created <= commit_.period.begin) {
        continue;
      }
      (sign < 0 ? entry.negative : entry.positive) += row.usage->quantity;
      entry.created = std::min(entry.created, commit_.period.begin);  // older periods may follow
      Statement& put = is_new ? *insert : *update;
      BindDecimal(put, 1, entry.positive);
      BindDecimal(put, 2, entry.negative);
      put.Bind(3, entry.created);
      put.Bind(4, entry.id);
      put.Run();
    }
  }

  void InsertRejected(std::int64_t period_id) {
    std::int64_t ordinal = 0;
    for (const metering::RejectedSeries& rejected : commit_.result->rejected) {
      db_.Run(
          "insert into rejected(period_id, revision, ordinal, labels, value, reason)"
          " values(?, 0, ?, ?, ?, ?)",
          period_id, ordinal++, ToLabelText(rejected.labels), rejected.value, rejected.reason);
    }
  }

  Connection& db_;
  const PeriodCommit& commit_;
  SeriesList& series_;
  std::int64_t first_new_ = std::numeric_limits<std::int64_t>::max();  // id of the first new series
};

}  // namespace

base::Result<CommitReceipt> SqliteLedger::Commit(const PeriodCommit& commit) {
  const auto started = std::chrono::steady_clock::now();
  CommitBatch batch(commit);
  if (auto valid = CheckCommit(commit, batch); !valid) {
    return tl::unexpected(valid.error());
  }
  auto receipt = Guarded([&]() -> base::Result<CommitReceipt> {
    const WithoutForeignKeys unchecked(db_);
    Transaction transaction(db_, Transaction::Kind::kWrite);
    if (IsAnswered(db_, commit.spec_id, commit.kind, commit.period.begin)) {
      return CommitReceipt{.already_committed = true};
    }
    CommitWriter(db_, commit, series_.Load(db_, commit.spec_id, commit.kind)).Write(batch);
    transaction.Commit();
    return CommitReceipt{.records = static_cast<std::int64_t>(batch.rows().size())};
  });
  if (!receipt) {
    series_.Clear();  // what it has was not written
    return receipt;
  }
  series_.Trim(commit.spec_id, commit.kind);
  receipt->wall = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - started);
  return receipt;
}

}  // namespace promtally::ledger
