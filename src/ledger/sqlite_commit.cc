// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <utility>

#include "ledger/commit_batch.h"
#include "ledger/exact_writer.h"
#include "ledger/label_text.h"
#include "ledger/revision_writer.h"
#include "ledger/row_feed.h"
#include "ledger/sqlite_writer.h"

namespace promtally::ledger {
namespace {

base::Status CheckCommit(const PeriodCommit& commit, const CommitBatch& batch) {
  const std::string period = base::ToText(commit.period.begin);
  if (!commit.result->failure.empty()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "a failed answer is not committed: " + period);
  }
  // Exact usage is one answer that many reads went into.
  const bool fits =
      commit.exact != nullptr
          ? commit.exact->evidence.size() == commit.result->answers.front().answer.size()
          : commit.queries.size() == commit.result->answers.size();
  if (!fits || (commit.queries.empty() && commit.reason.empty())) {
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

/// A decimal as its column has it, with the text where it needs one.
class DecimalColumn {
 public:
  void Set(const base::Decimal& value, ColumnValue column) {
    if (const auto whole = value.ToInt64()) {
      column.Set(*whole);
      return;
    }
    text_ = value.ToText();
    column.Set(text_);
  }

 private:
  std::string text_;  // until the next row is asked for
};

/// Rows of `series`: id, scope, labels, hash.
class SeriesFeed final : public RowFeed {
 public:
  SeriesFeed(const PeriodCommit& commit, const std::vector<const metering::UsageRow*>& rows,
             std::int64_t first_id)
      : commit_(commit), rows_(rows), first_id_(first_id) {}

  [[nodiscard]] std::size_t size() const override { return rows_.size(); }

  void Read(std::size_t row, int column, ColumnValue value) override {
    const metering::UsageRow& usage = *rows_[row];
    switch (column) {
      case 0:
        value.Set(first_id_ + static_cast<std::int64_t>(row));
        return;
      case 1:
        if (const auto scope = metering::ScopeViewOf(*commit_.context, *commit_.result, usage)) {
          value.Set(*scope);
        }
        return;
      case 2:
        metering::LabelViewsOf(*commit_.context, *commit_.result, usage, &views_);
        labels_.clear();
        AppendLabels(views_, labels_);
        value.Set(labels_);
        return;
      default:
        value.Set(usage.hash);
    }
  }

 private:
  const PeriodCommit& commit_;
  const std::vector<const metering::UsageRow*>& rows_;
  const std::int64_t first_id_;
  metering::LabelViews views_;
  std::string labels_;  // until the next row is asked for
};

/// Rows of `record`: series, quantity, query.
class RecordFeed final : public RowFeed {
 public:
  RecordFeed(const CommitBatch& batch, const std::vector<std::int64_t>& queries)
      : batch_(batch), queries_(queries) {}

  [[nodiscard]] std::size_t size() const override { return batch_.rows().size(); }

  void Read(std::size_t row, int column, ColumnValue value) override {
    const CommitBatch::Row& record = batch_.rows()[row];
    if (column == 0) {
      value.Set(record.series_id);
    } else if (column == 2) {
      value.Set(queries_[record.usage->answer]);
    } else if (const auto whole = CanonicalInteger(batch_.text(record))) {
      value.Set(*whole);
    } else {
      value.Set(batch_.text(record));
    }
  }

 private:
  const CommitBatch& batch_;
  const std::vector<std::int64_t>& queries_;
};

/// Rows of `total`: series, positive, negative, created.
class TotalFeed final : public RowFeed {
 public:
  TotalFeed(const SeriesList& series, const std::vector<std::size_t>& changed)
      : series_(series), changed_(changed) {}

  [[nodiscard]] std::size_t size() const override { return changed_.size(); }

  void Read(std::size_t row, int column, ColumnValue value) override {
    const SeriesEntry& entry = series_[changed_[row]];
    if (column == 0) {
      value.Set(entry.id);
    } else if (column == 3) {
      value.Set(entry.created.time_since_epoch().count());
    } else if (column == 1) {
      positive_.Set(entry.positive, value);
    } else {
      negative_.Set(entry.negative, value);
    }
  }

 private:
  const SeriesList& series_;
  const std::vector<std::size_t>& changed_;
  DecimalColumn positive_;
  DecimalColumn negative_;
};

/// Writes one commit inside an open transaction.
class CommitWriter {
 public:
  CommitWriter(Connection& db, const PeriodCommit& commit, SeriesList& series, RowFeed** feed)
      : db_(db), commit_(commit), series_(series), feed_(feed) {}

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
    if (commit_.prediction) {
      const PredictionEvidence& made = *commit_.prediction;
      db_.Run(
          "insert into prediction(period_id, revision, model, version, input_end, input_digest,"
          " predicted_at) values(?, 0, ?, ?, ?, ?, ?)",
          revision.period_id, made.model, made.version, made.input_end, made.input,
          made.predicted_at);
    }
    if (commit_.exact != nullptr) {
      InsertExact(batch, revision.period_id);
    }
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
    revision.evaluation = commit_.evaluation;
    if (commit_.exact != nullptr) {
      revision.warnings = JoinWarnings(commit_.exact->warnings);
    }
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
    first_new_ = db_.Find("select coalesce(max(series_id), 0) + 1 from series").value_or(1);
    SeriesFeed rows(commit_, unknown, first_new_);
    const FeedScope scope(feed_, rows);
    db_.Run(
        "insert into series(series_id, spec_id, kind, scope, labels, hash)"
        " select c0, ?, ?, c1, c2, c3 from feed",
        commit_.spec_id, commit_.kind);
    std::int64_t id = first_new_;
    for (const metering::UsageRow* row : unknown) {
      series_.push_back({row->hash, id++, 0, 0, commit_.period.begin});
    }
    std::inplace_merge(series_.begin(), series_.begin() + static_cast<std::ptrdiff_t>(known),
                       series_.end(),
                       [](const SeriesEntry& a, const SeriesEntry& b) { return a.hash < b.hash; });
  }

  void InsertRecords(const CommitBatch& batch, std::int64_t period_id,
                     const std::vector<std::int64_t>& queries) {
    RecordFeed rows(batch, queries);
    const FeedScope scope(feed_, rows);
    db_.Run(
        "insert into record(period_id, series_id, revision, quantity, query_id)"
        " select ?, c0, 0, c1, c2 from feed",
        period_id);
  }

  void PutTotals(const CommitBatch& batch) {
    std::vector<std::size_t> changed;
    changed.reserve(batch.rows().size());
    for (const CommitBatch::Row& row : batch.rows()) {
      SeriesEntry& entry = series_[row.entry];
      const int sign = row.usage->quantity.Sign();
      if (entry.id < first_new_ && sign == 0 && entry.created <= commit_.period.begin) {
        continue;
      }
      (sign < 0 ? entry.negative : entry.positive) += row.usage->quantity;
      entry.created = std::min(entry.created, commit_.period.begin);  // older periods may follow
      changed.push_back(row.entry);
    }
    TotalFeed rows(series_, changed);
    const FeedScope scope(feed_, rows);
    // `where true`: else the parser takes `on` for that of a join.
    db_.Run(
        "insert into total(series_id, positive, negative, created)"
        " select c0, c1, c2, c3 from feed where true on conflict(series_id) do update"
        " set positive = excluded.positive, negative = excluded.negative,"
        " created = excluded.created");
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

  void InsertExact(const CommitBatch& batch, std::int64_t period_id) {
    std::vector<EvidenceRow> rows;
    rows.reserve(batch.rows().size());
    for (const CommitBatch::Row& row : batch.rows()) {
      rows.push_back({row.series_id, &commit_.exact->evidence[row.usage->series]});
    }
    InsertEvidence(db_, feed_, period_id, 0, rows);
    InsertCheckpoints(db_, feed_, commit_.spec_id, commit_.period, commit_.exact->checkpoints);
    MarkStale(db_, commit_.spec_id, commit_.period.end);
    PruneCheckpoints(db_, commit_.spec_id, commit_.period, commit_.exact->retention);
  }

  Connection& db_;
  const PeriodCommit& commit_;
  SeriesList& series_;
  RowFeed** const feed_;
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
    CommitWriter(db_, commit, series_.Load(db_, commit.spec_id, commit.kind), &feed_).Write(batch);
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
