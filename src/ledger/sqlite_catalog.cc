// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "ledger/catalog.h"
#include "ledger/label_text.h"
#include "ledger/sqlite_writer.h"

namespace promtally::ledger {
namespace {

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

void InsertIdentity(Connection& db, std::int64_t job_id, const Job& job) {
  db.Run("insert into job_identity(job_id, period, scope_key) values(?, ?, ?)", job_id,
         job.schedule.period, job.scope_key);
}

std::int64_t InsertJob(Connection& db, const Job& job) {
  db.Run(
      "insert into job(name, period, scope_key, wait_periods, settle, start, settings)"
      " values(?, ?, ?, ?, ?, ?, ?)",
      job.name, job.schedule.period, job.scope_key, job.schedule.wait_periods, job.schedule.settle,
      job.start, job.settings);
  const std::int64_t id = db.LastId();
  InsertIdentity(db, id, job);
  return id;
}

void UpdateJob(Connection& db, std::int64_t id, const Job& job) {
  db.Run(
      "update job set period = ?, scope_key = ?, wait_periods = ?, settle = ?, start = ?,"
      " settings = ? where job_id = ?",
      job.schedule.period, job.scope_key, job.schedule.wait_periods, job.schedule.settle, job.start,
      job.settings, id);
}

bool SameJob(const Job& a, const Job& b) {
  return a.schedule.period == b.schedule.period && a.scope_key == b.scope_key &&
         a.schedule.wait_periods == b.schedule.wait_periods &&
         a.schedule.settle == b.schedule.settle && a.start == b.start && a.settings == b.settings;
}

std::int64_t InsertVersion(Connection& db, std::int64_t spec_id, const SpecVersion& version,
                           std::int64_t config_id) {
  db.Run(
      "insert into spec_version(spec_id, valid_from, config_id, name, metric, unit, groupby,"
      " metadata, rounding, definition) values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      spec_id, version.valid_from, config_id, version.name, version.metric, version.unit,
      ToNameList(version.groupby), ToNameList(version.metadata), version.rounding,
      version.definition);
  return db.LastId();
}

void ReplaceVersion(Connection& db, std::int64_t id, const SpecVersion& version,
                    std::int64_t config_id) {
  db.Run(
      "update spec_version set config_id = ?, name = ?, metric = ?, unit = ?, groupby = ?,"
      " metadata = ?, rounding = ?, definition = ? where spec_version_id = ?",
      config_id, version.name, version.metric, version.unit, ToNameList(version.groupby),
      ToNameList(version.metadata), version.rounding, version.definition, id);
}

std::vector<Spec> OfKind(std::vector<Spec> specs, metering::UsageKind kind) {
  std::erase_if(specs, [kind](const Spec& spec) { return spec.kind() != kind; });
  return specs;
}

}  // namespace

base::Status SqliteLedger::Atomically(const std::function<base::Status()>& body) {
  return Guarded([&]() -> base::Status {
    Transaction transaction(db_, Transaction::Kind::kWrite);
    auto status = body();
    if (status) {
      transaction.Commit();
    }
    return status;
  });
}

base::Result<std::int64_t> SqliteLedger::RecordConfig(std::string_view text,
                                                      base::Instant loaded_at) {
  return Guarded([&]() -> base::Result<std::int64_t> {
    const base::Digest digest = base::Sha256(text);
    if (const auto known = db_.Find("select config_id from config where sha256 = ?", digest)) {
      return *known;
    }
    Transaction transaction(db_, Transaction::Kind::kWrite);
    db_.Run("insert into config(sha256, loaded_at, text) values(?, ?, cast(? as blob))", digest,
            loaded_at, text);
    const std::int64_t id = db_.LastId();
    transaction.Commit();
    return id;
  });
}

base::Result<std::optional<Job>> SqliteLedger::FindJob(std::string_view name) {
  return Guarded([&]() -> base::Result<std::optional<Job>> { return ReadJob(db_, name); });
}

base::Result<std::vector<Job>> SqliteLedger::Jobs() {
  return Guarded([&]() -> base::Result<std::vector<Job>> { return ReadJobs(db_); });
}

base::Result<std::int64_t> SqliteLedger::PutJob(const Job& job, bool accept_identity_change) {
  return Guarded([&]() -> base::Result<std::int64_t> {
    const auto known = ReadJob(db_, job.name);
    if (known && SameJob(*known, job)) {
      return known->id;
    }
    const std::string change = known ? IdentityChange(*known, job) : std::string();
    if (!change.empty() && !accept_identity_change) {
      return base::Fail(base::ErrorCode::kConflict, change);
    }
    Transaction transaction(db_, Transaction::Kind::kWrite);
    const std::int64_t id = known ? known->id : InsertJob(db_, job);
    if (known) {
      UpdateJob(db_, id, job);
    }
    if (!change.empty()) {
      InsertIdentity(db_, id, job);
    }
    transaction.Commit();
    return id;
  });
}

base::Result<std::vector<Spec>> SqliteLedger::Specs(std::int64_t job_id) {
  return Guarded([&]() -> base::Result<std::vector<Spec>> {
    return OfKind(ReadSpecs(db_, job_id), metering::UsageKind::kMeasured);
  });
}

base::Result<std::vector<Spec>> SqliteLedger::PredictedSpecs(std::int64_t job_id) {
  return Guarded([&]() -> base::Result<std::vector<Spec>> {
    return OfKind(ReadSpecs(db_, job_id), metering::UsageKind::kPredicted);
  });
}

base::Result<Spec> SqliteLedger::AddSpec(const Spec& spec, std::int64_t config_id) {
  if (spec.versions.size() != 1) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "a new spec has exactly one version: " + spec.name);
  }
  return Guarded([&]() -> base::Result<Spec> {
    if (db_.Find("select 1 from spec where job_id = ? and name = ?", spec.job_id, spec.name)) {
      return base::Fail(base::ErrorCode::kConflict,
                        "the job has a spec " + Quoted(spec.name) + " already");
    }
    Transaction transaction(db_, Transaction::Kind::kWrite);
    db_.Run(
        "insert into spec(job_id, name, first_period, retired_at, predicts) values(?, ?, ?, ?, ?)",
        spec.job_id, spec.name, spec.first_period, spec.retired_at, spec.predicts);
    Spec added = spec;
    added.id = db_.LastId();
    added.versions.front().id = InsertVersion(db_, added.id, spec.versions.front(), config_id);
    transaction.Commit();
    return added;
  });
}

base::Result<SpecVersion> SqliteLedger::AddVersion(std::int64_t spec_id, const SpecVersion& version,
                                                   std::int64_t config_id) {
  return Guarded([&]() -> base::Result<SpecVersion> {
    Transaction transaction(db_, Transaction::Kind::kWrite);
    const auto unused = db_.Find(
        "select spec_version_id from spec_version v where spec_id = ?1 and valid_from = ?2"
        " and not exists (select 1 from period p where p.spec_id = ?1"
        " and p.spec_version_id = v.spec_version_id)"
        " and not exists (select 1 from period p join revision r using(period_id)"
        " where p.spec_id = ?1 and r.spec_version_id = v.spec_version_id)"
        " order by spec_version_id desc limit 1",
        spec_id, version.valid_from);
    SpecVersion added = version;
    if (unused) {
      added.id = *unused;
      ReplaceVersion(db_, *unused, version, config_id);
    } else {
      added.id = InsertVersion(db_, spec_id, version, config_id);
    }
    transaction.Commit();
    return added;
  });
}

base::Status SqliteLedger::RenameSpec(std::int64_t spec_id, std::string_view name) {
  return Guarded([&]() -> base::Status {
    Transaction transaction(db_, Transaction::Kind::kWrite);
    if (db_.Find("select 1 from spec other join spec this using(job_id)"
                 " where this.spec_id = ? and other.name = ? and other.spec_id <> this.spec_id",
                 spec_id, name)) {
      return base::Fail(base::ErrorCode::kConflict,
                        "the job has a spec " + Quoted(name) + " already");
    }
    db_.Run("update spec set name = ? where spec_id = ?", name, spec_id);
    transaction.Commit();
    return {};
  });
}

base::Status SqliteLedger::SetRetired(std::int64_t spec_id,
                                      std::optional<base::Instant> retired_at) {
  return Guarded([&]() -> base::Status {
    db_.Run("update spec set retired_at = ?1 where spec_id = ?2 and retired_at is not ?1",
            retired_at, spec_id);
    return {};
  });
}

base::Status SqliteLedger::RecordRequestedRange(std::int64_t job_id, metering::Period range,
                                                base::Instant now) {
  return Guarded([&]() -> base::Status {
    db_.Run("insert into requested_range(job_id, begin, end, requested_at) values(?, ?, ?, ?)",
            job_id, range.begin, range.end, now);
    return {};
  });
}

}  // namespace promtally::ledger
