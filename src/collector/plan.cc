// SPDX-License-Identifier: Apache-2.0
#include "collector/plan.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace promtally::collector {

namespace {

using base::Instant;
using base::Status;
using ledger::PeriodEntry;
using ledger::PeriodState;

/// No try is stored further ahead than this: one that is was stored by a clock that was wrong.
constexpr std::chrono::hours kFurthestRetry{1};

/// The rows of a spec, asked in order of time. After the job's period was changed some have another
/// length than the periods that are planned: no time may be in two of them.
class Rows {
 public:
  explicit Rows(const std::vector<ledger::PeriodSummary>& rows) : rows_(rows) {}

  /// Whether a row shares time with the period that begins here.
  bool Find(Instant begin, base::Seconds length) {
    while (at_ < rows_.size() && rows_[at_].end <= begin) {
      ++at_;
    }
    return at_ < rows_.size() && rows_[at_].begin < begin + length;
  }

  /// The rows that begin in the period that was found, in which there may be several shorter ones.
  [[nodiscard]] std::vector<Instant> BeginsIn(Instant begin, base::Seconds length) const {
    std::vector<Instant> begins;
    for (std::size_t i = at_; i < rows_.size() && rows_[i].begin < begin + length; ++i) {
      if (rows_[i].begin >= begin) {
        begins.push_back(rows_[i].begin);
      }
    }
    return begins;
  }

  /// Of a period that shares time with shorter rows: what is left of it, where that is whole
  /// periods of a row's length.
  [[nodiscard]] std::vector<metering::Period> RestsOf(metering::Period period) const {
    std::vector<metering::Period> rests;
    Instant at = period.begin;
    for (std::size_t i = at_; i < rows_.size() && at < period.end; ++i) {
      const Instant end = std::min(rows_[i].begin, period.end);
      const auto length = std::chrono::floor<base::Seconds>(rows_[i].end - rows_[i].begin);
      Fill(at, end, length, &rests);
      at = std::max(at, rows_[i].end);
      const bool is_last = i + 1 == rows_.size() || rows_[i + 1].begin >= period.end;
      if (is_last) {
        Fill(at, period.end, length, &rests);
        break;
      }
    }
    return rests;
  }

 private:
  static void Fill(Instant begin, Instant end, base::Seconds length,
                   std::vector<metering::Period>* rests) {
    if (!metering::IsAligned(begin, length) || !metering::IsAligned(end, length)) {
      return;
    }
    for (; begin < end; begin += length) {
      rests->push_back(metering::PeriodAt(begin, length));
    }
  }

  const std::vector<ledger::PeriodSummary>& rows_;
  std::size_t at_ = 0;
};

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
    if (scope_.reread) {
      return PlanReread(*scope_.reread);
    }
    return scope_.range ? PlanRange() : PlanDue();
  }

 private:
  [[nodiscard]] base::Seconds Length() const { return job_->settings.schedule.period; }

  Status PlanRange() {
    if (spec_->stored.retired_at) {
      return {};
    }
    auto rows = ledger_.Periods(spec_->stored.id, scope_.range->begin);
    if (!rows) {
      return tl::unexpected(rows.error());
    }
    Rows known(*rows);
    for (Instant begin = scope_.range->begin; begin < scope_.range->end; begin += Length()) {
      if (!known.Find(begin, Length())) {
        Add(metering::PeriodAt(begin, Length()), spec_->newest().id, std::nullopt);
        continue;
      }
      for (const metering::Period& rest : known.RestsOf(metering::PeriodAt(begin, Length()))) {
        Add(rest, spec_->newest().id, std::nullopt);
      }
      for (const Instant row : known.BeginsIn(begin, Length())) {
        if (auto status = PlanRow(row); !status) {
          return status;
        }
      }
    }
    auto stale = ledger_.Provisional(spec_->stored.id, Instant{});
    return stale ? AddRereads(*stale, {Reread::Kind::kAudit, "an earlier period was filled"})
                 : tl::unexpected(stale.error());
  }

  /// A period of a range that has a row, of whatever length.
  Status PlanRow(Instant begin) {
    auto row = ledger_.FindPeriod(spec_->stored.id, begin);
    if (!row) {
      return tl::unexpected(row.error());
    }
    if (*row && (*row)->state == PeriodState::kFailed && !MayRetryFailed(**row)) {
      ++plan_.left_failed;
    } else if (*row &&
               ((*row)->state == PeriodState::kOpen || (*row)->state == PeriodState::kFailed)) {
      AddAgain(**std::move(row), spec_->newest().id);
    }
    return {};
  }

  Status PlanDue() {
    Instant last = metering::NewestDue(job_->settings.schedule, now_);
    if (spec_->stored.retired_at) {
      const Instant inside = *spec_->stored.retired_at - base::Milliseconds(1);
      last = std::min(last, metering::AlignDown(inside, Length()));
    }
    auto rows = ledger_.Periods(spec_->stored.id, spec_->frontier);
    if (!rows) {
      return tl::unexpected(rows.error());
    }
    Rows known(*rows);
    for (Instant begin = spec_->frontier; begin <= last; begin += Length()) {
      if (!known.Find(begin, Length())) {
        Add(metering::PeriodAt(begin, Length()), ledger::VersionFor(spec_->stored, begin).id,
            std::nullopt);
      } else if (begin == spec_->frontier) {
        spec_->frontier += Length();
      }
    }
    if (auto status = PlanAudits(); !status) {
      return status;
    }
    return PlanUnfinished();
  }

  /// Provisional periods whose time has come: they are read once more, and are final then.
  Status PlanAudits() {
    const auto newest = spec_->versions.find(spec_->newest().id);
    const auto evaluation = newest == spec_->versions.end() ? metering::Evaluation::kPromql
                                                            : newest->second->evaluation;
    const base::Milliseconds audit = config::AuditOf(job_->settings, evaluation);
    auto rows = ledger_.Provisional(spec_->stored.id, now_ - audit);
    if (!rows) {
      return tl::unexpected(rows.error());
    }
    return AddRereads(*rows, {Reread::Kind::kAudit, "late data"});
  }

  Status PlanReread(const Reread& reread) {
    const auto& names = scope_.names;
    if (!names.empty() &&
        std::find(names.begin(), names.end(), spec_->stored.name) == names.end() &&
        std::find(names.begin(), names.end(), spec_->newest().metric) == names.end()) {
      return {};
    }
    const auto& range = scope_.range;
    auto rows = range
                    ? ledger_.Periods(spec_->stored.id, range->begin)
                    : ledger_.Provisional(spec_->stored.id, now_ - job_->settings.schedule.settle);
    if (!rows) {
      return tl::unexpected(rows.error());
    }
    if (range) {
      std::erase_if(*rows, [&range](const ledger::PeriodSummary& row) {
        return row.begin < range->begin || row.end > range->end;
      });
    }
    return AddRereads(*rows, reread);
  }

  Status AddRereads(const std::vector<ledger::PeriodSummary>& rows, const Reread& reread) {
    for (const ledger::PeriodSummary& row : rows) {
      auto entry = ledger_.FindPeriod(spec_->stored.id, row.begin);
      if (!entry) {
        return tl::unexpected(entry.error());
      }
      if (*entry &&
          ((*entry)->state == PeriodState::kCommitted || (*entry)->state == PeriodState::kEmpty)) {
        item_.reread = reread;
        Add((*entry)->period, (*entry)->version_id, std::nullopt);
        item_.reread.reset();
      }
    }
    return {};
  }

  Status PlanUnfinished() {
    auto rows = ledger_.Unfinished(spec_->stored.id);
    if (!rows) {
      return tl::unexpected(rows.error());
    }
    for (PeriodEntry& row : *rows) {
      if (row.state == PeriodState::kFailed) {
        if (MayRetryFailed(row)) {
          AddAgain(std::move(row), spec_->newest().id);
        }
      } else if (row.next_retry && *row.next_retry > now_ &&
                 *row.next_retry <= now_ + kFurthestRetry) {
        ++plan_.waiting;
        plan_.next_retry = std::min(plan_.next_retry.value_or(*row.next_retry), *row.next_retry);
      } else {
        const std::int64_t opened_by = row.version_id;
        AddAgain(std::move(row), opened_by);
      }
    }
    return {};
  }

  /// A failed period is tried again when the spec changed since, or when the operator says so.
  [[nodiscard]] bool MayRetryFailed(const PeriodEntry& row) const {
    return scope_.retry_failed || row.version_id != spec_->newest().id;
  }

  void AddAgain(PeriodEntry row, std::int64_t version_id) {
    const metering::Period period = row.period;
    Add(period, version_id, std::move(row));
  }

  void Add(metering::Period period, std::int64_t version_id, std::optional<PeriodEntry> before) {
    item_.period = period;
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
