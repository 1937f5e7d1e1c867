// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "collector/exact_period.h"

namespace promtally::collector {

namespace {

/// The labels of a record that stand for what is billed, in the file's order.
metering::OrderedLabels GroupbyOf(const PeriodTask& task, const base::LabelSet& labels) {
  metering::OrderedLabels groupby;
  for (const std::string& name : metering::GroupbyLabels(*task.spec, task.scope_key)) {
    bool is_there = false;
    for (const auto& label : groupby) {
      is_there = is_there || label.first == name;
    }
    const std::string* const value = base::Find(labels, name);
    if (!is_there) {
      groupby.emplace_back(name, value != nullptr ? *value : std::string());
    }
  }
  return groupby;
}

RereadReport ReportOf(const PeriodTask& task, std::vector<ledger::RecordChange> changes) {
  RereadReport report{task.job, task.name, task.item.period, {}, {}};
  for (ledger::RecordChange& change : changes) {
    ReportedChange reported;
    reported.metric = task.spec->metric;
    reported.scope = change.scope;
    reported.groupby = GroupbyOf(task, change.labels);
    reported.reason = change.lost ? "lost" : task.item.reread->reason;
    reported.change = std::move(change);
    report.changes.push_back(std::move(reported));
  }
  return report;
}

Settlement Failed(const PeriodTask& task, const std::string& why) {
  Settlement settlement;
  settlement.reread = RereadReport{task.job, task.name, task.item.period, why, {}};
  return settlement;
}

}  // namespace

base::Result<Settlement> WithNextPeriod(ledger::Ledger& ledger, const PeriodTask& task,
                                        Reread reread, Settlement settlement) {
  auto next = ledger.FindPeriod(task.spec_id, task.item.period.end);
  if (!next) {
    return tl::unexpected(next.error());
  }
  if (*next && ((*next)->state == ledger::PeriodState::kCommitted ||
                (*next)->state == ledger::PeriodState::kEmpty)) {
    auto state = ledger.ExactStateAt(task.spec_id, (*next)->period.end, {});
    if (!state) {
      return tl::unexpected(state.error());
    }
    if (state->adjacent) {  // that is, computed exactly
      WorkItem item = task.item;
      item.period = (*next)->period;
      item.version_id = (*next)->version_id;
      item.before.reset();
      item.reread = std::move(reread);
      settlement.recompute = std::move(item);
    }
  }
  return settlement;
}

base::Result<Settlement> RereadPeriod(ledger::Ledger& ledger, PeriodTask* task) {
  if (task->fetched.failure) {
    return Failed(*task, task->fetched.failure->reason + ": " + task->fetched.failure->detail);
  }
  const metering::ConversionContext context = ContextOf(*task);
  std::optional<ExactPeriod> exact;
  auto converted = ConvertPeriod(ledger, *task, context, &exact);
  if (!converted) {
    return tl::unexpected(converted.error());
  }
  const metering::PeriodResult result = *std::move(converted);
  if (!result.failure.empty()) {
    return Failed(*task, result.failure + ": " + result.failure_detail);
  }
  const Reread reread = *task->item.reread;
  ledger::RevisionRules rules;
  rules.reason = reread.reason;
  rules.keeps_usage = reread.kind == Reread::Kind::kAudit;
  rules.make_final =
      reread.kind == Reread::Kind::kAudit && task->item.period.end + task->audit <= task->facts.now;
  auto receipt =
      ledger.Revise(CommitOf(*task, context, result, exact ? &exact->commit : nullptr), rules);
  if (!receipt) {
    return receipt.error().code == base::ErrorCode::kNotFound
               ? base::Result<Settlement>(Failed(*task, receipt.error().message))
               : tl::unexpected(receipt.error());
  }
  Settlement settlement;
  settlement.reread = ReportOf(*task, std::move(receipt->changes));
  return receipt->state_changed ? WithNextPeriod(ledger, *task, reread, std::move(settlement))
                                : base::Result<Settlement>(std::move(settlement));
}

}  // namespace promtally::collector
