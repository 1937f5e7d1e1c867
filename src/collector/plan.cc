// SPDX-License-Identifier: Apache-2.0
#include "collector/plan.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace promtally::collector {

namespace {

using base::Instant;
using base::Status;
using ledger::PeriodEntry;
using ledger::PeriodState;

/// Collects the work of one spec.
class SpecPlanner {
 public:
  SpecPlanner(ledger::Ledger& ledger, const RoundScope& scope, Instant now, RoundPlan* plan)
      : ledger_(ledger), scope_(scope), now_(now), plan_(*plan) {}

  Status Plan(const CatalogueJob& job, CatalogueSpec* spec, std::size_t job_index,
              std::size_t spec_index) {
    job_ = &job;
    spec_ = spec;
    item_.job = job_index;
    item_.spec = spec_index;
    return scope_.range ? PlanRange() : PlanDue();
  }

 private:
  [[nodiscard]] base::Seconds Length() const { return job_->settings.schedule.period; }

  Status PlanRange() {
    if (spec_->stored.retired_at) {
      return {};
    }
    for (Instant begin = scope_.range->begin; begin < scope_.range->end; begin += Length()) {
      auto row = ledger_.FindPeriod(spec_->stored.id, begin);
      if (!row) {
        return tl::unexpected(row.error());
      }
      const bool failed = *row && (*row)->state == PeriodState::kFailed;
      const bool answered = *row && !failed && (*row)->state != PeriodState::kOpen;
      if (failed && !MayRetryFailed(**row)) {
        ++plan_.left_failed;
      } else if (!answered) {
        Add(begin, spec_->newest().id, *std::move(row));
      }
    }
    return {};
  }

  Status PlanDue() {
    Instant last = metering::NewestDue(job_->settings.schedule, now_);
    if (spec_->stored.retired_at) {
      last = std::min(last, metering::AlignDown(*spec_->stored.retired_at, Length()));
    }
    auto rows = ledger_.Periods(spec_->stored.id, spec_->frontier);
    if (!rows) {
      return tl::unexpected(rows.error());
    }
    std::set<Instant> known;
    for (const ledger::PeriodSummary& row : *rows) {
      known.insert(row.begin);
    }
    while (known.contains(spec_->frontier)) {
      spec_->frontier += Length();
    }
    for (Instant begin = spec_->frontier; begin <= last; begin += Length()) {
      if (!known.contains(begin)) {
        Add(begin, ledger::VersionFor(spec_->stored, begin).id, std::nullopt);
      }
    }
    return PlanUnfinished();
  }

  Status PlanUnfinished() {
    auto rows = ledger_.Unfinished(spec_->stored.id);
    if (!rows) {
      return tl::unexpected(rows.error());
    }
    for (PeriodEntry& row : *rows) {
      const Instant begin = row.period.begin;
      if (row.state == PeriodState::kFailed) {
        if (MayRetryFailed(row)) {
          Add(begin, spec_->newest().id, std::move(row));
        }
      } else if (row.next_retry && *row.next_retry > now_) {
        ++plan_.waiting;
        plan_.next_retry = std::min(plan_.next_retry.value_or(*row.next_retry), *row.next_retry);
      } else {
        Add(begin, ledger::VersionFor(spec_->stored, begin).id, std::move(row));
      }
    }
    return {};
  }

  /// A failed period is tried again when the spec changed since, or when the operator says so.
  [[nodiscard]] bool MayRetryFailed(const PeriodEntry& row) const {
    return scope_.retry_failed || row.version_id != spec_->newest().id;
  }

  void Add(Instant begin, std::int64_t version_id, std::optional<PeriodEntry> before) {
    item_.period = metering::PeriodAt(begin, Length());
    item_.version_id = version_id;
    item_.before = std::move(before);
    plan_.items.push_back(item_);
  }

  ledger::Ledger& ledger_;
  const RoundScope& scope_;
  Instant now_;
  RoundPlan& plan_;
  const CatalogueJob* job_ = nullptr;
  CatalogueSpec* spec_ = nullptr;
  WorkItem item_;
};

}  // namespace

base::Result<RoundPlan> PlanRound(ledger::Ledger& ledger, Catalogue* catalogue,
                                  const RoundScope& scope, Instant now) {
  RoundPlan plan;
  SpecPlanner planner(ledger, scope, now, &plan);
  for (std::size_t j = 0; j < catalogue->jobs.size(); ++j) {
    CatalogueJob& job = catalogue->jobs[j];
    for (std::size_t s = 0; s < job.specs.size(); ++s) {
      if (auto status = planner.Plan(job, &job.specs[s], j, s); !status) {
        return tl::unexpected(status.error());
      }
    }
  }
  std::stable_sort(plan.items.begin(), plan.items.end(), [](const WorkItem& a, const WorkItem& b) {
    return std::tie(a.period.end, a.job, a.spec) < std::tie(b.period.end, b.job, b.spec);
  });
  return plan;
}

std::optional<Instant> NextDue(const Catalogue& catalogue, Instant now) {
  std::optional<Instant> next;
  for (const CatalogueJob& job : catalogue.jobs) {
    const metering::SchedulePolicy& policy = job.settings.schedule;
    const Instant due = metering::DueAt(policy, metering::NewestDue(policy, now) + policy.period);
    next = std::min(next.value_or(due), due);
  }
  return next;
}

}  // namespace promtally::collector
