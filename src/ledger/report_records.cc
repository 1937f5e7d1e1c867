// SPDX-License-Identifier: Apache-2.0
#include <compare>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

#include "ledger/catalog.h"
#include "ledger/evidence_reader.h"
#include "ledger/quantity_column.h"
#include "ledger/sqlite_reader.h"

namespace promtally::ledger {
namespace {

/// A record's revision: when it was committed, and by which version.
struct Committed {
  base::Instant at;
  const SpecVersion* version = nullptr;
  std::string reason;
};

/// What the records of one period share.
struct PeriodFrame {
  std::int64_t id = 0;
  metering::UsageKind kind = metering::UsageKind::kMeasured;
  metering::Period period;
  bool is_final = true;
  std::map<std::int64_t, Committed> revisions;
  std::map<std::int64_t, std::string> sources;                     // by query id
  std::map<std::int64_t, metering::PredictionSource> predictions;  // by revision
};

metering::OrderedLabels Pick(const base::LabelSet& labels, const std::vector<std::string>& names) {
  metering::OrderedLabels picked;
  for (const std::string& name : names) {
    const std::string* value = base::Find(labels, name);
    picked.emplace_back(name, value != nullptr ? *value : std::string());
  }
  return picked;
}

const SpecVersion* FindVersion(const Spec& spec, std::int64_t id) {
  for (const SpecVersion& version : spec.versions) {
    if (version.id == id) {
      return &version;
    }
  }
  throw DatabaseError(base::ErrorCode::kInternal,
                      "the ledger lacks a version of the spec " + spec.name);
}

std::optional<std::string> ToJsonList(const std::optional<std::vector<std::string>>& texts) {
  if (!texts) {
    return std::nullopt;
  }
  return nlohmann::json(*texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

class RecordReader {
 public:
  RecordReader(Connection& db, const UsageFilter& filter, const RecordVisitor& visit)
      : db_(db), filter_(filter), visit_(visit), scopes_(ToJsonList(filter.scopes)) {}

  /// False when the visitor has had enough. `after`: only what stands behind it, in this spec.
  bool VisitSpec(const Job& job, const Spec& spec, const RecordPlace* after) {
    spec_name_ = spec.name;
    std::optional<base::Instant> first;  // not by ?: GCC 12 takes that for uninitialized
    if (after != nullptr) {
      first = after->begin;
    }
    auto rows = db_.Query(
        "select period_id, kind, begin, end, final from period where spec_id = ?1 and state = 3"
        " and (?2 is null or begin >= ?2) and (?3 is null or begin < ?3)"
        " and (?4 is null or begin >= ?4) order by begin, kind",
        spec.id, filter_.begin, filter_.end, first);
    while (rows.Next()) {
      first_series_ = 0;
      if (after != nullptr && rows->Instant(2) == after->begin) {
        const auto kind = static_cast<metering::UsageKind>(rows->Int(1));
        if (kind < after->kind) {
          continue;
        }
        first_series_ = kind == after->kind ? after->series + 1 : 0;
      }
      PeriodFrame frame;
      frame.id = rows->Int(0);
      frame.kind = static_cast<metering::UsageKind>(rows->Int(1));
      frame.period = {rows->Instant(2), rows->Instant(3)};
      frame.is_final = rows->Int(4) != 0;
      LoadRevisions(spec, frame);
      LoadSources(frame);
      LoadPredictions(frame);
      if (!VisitPeriod(job, frame)) {
        return false;
      }
    }
    return true;
  }

 private:
  void LoadRevisions(const Spec& spec, PeriodFrame& frame) {
    auto rows = db_.Query(
        "select revision, committed_at, spec_version_id, reason from revision where period_id = ?",
        frame.id);
    while (rows.Next()) {
      frame.revisions[rows->Int(0)] = {rows->Instant(1), FindVersion(spec, rows->Int(2)),
                                       rows->MaybeText(3).value_or("")};
    }
  }

  void LoadSources(PeriodFrame& frame) {
    auto rows = db_.Query(
        "select q.query_id, s.source from query q join server s using(server_id)"
        " where q.period_id = ?",
        frame.id);
    while (rows.Next()) {
      frame.sources.emplace(rows->Int(0), rows->Text(1));
    }
  }

  void LoadPredictions(PeriodFrame& frame) {
    if (frame.kind != metering::UsageKind::kPredicted) {
      return;
    }
    auto rows = db_.Query(
        "select revision, model, version, lower(hex(input_digest)), input_end, predicted_at"
        " from prediction where period_id = ?",
        frame.id);
    while (rows.Next()) {
      frame.predictions[rows->Int(0)] = {std::string(rows->Text(1)), std::string(rows->Text(2)),
                                         std::string(rows->Text(3)), rows->Instant(4),
                                         rows->Instant(5)};
    }
  }

  bool VisitPeriod(const Job& job, const PeriodFrame& frame) {
    const std::int64_t newest = filter_.revision.value_or(std::numeric_limits<std::int64_t>::max());
    auto rows = db_.Query(
        "select r.series_id, r.revision, r.quantity, r.query_id, s.scope, s.labels, s.hash,"
        " (select z.quantity from record z where z.period_id = ?1 and z.series_id = r.series_id"
        " and z.revision < r.revision order by z.revision desc limit 1)"
        " from record r join series s using(series_id)"
        " where r.period_id = ?1 and r.series_id >= ?2 and r.revision <= ?4"
        " and (?3 is null or s.scope in (select value from json_each(?3))) and (?5 or r.revision ="
        " (select max(z.revision) from record z where z.period_id = ?1"
        " and z.series_id = r.series_id and z.revision <= ?4)) order by r.series_id, r.revision",
        frame.id, first_series_, scopes_, newest, static_cast<std::int64_t>(filter_.all_revisions));
    while (rows.Next()) {
      // A revision without a quantity took the record away.
      const RecordPlace place{job.name, spec_name_, frame.period.begin, frame.kind, rows->Int(0)};
      const bool is_shown = !rows->IsNull(2) || filter_.all_revisions;
      if (is_shown && !visit_(RecordOf(job, frame, *rows), place)) {
        return false;
      }
    }
    return true;
  }

  metering::UsageRecord RecordOf(const Job& job, const PeriodFrame& frame, const Statement& row) {
    const std::int64_t revision = row.Int(1);
    const auto committed = frame.revisions.find(revision);
    if (committed == frame.revisions.end()) {
      throw DatabaseError(
          base::ErrorCode::kInternal,
          "a record of " + base::ToText(frame.period.begin) + " has no revision: run verify");
    }
    const SpecVersion& version = *committed->second.version;
    const base::LabelSet labels = RequireLabels(row, 5);
    metering::UsageRecord record;
    record.job = job.name;
    record.metric = version.metric;
    record.name = version.name;
    record.scope = row.MaybeText(4);
    record.period = frame.period;
    record.unit = version.unit;
    record.removed = row.IsNull(2);
    record.quantity = record.removed ? "" : QuantityText(row, 2);
    record.final_period = frame.is_final;
    if (revision > 0) {
      const base::Decimal now =
          record.removed ? base::Decimal() : RequireDecimal(row, 2, "a record");
      const base::Decimal before =
          row.IsNull(7) ? base::Decimal() : RequireDecimal(row, 7, "a record");
      record.correction = (now - before).ToText();
      record.reason = committed->second.reason;
    }
    record.groupby = Pick(labels, version.groupby);
    record.metadata = Pick(labels, version.metadata);
    record.revision = revision;
    record.kind = frame.kind;
    record.collected_at = committed->second.at;
    if (const auto source = frame.sources.find(row.Int(3)); source != frame.sources.end()) {
      record.source = source->second;
    }
    if (const auto made = frame.predictions.find(revision); made != frame.predictions.end()) {
      record.prediction = made->second;
    }
    metering::RecordKey key{record.job,    record.name,   record.kind, {},
                            row.Digest(6), record.period, revision};
    if (record.scope) {
      key.scope = *record.scope;
    }
    record.id = metering::RecordId(key);
    if (filter_.with_evidence) {
      record.evidence = evidence_.Read(frame.id, row.Int(0), revision, row.Int(3), version);
    }
    return record;
  }

  Connection& db_;
  const UsageFilter& filter_;
  const RecordVisitor& visit_;
  EvidenceReader evidence_{db_};
  const std::optional<std::string> scopes_;  // as a list in JSON
  std::string spec_name_;
  std::int64_t first_series_ = 0;  // of the period at hand
};

}  // namespace

void ReadRecords(Connection& db, const UsageFilter& filter, const std::optional<RecordPlace>& after,
                 const RecordVisitor& visit) {
  RecordReader reader(db, filter, visit);
  for (const Job& job : ReadJobs(db)) {
    for (const Spec& spec : ReadSpecs(db, job.id)) {
      const auto order = after ? std::tie(job.name, spec.name) <=> std::tie(after->job, after->name)
                               : std::strong_ordering::greater;
      if (order < 0 || !Takes(filter, job, spec)) {
        continue;
      }
      if (!reader.VisitSpec(job, spec, order == 0 ? &*after : nullptr)) {
        return;
      }
    }
  }
}

}  // namespace promtally::ledger
