// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "ledger/catalog.h"
#include "ledger/period_digest.h"
#include "ledger/revision_writer.h"
#include "ledger/sqlite_writer.h"
#include "promtally/base/diagnostic.h"

namespace promtally::ledger {
namespace {

struct Named {
  std::string job;
  std::int64_t spec_id = 0;
  std::string name;
  std::string metric;  ///< of the newest version
};

std::vector<Named> AllSpecs(Connection& db) {
  auto rows = db.Query(
      "select j.name, s.spec_id, s.name, (select v.metric from spec_version v"
      " where v.spec_id = s.spec_id order by v.valid_from desc, v.spec_version_id desc limit 1)"
      " from spec s join job j using(job_id) where s.predicts is null order by j.name, s.name");
  std::vector<Named> specs;
  while (rows.Next()) {
    specs.push_back({std::string(rows->Text(0)), rows->Int(1), std::string(rows->Text(2)),
                     std::string(rows->Text(3))});
  }
  return specs;
}

base::Error UnknownName(const std::string& name, const std::vector<Named>& specs) {
  std::vector<std::string_view> names;
  for (const Named& spec : specs) {
    names.push_back(spec.name);
  }
  const std::string_view near = base::Nearest(name, names);
  std::string message = "no spec is named \"" + name + "\"";
  if (!near.empty()) {
    message += ": did you mean \"" + std::string(near) + "\"?";
  }
  return {base::ErrorCode::kNotFound, message};
}

base::Error Ambiguous(const std::string& name, const std::vector<Named>& found) {
  const bool one_job = std::all_of(
      found.begin(), found.end(), [&](const Named& spec) { return spec.job == found.front().job; });
  std::string message = "\"" + name + "\" is ";
  for (std::size_t i = 0; i < found.size(); ++i) {
    message += i == 0 ? "" : ", ";
    message += one_job ? "\"" + found[i].name + "\"" : "in job \"" + found[i].job + "\"";
  }
  message += one_job ? ": say which name" : ": say which job";
  return {base::ErrorCode::kInvalidArgument, message};
}

/// The spec that a request means: by name, else by a metric that has one spec only.
base::Result<Named> FindSpec(Connection& db, const AcceptRequest& request) {
  std::vector<Named> specs = AllSpecs(db);
  if (!request.job.empty()) {
    if (!ReadJob(db, request.job)) {
      return base::Fail(base::ErrorCode::kNotFound, "no job is named \"" + request.job + "\"");
    }
    std::erase_if(specs, [&](const Named& spec) { return spec.job != request.job; });
  }
  std::vector<Named> found;
  for (const auto member : {&Named::name, &Named::metric}) {
    std::copy_if(specs.begin(), specs.end(), std::back_inserter(found),
                 [&](const Named& spec) { return spec.*member == request.name; });
    if (found.size() == 1) {
      return found.front();
    }
    if (!found.empty()) {
      return tl::unexpected(Ambiguous(request.name, found));
    }
  }
  return tl::unexpected(UnknownName(request.name, specs));
}

struct Row {
  std::int64_t period_id = 0;
  PeriodEntry entry;
};

std::vector<Row> RowsInRange(Connection& db, std::int64_t spec_id, metering::Period range) {
  auto rows = db.Query(
      "select spec_id, spec_version_id, begin, end, state, reason, detail, attempts,"
      " first_empty_at, next_retry, accepted_at, period_id from period"
      " where spec_id = ? and kind = 0 and begin >= ? and begin < ? order by begin",
      spec_id, range.begin, range.end);
  std::vector<Row> found;
  while (rows.Next()) {
    found.push_back({rows->Int(11), ReadEntry(*rows)});
  }
  return found;
}

/// What an operator's word does to a period.
enum class Acceptance {
  kRefused,
  kClosed,   ///< there is nothing to commit: the period becomes an empty one
  kAwaited,  ///< the server has usage: its next answer is committed as it comes
};

Acceptance Judge(const PeriodEntry& entry) {
  // Of exact usage: a past that nobody can know, and a fall that only people can judge.
  const bool is_doubtful =
      entry.reason == "low_coverage" || entry.reason == "history_unknown" ||
      (entry.reason == "bad_series" && entry.detail.starts_with("a suspicious reset"));
  const bool is_partly_lost = entry.state == PeriodState::kFailed && entry.reason == "lost" &&
                              entry.detail.starts_with(kPartlyLost);
  if ((entry.state == PeriodState::kOpen && is_doubtful) || is_partly_lost) {
    return Acceptance::kAwaited;
  }
  const bool is_closed = entry.state == PeriodState::kOpen
                             ? entry.reason == "suspect_empty"
                             : entry.state == PeriodState::kFailed && entry.reason == "lost";
  return is_closed ? Acceptance::kClosed : Acceptance::kRefused;
}

std::string Refusal(const PeriodEntry& entry) {
  const std::string begin = base::ToText(entry.period.begin);
  switch (entry.state) {
    case PeriodState::kCommitted:
      return begin + " is committed";
    case PeriodState::kEmpty:
      return begin + " is empty already";
    case PeriodState::kFailed:
      return begin + " is failed (" + entry.reason + ")";
    case PeriodState::kOpen:
      break;
  }
  return begin + " is open (" + entry.reason + ")";
}

/// The period is closed as an empty one; its detail goes on telling what was seen.
void Close(Connection& db, const Row& row, base::Instant now) {
  db.Run(
      "update period set state = ?, revision = 0, reason = 'accepted', next_retry = null"
      " where period_id = ?",
      PeriodState::kEmpty, row.period_id);
  RevisionRow revision;
  revision.period_id = row.period_id;
  revision.committed_at = now;
  revision.version_id = row.entry.version_id;
  revision.reason = "accepted";
  PeriodDigest digest(0);
  digest.AddCounts(revision.counts);
  revision.digest = digest.Finish();
  InsertRevision(db, revision);
}

void Await(Connection& db, const Row& row, base::Instant now) {
  db.Run("update period set state = ?, accepted_at = ?, next_retry = null where period_id = ?",
         PeriodState::kOpen, now, row.period_id);
}

}  // namespace

base::Result<AcceptReport> SqliteLedger::Accept(const AcceptRequest& request, base::Instant now) {
  if (request.range.end <= request.range.begin) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "the end of the range is not after its begin");
  }
  return Guarded([&]() -> base::Result<AcceptReport> {
    Transaction transaction(db_, Transaction::Kind::kWrite);
    const auto spec = FindSpec(db_, request);
    if (!spec) {
      return tl::unexpected(spec.error());
    }
    AcceptReport report;
    const std::vector<Row> rows = RowsInRange(db_, spec->spec_id, request.range);
    for (const Row& row : rows) {
      switch (Judge(row.entry)) {
        case Acceptance::kRefused:
          report.refused.push_back(Refusal(row.entry));
          break;
        case Acceptance::kClosed:
          Close(db_, row, now);
          ++report.accepted;
          break;
        case Acceptance::kAwaited:
          Await(db_, row, now);
          ++report.accepted;
          ++report.awaited;
          break;
      }
    }
    if (rows.empty()) {
      const bool is_one = request.range.end - request.range.begin == base::Milliseconds(1);
      report.refused.push_back("no period of \"" + spec->name + "\" that was asked for begins " +
                               (is_one ? "at " + base::ToText(request.range.begin)
                                       : "in " + base::ToText(request.range.begin) + " to " +
                                             base::ToText(request.range.end)));
    }
    transaction.Commit();
    return report;
  });
}

}  // namespace promtally::ledger
