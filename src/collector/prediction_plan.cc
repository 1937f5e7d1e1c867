// SPDX-License-Identifier: Apache-2.0
#include "collector/prediction_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "collector/prediction_work.h"

namespace promtally::collector {
namespace {

using base::Instant;
using ledger::PeriodState;
using metering::Period;

constexpr base::Seconds kLooksBack = std::chrono::hours(24 * 31);

class Planner {
 public:
  Planner(ledger::Ledger& ledger, const std::optional<Period>& range, Instant now)
      : ledger_(ledger), range_(range), now_(now) {}

  base::Status Add(const CatalogueJob& job, const CatalogueSpec& spec,
                   const CataloguePrediction& prediction) {
    auto measured = ledger_.Periods(spec.stored.id, From(prediction));
    if (!measured) {
      return tl::unexpected(measured.error());
    }
    auto made = ledger_.Periods(prediction.outputs.front().second.id, Instant());
    if (!made) {
      return tl::unexpected(made.error());
    }
    std::map<Instant, PeriodState> states;
    for (const ledger::PeriodSummary& period : *made) {
      states[period.begin] = period.state;
    }
    for (const ledger::PeriodSummary& period : *measured) {
      const Period input{period.begin, period.end};
      if (period.state != PeriodState::kCommitted || !IsAskedFor(prediction, input)) {
        continue;
      }
      const auto state = states.find(OutputPeriod(prediction.block, input).begin);
      if (state != states.end() && state->second != PeriodState::kOpen) {
        continue;
      }
      PredictionTask task{job.settings.job,
                          job.settings.source,
                          job.settings.scope_key,
                          job.filter,
                          prediction,
                          spec.stored.id,
                          input,
                          0};
      if (state != states.end()) {
        auto held = ledger_.FindPeriod(task.value().id, state->first);
        if (!held) {
          return tl::unexpected(held.error());
        }
        if (*held && (*held)->next_retry && *(*held)->next_retry > now_) {
          plan_.next_retry =
              std::min(plan_.next_retry.value_or(*(*held)->next_retry), *(*held)->next_retry);
          return {};  // later ones wait for it
        }
        task.attempts = *held ? (*held)->attempts : 0;
      }
      plan_.tasks.push_back(std::move(task));
    }
    return {};
  }

  PredictionPlan Take() { return std::move(plan_); }

 private:
  [[nodiscard]] Instant From(const CataloguePrediction& prediction) const {
    const Instant first = prediction.outputs.front().second.first_period;
    const Instant from = std::max(first, now_ - kLooksBack);
    return range_ ? std::min(from, range_->begin) : from;
  }

  [[nodiscard]] bool IsAskedFor(const CataloguePrediction& prediction, Period input) const {
    const bool is_in_range = range_ && input.begin >= range_->begin && input.begin < range_->end;
    const base::Seconds every = prediction.block.every;
    const bool is_at_end =
        every == base::Seconds(0) || input.end.time_since_epoch() % every == base::Milliseconds(0);
    const Instant first = prediction.outputs.front().second.first_period;
    return is_at_end && (is_in_range || input.begin >= first);
  }

  ledger::Ledger& ledger_;
  const std::optional<Period>& range_;
  const Instant now_;
  PredictionPlan plan_;
};

}  // namespace

base::Result<PredictionPlan> PlanPredictions(ledger::Ledger& ledger, const Catalogue& catalogue,
                                             const std::optional<Period>& range, Instant now) {
  Planner planner(ledger, range, now);
  for (const CatalogueJob& job : catalogue.jobs) {
    for (const CatalogueSpec& spec : job.specs) {
      for (const CataloguePrediction& prediction : spec.predictions) {
        if (auto status = planner.Add(job, spec, prediction); !status) {
          return tl::unexpected(status.error());
        }
      }
    }
  }
  return planner.Take();
}

std::vector<Period> WindowPeriods(const metering::ModelBlock& block, Period input) {
  const base::Milliseconds length = input.end - input.begin;
  std::vector<Period> periods;
  for (int step = block.steps_back - 1; step >= 0; --step) {
    periods.push_back({input.begin - step * length, input.end - step * length});
  }
  return periods;
}

}  // namespace promtally::collector
