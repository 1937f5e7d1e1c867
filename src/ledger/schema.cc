// SPDX-License-Identifier: Apache-2.0
#include "ledger/schema.h"

#include <array>

#include <sqlite3.h>

namespace promtally::ledger {
namespace {

// Instants and durations are whole milliseconds. A quantity is ANY: INTEGER when it is one that
// fits, else the decimal as TEXT; NUMERIC affinity would turn long decimals into doubles.
constexpr const char* kCreate = R"sql(
create table config(config_id integer primary key, sha256 blob not null unique,
  loaded_at integer not null, text blob not null) strict;
create table job(job_id integer primary key, name text not null unique, period integer not null,
  scope_key text, wait_periods integer not null, settle integer not null, start integer) strict;
-- every period length and scope key that a job ever had: a later one is no fault of old periods
create table job_identity(identity_id integer primary key, job_id integer not null references job,
  period integer not null, scope_key text) strict;
create table spec(spec_id integer primary key, job_id integer not null references job,
  name text not null, first_period integer not null, retired_at integer,
  unique(job_id, name)) strict;
-- name and label split as they were: ids and record lines of old periods come from here
create table spec_version(spec_version_id integer primary key,
  spec_id integer not null references spec, valid_from integer not null,
  config_id integer not null references config, name text not null, metric text not null,
  unit text not null, groupby text not null, metadata text not null, rounding integer not null,
  definition text not null) strict;
create index spec_version_spec on spec_version(spec_id, valid_from);
create table requested_range(range_id integer primary key, job_id integer not null references job,
  begin integer not null, end integer not null, requested_at integer not null) strict;
create index requested_range_job on requested_range(job_id, begin);
create table source(source_id integer primary key, name text not null unique,
  up_since integer) strict;
create table server(server_id integer primary key, source text not null, kind text not null,
  version text not null, closed_edges integer, seen_at integer not null) strict;
create table period(period_id integer primary key, spec_id integer not null references spec,
  kind integer not null default 0, begin integer not null, end integer not null,
  state integer not null check(state between 0 and 3), revision integer,
  spec_version_id integer not null references spec_version, reason text, detail text,
  attempts integer not null default 0, first_empty_at integer, next_retry integer,
  unique(spec_id, kind, begin)) strict;
create index period_unfinished on period(spec_id, kind, begin) where state in (0, 1);
-- immutable; commit_seq is the cursor of those who read what is new
create table revision(period_id integer not null references period, revision integer not null,
  commit_seq integer not null unique, committed_at integer not null,
  spec_version_id integer not null references spec_version, series_answered integer not null,
  records integer not null, rejected integer not null, unattributed integer not null,
  excluded integer not null, skipped integer not null, positive any not null,
  negative any not null, reason text, digest blob not null,
  primary key(period_id, revision)) strict, without rowid;
create table query_text(text_id integer primary key, text text not null unique) strict;
create table query(query_id integer primary key, period_id integer not null,
  revision integer not null, text_id integer not null references query_text,
  time integer not null, server_id integer not null references server, series integer not null,
  bytes integer not null, wall_us integer not null, annotations text,
  foreign key(period_id, revision) references revision) strict;
create index query_period on query(period_id, revision);
-- scope null: a job without scope key
create table series(series_id integer primary key, spec_id integer not null references spec,
  kind integer not null, scope text, labels text not null, hash blob not null) strict;
create unique index series_hash on series(spec_id, kind, hash);
-- quantity null: removed by this revision
create table record(period_id integer not null, series_id integer not null,
  revision integer not null, quantity any, query_id integer not null,
  primary key(period_id, series_id, revision)) strict, without rowid;
create table total(series_id integer primary key references series, positive any not null,
  negative any not null, correction any not null default 0, created integer not null) strict;
create table rejected(period_id integer not null, revision integer not null,
  ordinal integer not null, labels text not null, value text, reason text not null,
  primary key(period_id, revision, ordinal),
  foreign key(period_id, revision) references revision) strict, without rowid;
create view usage as
  select j.name as job, v.name as name, v.metric as metric, v.unit as unit,
    case p.kind when 0 then 'measured' else 'predicted' end as kind, s.scope as scope,
    s.labels as labels, strftime('%Y-%m-%dT%H:%M:%SZ', p.begin / 1000, 'unixepoch') as begin,
    strftime('%Y-%m-%dT%H:%M:%SZ', p.end / 1000, 'unixepoch') as end, r.revision as revision,
    cast(r.quantity as text) as quantity
  from record r join period p using(period_id) join series s using(series_id)
    join revision x on x.period_id = r.period_id and x.revision = r.revision
    join spec_version v on v.spec_version_id = x.spec_version_id
    join spec sp on sp.spec_id = p.spec_id join job j using(job_id)
  where r.quantity is not null and r.revision = (select max(z.revision) from record z
    where z.period_id = r.period_id and z.series_id = r.series_id);
)sql";

// How many `up` samples a source had in a period, and an operator's word on a held period whose
// answer is to be taken as it comes.
constexpr const char* kCoverage = R"sql(
create table coverage(source_id integer not null references source, end integer not null,
  begin integer not null, samples integer not null check(samples >= 0),
  primary key(source_id, end, begin)) strict, without rowid;
alter table period add column accepted_at integer;
)sql";

// What a Thanos source has joined: one that is missing later holds its periods.
constexpr const char* kStores = R"sql(
create table store(source text not null, labels text not null, seen_at integer not null,
  primary key(source, labels)) strict, without rowid;
)sql";

// What a job goes on with when it is no longer configured, which digest a revision has
// (period_digest.h), and how many answers were ever committed: one that is removed is missed.
constexpr const char* kLeftJobs = R"sql(
alter table job add column settings text not null default '';
alter table revision add column digest_format integer not null default 0;
create table answered(periods integer not null) strict;
insert into answered select coalesce(max(commit_seq), 0) from revision;
)sql";

// A model's predictions are a series of periods of their own, under a spec that says whose usage it
// looks at; what made them is kept once a period.
constexpr const char* kPredictions = R"sql(
alter table spec add column predicts integer references spec;
create table prediction(period_id integer not null, revision integer not null, model text not null,
  version text not null, input_end integer not null, input_digest blob not null,
  predicted_at integer not null, primary key(period_id, revision),
  foreign key(period_id, revision) references revision) strict, without rowid;
)sql";

// Exact usage: who computed a revision, where each thing metered stood after a period (thing_id and
// the period's end name the row), what proves a record, and whether a period is final (older ones
// are: nothing was to be read again). `first_end`: since when a thing is known.
constexpr const char* kExact = R"sql(
alter table revision add column evaluation integer not null default 0;
alter table revision add column warnings text;
alter table period add column final integer not null default 1;
-- what it began with has changed since: it is to be computed again
alter table period add column stale integer not null default 0;
create index period_stale on period(spec_id) where stale = 1;
create index period_provisional on period(spec_id, end) where final = 0;
create table thing(thing_id integer primary key, spec_id integer not null references spec,
  hash blob not null, first_end integer not null) strict;
create unique index thing_hash on thing(spec_id, hash);
create table checkpoint(thing_id integer not null references thing, end integer not null,
  time integer not null, value any not null, replica text, billed any, start integer,
  primary key(thing_id, end)) strict, without rowid;
create table evidence(period_id integer not null, series_id integer not null,
  revision integer not null, raw any not null, samples integer not null, first integer,
  last integer, largest_gap integer not null, resets integer not null, skipped integer not null,
  late integer not null, replica text, covered integer not null, alive integer not null,
  primary key(period_id, series_id, revision)) strict, without rowid;
)sql";

constexpr std::array<const char*, kSchemaVersion> kSteps = {kCreate,   kCoverage,    kStores,
                                                            kLeftJobs, kPredictions, kExact};

std::int64_t Pragma(Connection& db, std::string_view sql) { return db.Find(sql).value_or(0); }

}  // namespace

std::span<const char* const> SchemaSteps() { return kSteps; }

FileState Inspect(Connection& db) {
  // SQLite reads nothing before the first statement: a file that is no database fails here.
  sqlite3_stmt* probe = nullptr;
  const int code =
      sqlite3_prepare_v2(db.handle(), "select 1 from sqlite_schema limit 1", -1, &probe, nullptr);
  sqlite3_finalize(probe);
  if ((code & 0xff) == SQLITE_NOTADB) {
    return {FileKind::kForeign, 0};
  }
  const std::int64_t application = Pragma(db, "pragma application_id");
  const std::int64_t version = Pragma(db, "pragma user_version");
  if (application == kApplicationId && version > 0) {
    return {FileKind::kLedger, static_cast<int>(version)};
  }
  const bool is_empty = !db.Find("select 1 from sqlite_schema limit 1").has_value();
  return {application == 0 && version == 0 && is_empty ? FileKind::kNew : FileKind::kForeign, 0};
}

void Migrate(Connection& db, int from, std::span<const char* const> steps) {
  for (std::size_t step = static_cast<std::size_t>(from); step < steps.size(); ++step) {
    Transaction transaction(db, Transaction::Kind::kWrite);
    db.Execute(steps[step]);
    db.Execute("pragma application_id = " + std::to_string(kApplicationId));
    db.Execute("pragma user_version = " + std::to_string(step + 1));
    transaction.Commit();
  }
}

void RefuseForeignAndNewer(const FileState& state, const std::string& path) {
  if (state.kind == FileKind::kForeign) {
    throw DatabaseError(base::ErrorCode::kInvalidArgument, path + " is no promtally ledger");
  }
  if (state.version > kSchemaVersion) {
    throw DatabaseError(base::ErrorCode::kInvalidArgument,
                        "ledger " + path + " has schema version " + std::to_string(state.version) +
                            ", this promtally knows up to " + std::to_string(kSchemaVersion) +
                            ": use the newer promtally");
  }
}

void RequireCurrentLedger(Connection& db) {
  const FileState state = Inspect(db);
  if (state.kind == FileKind::kNew) {
    throw DatabaseError(base::ErrorCode::kNotFound,
                        "ledger " + db.path() + " is empty: nothing was ever collected into it");
  }
  RefuseForeignAndNewer(state, db.path());
  if (state.version < kSchemaVersion) {
    throw DatabaseError(base::ErrorCode::kInvalidArgument,
                        "ledger " + db.path() + " has the older schema version " +
                            std::to_string(state.version) +
                            ": the next collect or serve brings it up to date");
  }
}

}  // namespace promtally::ledger
