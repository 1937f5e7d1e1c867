// SPDX-License-Identifier: Apache-2.0
#include "collector/exact_period.h"

#include <algorithm>
#include <utility>

#include "collector/raw_answers.h"

namespace promtally::collector {

namespace {

/// Checkpoints by thing, for look-ups by its hash.
class StateIndex {
 public:
  explicit StateIndex(std::vector<metering::Checkpoint> checkpoints)
      : checkpoints_(std::move(checkpoints)) {
    std::sort(checkpoints_.begin(), checkpoints_.end(),
              [](const auto& a, const auto& b) { return a.thing < b.thing; });
  }
  [[nodiscard]] std::optional<metering::Checkpoint> Find(const metering::ThingId& thing) const {
    const auto at = std::lower_bound(checkpoints_.begin(), checkpoints_.end(), thing,
                                     [](const metering::Checkpoint& entry,
                                        const metering::ThingId& id) { return entry.thing < id; });
    return at != checkpoints_.end() && at->thing == thing ? std::optional(*at) : std::nullopt;
  }

 private:
  std::vector<metering::Checkpoint> checkpoints_;
};

Decision Held(const PeriodTask& task, std::string reason, std::string detail) {
  source::QueryFailure failure;
  failure.disposition = source::Disposition::kOpen;
  failure.reason = std::move(reason);
  failure.detail = std::move(detail);
  return DecideFailure(failure, task.facts);
}

}  // namespace

base::Result<metering::PeriodResult> ConvertPeriod(ledger::Ledger& ledger, PeriodTask& task,
                                                   const metering::ConversionContext& context,
                                                   std::optional<ExactPeriod>* computed) {
  if (task.spec->evaluation != metering::Evaluation::kExact) {
    return metering::ConvertAnswers(context, std::move(task.fetched.answers));
  }
  auto state = ledger.ExactStateAt(task.spec_id, task.item.period.begin, task.checkpoint_retention);
  if (!state) {
    return tl::unexpected(state.error());
  }
  const std::int64_t server_before = state->server_id;
  const StateIndex index(std::move(state->checkpoints));
  metering::ExactRequest request;
  request.spec = task.spec.get();
  request.scope_key = task.scope_key;
  request.period = task.item.period;
  request.settle = task.settle;
  request.adjacent = state->adjacent;
  request.find = [&index](const metering::ThingId& thing) { return index.Find(thing); };
  const RawAnswers raw(&task.fetched);
  metering::ExactUsage usage = metering::ComputeExact(request, raw.answers());
  ExactPeriod& exact = computed->emplace();
  exact.needs_history = usage.needs_history;
  exact.suspicious = std::move(usage.suspicious);
  exact.commit.evidence = std::move(usage.evidence);
  exact.commit.checkpoints = std::move(usage.checkpoints);
  exact.commit.warnings = std::move(usage.warnings);
  exact.commit.retention = task.checkpoint_retention;
  if (server_before != 0 && server_before != task.server_id) {
    exact.commit.warnings.emplace_back(
        "the checkpoint is from before another server, version or edge rule");
  }
  std::vector<metering::ScopedAnswer> answers;
  answers.push_back(std::move(usage.answer));
  metering::PeriodResult result = metering::ConvertAnswers(context, std::move(answers));
  result.rejected.insert(result.rejected.end(), std::make_move_iterator(usage.rejected.begin()),
                         std::make_move_iterator(usage.rejected.end()));
  return result;
}

void HoldExact(const ExactPeriod& exact, const PeriodTask& task, Decision* decision) {
  const bool no_history = exact.needs_history && task.history_known != true;
  const bool is_suspicious = !exact.suspicious.empty() && task.spec->exact.on_suspicious_reset ==
                                                              metering::SuspiciousReset::kHold;
  if (decision->state != ledger::PeriodState::kCommitted || (!no_history && !is_suspicious)) {
    return;
  }
  if (task.facts.before && task.facts.before->accepted_at) {
    decision->reason = "accepted";
  } else if (no_history) {
    *decision = Held(task, "history_unknown",
                     "the server's data do not reach back to before the period: whether its "
                     "series began in it cannot be known");
  } else {
    *decision = Held(task, "bad_series", "a suspicious reset: " + exact.suspicious);
  }
}

}  // namespace promtally::collector
