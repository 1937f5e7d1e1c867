// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ledger/sqlite_reader.h"
#include "promtally/metering/median.h"

namespace promtally::ledger {
namespace {

constexpr int kPeriods = 24;  // that the newest one is compared with
constexpr std::size_t kNames = 10;

struct Answered {
  std::int64_t period_id = 0;
  metering::Period period;
  std::int64_t series = 0;
};

/// The newest answered periods of a spec, newest first.
std::vector<Answered> NewestAnswered(Connection& db, std::int64_t spec_id, int most) {
  auto rows = db.Query(
      "select p.period_id, p.begin, p.end, r.series_answered from period p join revision r"
      " on r.period_id = p.period_id and r.revision = p.revision"
      " where p.spec_id = ? and p.kind = 0 and p.state in (2, 3) order by p.begin desc limit ?",
      spec_id, most);
  std::vector<Answered> answered;
  while (rows.Next()) {
    answered.push_back({rows->Int(0), {rows->Instant(1), rows->Instant(2)}, rows->Int(3)});
  }
  return answered;
}

void LookForAbsent(Connection& db, std::int64_t before, std::int64_t now, SpecWatch& watch) {
  auto rows = db.Query(
      "select s.scope from record r join series s using(series_id)"
      " where r.period_id = ? and s.scope is not null"
      " except select s.scope from record r join series s using(series_id) where r.period_id = ?"
      " order by 1",
      before, now);
  while (rows.Next()) {
    ++watch.absent_scopes;
    if (watch.absent_names.size() < kNames) {
      watch.absent_names.emplace_back(rows->Text(0));
    }
  }
}

}  // namespace

std::optional<SpecWatch> ReadWatch(Connection& db, std::string_view job, std::string_view name) {
  const auto spec_id = db.Find(
      "select spec_id from spec join job using(job_id) where job.name = ? and spec.name = ?", job,
      name);
  if (!spec_id) {
    return std::nullopt;
  }
  SpecWatch watch;
  const std::vector<Answered> answered = NewestAnswered(db, *spec_id, kPeriods + 1);
  if (answered.empty()) {
    return watch;
  }
  watch.newest = answered.front().period;
  watch.series = answered.front().series;
  if (answered.size() > 1) {
    std::vector<std::int64_t> series;
    std::transform(answered.begin() + 1, answered.end(), std::back_inserter(series),
                   [](const Answered& period) { return period.series; });
    watch.series_median = metering::Median(std::move(series));
    LookForAbsent(db, answered[1].period_id, answered[0].period_id, watch);
  }
  return watch;
}

}  // namespace promtally::ledger
