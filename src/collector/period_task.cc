// SPDX-License-Identifier: Apache-2.0
#include "collector/period_task.h"

#include <algorithm>
#include <utility>

#include "collector/exact_period.h"
#include "collector/local_answers.h"

namespace promtally::collector {

namespace {

using ledger::PeriodState;

PeriodReport ReportOf(const PeriodTask& task, const metering::PeriodResult& result) {
  PeriodReport report;
  report.job = task.job;
  report.name = task.name;
  report.spec_id = task.spec_id;
  report.period = task.item.period;
  report.records = result.rows.size();
  report.rejected = result.rejected.size();
  report.unattributed = result.unattributed;
  report.skipped = result.skipped;
  report.excluded = result.excluded;
  report.skip_failures = result.skip_failures;
  report.attempts = task.fetched.attempts;
  return report;
}

/// Puts the row of a period that stays open or failed in its place.
PeriodReport ReportAttempt(const PeriodTask& task, PeriodReport report,
                           ledger::PeriodEntry* entry) {
  entry->spec_id = task.spec_id;
  entry->version_id = task.item.version_id;
  entry->period = task.item.period;
  report.state = entry->state;
  report.reason = entry->reason;
  report.detail = entry->detail;
  report.next_retry = entry->next_retry;
  report.records = 0;
  return report;
}

/// The period was answered while this round asked for it (an operator accepted it as it is): that
/// stands.
base::Status ReportAnswered(ledger::Ledger& ledger, PeriodReport* report) {
  auto row = ledger.FindPeriod(report->spec_id, report->period.begin);
  if (!row) {
    return tl::unexpected(row.error());
  }
  if (!*row || ((*row)->state != PeriodState::kEmpty && (*row)->state != PeriodState::kCommitted)) {
    return base::Fail(base::ErrorCode::kInternal,
                      "the period " + base::ToText(report->period.begin) + " cannot be written");
  }
  report->state = (*row)->state;
  report->reason = (*row)->reason;
  report->detail.clear();
  report->next_retry.reset();
  report->records = report->rejected = report->unattributed = report->skipped = 0;
  return {};
}

base::Status RecordOrKeep(ledger::Ledger& ledger, const ledger::PeriodEntry& entry,
                          PeriodReport* report) {
  auto status = ledger.RecordAttempt(entry);
  return !status && status.error().code == base::ErrorCode::kConflict
             ? ReportAnswered(ledger, report)
             : status;
}

base::Status Write(ledger::Ledger& ledger, const PeriodTask& task,
                   const metering::ConversionContext& context, const metering::PeriodResult& result,
                   const ledger::ExactCommit* exact, Decision decision, PeriodReport* report) {
  if (decision.state == PeriodState::kOpen || decision.state == PeriodState::kFailed) {
    *report = ReportAttempt(task, std::move(*report), &decision.entry);
    return RecordOrKeep(ledger, decision.entry, report);
  }
  report->state = decision.state;
  ledger::PeriodCommit commit = CommitOf(task, context, result, exact);
  commit.reason = decision.reason;
  auto receipt = ledger.Commit(commit);
  if (!receipt) {
    return tl::unexpected(receipt.error());
  }
  if (receipt->already_committed) {
    return ReportAnswered(ledger, report);
  }
  report->commit = receipt->wall;
  return {};
}

}  // namespace

metering::ConversionContext ContextOf(const PeriodTask& task) {
  metering::ConversionContext context;
  context.spec = task.spec.get();
  context.scope_key = task.scope_key;
  context.rounding = task.rounding;
  context.filter = task.filter.get();
  context.limits = task.limits;
  return context;
}

ledger::PeriodCommit CommitOf(const PeriodTask& task, const metering::ConversionContext& context,
                              const metering::PeriodResult& result,
                              const ledger::ExactCommit* exact) {
  ledger::PeriodCommit commit;
  commit.spec_id = task.spec_id;
  commit.version_id = task.item.version_id;
  commit.period = task.item.period;
  commit.context = &context;
  commit.result = &result;
  for (const FetchedQuery& query : task.fetched.queries) {
    commit.queries.push_back({query.text, query.time, task.server_id, query.series, query.bytes,
                              query.wall, query.annotations});
  }
  commit.attempts = (task.item.before ? task.item.before->attempts : 0) + task.fetched.attempts;
  commit.committed_at = task.facts.now;
  commit.evaluation = task.spec->evaluation;
  commit.exact = exact;
  commit.final_period = task.audit.count() == 0;
  return commit;
}

std::shared_ptr<PeriodTask> MakeTask(const CatalogueJob& job, WorkItem item) {
  const CatalogueSpec& spec = job.specs[item.spec];
  auto task = std::make_shared<PeriodTask>();
  task->job = job.settings.job;
  task->name = spec.stored.name;
  task->source = job.settings.source;
  task->spec_id = spec.stored.id;
  task->scope_key = job.settings.scope_key;
  task->filter = job.filter;
  task->limits = job.settings.limits;
  task->facts.before = item.before;
  task->facts.on_bad_series = job.settings.on_bad_series;
  task->facts.empty_after = job.settings.empty_after;
  task->facts.min_coverage = job.settings.min_coverage;
  task->window_edges = job.settings.window_edges;
  task->settle = job.settings.schedule.settle;
  task->checkpoint_retention = job.settings.checkpoint_retention;
  task->item = std::move(item);
  UseVersion(task.get(), spec, task->item.version_id);
  if (task->spec != nullptr) {
    task->audit = config::AuditOf(job.settings, task->spec->evaluation);
  }
  return task;
}

FetchRequest RequestOf(PeriodTask* task, const source::ServerIdentity& server) {
  task->server = server;
  FetchRequest request;
  request.spec = task->spec;
  request.scope_key = task->scope_key;
  request.period = task->item.period;
  request.filter = task->filter;
  request.scopes = task->filter->ListedScopes();
  request.max_series = task->limits.series;
  request.without_begin =
      task->window_edges == config::WindowEdges::kHalfOpen && server.closed_edges == true;
  if (task->spec->evaluation != metering::Evaluation::kPromql) {
    request.raw = metering::RawRangeOf(*task->spec, task->settle);
  }
  return request;
}

FetchResult UnreadableVersion() {
  FetchResult result;
  result.failure.emplace();
  result.failure->disposition = source::Disposition::kPermanent;
  result.failure->reason = "query_error";
  result.failure->detail = "the stored version of the spec cannot be read";
  return result;
}

bool IsAmong(const WorkItem& item, const std::deque<std::shared_ptr<PeriodTask>>& tasks) {
  return std::any_of(tasks.begin(), tasks.end(), [&item](const auto& other) {
    return other->item.job == item.job && other->item.spec == item.spec &&
           other->item.period == item.period;
  });
}

void UseVersion(PeriodTask* task, const CatalogueSpec& spec, std::int64_t version_id) {
  task->item.version_id = version_id;
  task->newest_version = version_id == spec.newest().id;
  for (const ledger::SpecVersion& version : spec.stored.versions) {
    if (version.id == version_id) {
      task->rounding = version.rounding;
    }
  }
  const auto at = spec.versions.find(version_id);
  task->spec = at == spec.versions.end() ? nullptr : at->second;
}

namespace {

/// Compares what the source saw of the period with what it usually sees. An operator's word may
/// have come while the period was asked for.
base::Status LookAtCoverage(ledger::Ledger& ledger, PeriodTask* task) {
  constexpr int kPeriods = 24;
  if (task->facts.min_coverage <= 0 || !task->up_samples) {
    return {};
  }
  auto before = ledger.CoverageBefore(task->source, task->item.period, kPeriods);
  if (!before) {
    return tl::unexpected(before.error());
  }
  task->facts.coverage = CoverageOf(*task->up_samples, *std::move(before));
  if (IsLow(task->facts)) {
    auto row = ledger.FindPeriod(task->spec_id, task->item.period.begin);
    if (!row) {
      return tl::unexpected(row.error());
    }
    if (*row) {
      task->facts.before = **row;
    }
  }
  return {};
}

/// What is wanted beside the answer to decide a period.
base::Status LookAtFacts(ledger::Ledger& ledger, const metering::PeriodResult& result,
                         PeriodTask* task) {
  if (result.series_answered == 0) {
    auto had_series = ledger.LastAnswerHadSeries(task->spec_id, task->item.period.begin);
    if (!had_series) {
      return tl::unexpected(had_series.error());
    }
    task->facts.last_answer_had_series = had_series->value_or(false);
  }
  return LookAtCoverage(ledger, task);
}

/// Of a local spec, what the server would have answered takes the place of the raw answers.
void EvaluateLocally(PeriodTask* task) {
  if (task->spec != nullptr && task->spec->evaluation == metering::Evaluation::kLocal) {
    const bool is_half_open = task->window_edges == config::WindowEdges::kHalfOpen;
    ComputeLocally(ContextOf(*task), {task->item.period, is_half_open}, task->server,
                   &task->fetched);
  }
}

}  // namespace

base::Result<Settlement> SettlePeriod(ledger::Ledger& ledger, PeriodTask* task) {
  EvaluateLocally(task);
  if (task->item.reread) {
    return RereadPeriod(ledger, task);
  }
  const metering::ConversionContext context = ContextOf(*task);
  metering::PeriodResult result;
  std::optional<ExactPeriod> exact;
  Decision decision;
  task->facts.attempts = task->fetched.attempts;
  if (task->fetched.failure) {
    decision = DecideFailure(*task->fetched.failure, task->facts);
  } else {
    auto converted = ConvertPeriod(ledger, *task, context, &exact);
    if (!converted) {
      return tl::unexpected(converted.error());
    }
    result = *std::move(converted);
    if (exact) {
      auto asks = AskOfPast(ledger, *exact, *task);
      if (!asks) {
        return tl::unexpected(asks.error());
      }
      if (*asks) {
        Settlement unknown;
        unknown.asks_data_at = **asks;
        return unknown;
      }
    }
    result.rejected.insert(result.rejected.end(), task->fetched.rejected.begin(),
                           task->fetched.rejected.end());
    if (auto status = LookAtFacts(ledger, result, task); !status) {
      return tl::unexpected(status.error());
    }
    decision = Decide(result, task->facts);
    if (exact) {
      HoldExact(*exact, *task, &decision);
    }
  }
  Settlement settlement;
  settlement.report = ReportOf(*task, result);
  if (decision.state == PeriodState::kFailed && !task->newest_version) {
    settlement.retry_with_newest = true;
    return settlement;
  }
  if (auto status = Write(ledger, *task, context, result, exact ? &exact->commit : nullptr,
                          std::move(decision), &settlement.report);
      !status) {
    return tl::unexpected(status.error());
  }
  if (exact && settlement.report.state != PeriodState::kOpen &&
      settlement.report.state != PeriodState::kFailed) {
    return WithNextPeriod(ledger, *task, {Reread::Kind::kAudit, "an earlier period was filled"},
                          std::move(settlement));
  }
  return settlement;
}

base::Result<std::vector<PeriodReport>> LeaveUnasked(
    ledger::Ledger& ledger, const std::vector<std::shared_ptr<PeriodTask>>& tasks,
    source::QueryFailure why, base::Instant now) {
  why.detail = "not asked: " + why.detail;
  std::vector<ledger::PeriodEntry> entries;
  std::vector<PeriodReport> reports;
  for (const std::shared_ptr<PeriodTask>& task : tasks) {
    if (task->item.reread) {
      continue;  // it is answered, and stays so
    }
    task->facts.now = now;
    task->facts.attempts = 1;  // a source that stays away is looked for less and less often
    task->fetched.failure = why;
    entries.push_back(DecideFailure(why, task->facts).entry);
    reports.push_back(ReportAttempt(*task, ReportOf(*task, {}), &entries.back()));
  }
  auto status = ledger.RecordAttempts(entries);
  if (!status && status.error().code == base::ErrorCode::kConflict) {
    status = {};
    for (std::size_t i = 0; i < entries.size() && status; ++i) {
      status = RecordOrKeep(ledger, entries[i], &reports[i]);
    }
  }
  if (!status) {
    return tl::unexpected(status.error());
  }
  return reports;
}

}  // namespace promtally::collector
