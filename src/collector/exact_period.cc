// SPDX-License-Identifier: Apache-2.0
#include "collector/exact_period.h"

#include <algorithm>
#include <utility>

#include "collector/raw_answers.h"
#include "ledger/accept.h"

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

/// The first sample that any series has in the period.
std::optional<base::Instant> FirstOf(const std::vector<metering::UsageEvidence>& evidence) {
  std::optional<base::Instant> first;
  for (const metering::UsageEvidence& one : evidence) {
    const base::Instant at(base::Milliseconds(one.first_ms));
    if (one.samples > 0 && (!first || at < *first)) {
      first = at;
    }
  }
  return first;
}

base::Instant HistoryOf(const PeriodTask& task) {
  return task.item.period.begin - task.spec->exact.max_gap;
}

bool BeginsLate(const ExactPeriod& exact, const PeriodTask& task) {
  return exact.first && *exact.first > task.item.period.begin + task.spec->exact.max_gap;
}

/// Known, and known to be missing: only then is a beginning lost.
bool IsLost(const ExactPeriod& exact, const PeriodTask& task) {
  const auto at = task.has_data.find(task.item.period.begin);
  return BeginsLate(exact, task) && at != task.has_data.end() && at->second == false;
}

bool HasHistory(const PeriodTask& task) {
  const auto at = task.has_data.find(HistoryOf(task));
  return at != task.has_data.end() && at->second == true;
}

void Lose(const ExactPeriod& exact, const PeriodTask& task, Decision* decision) {
  source::QueryFailure failure;
  failure.disposition = source::Disposition::kPermanent;
  failure.reason = "lost";
  failure.detail = std::string(ledger::kPartlyLost) + base::ToText(task.item.period.begin) +
                   " to " + base::ToText(*exact.first);
  *decision = DecideFailure(failure, task.facts);
}

}  // namespace

base::Result<std::optional<base::Instant>> AskOfPast(ledger::Ledger& ledger,
                                                     const ExactPeriod& exact,
                                                     const PeriodTask& task) {
  const base::Instant begin = task.item.period.begin;
  if (exact.needs_history && !task.has_data.contains(HistoryOf(task))) {
    return HistoryOf(task);
  }
  if (!BeginsLate(exact, task) || task.has_data.contains(begin)) {
    return std::nullopt;
  }
  if (task.server.retention && begin < task.facts.now - *task.server.retention) {
    return begin;
  }
  auto had_series = ledger.LastAnswerHadSeries(task.spec_id, begin);
  if (!had_series) {
    return tl::unexpected(had_series.error());
  }
  return had_series->value_or(false) ? std::optional(begin) : std::nullopt;
}

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
  request.starts = &task.fetched.starts;
  const RawAnswers raw(&task.fetched);
  metering::ExactUsage usage = metering::ComputeExact(request, raw.answers());
  ExactPeriod& exact = computed->emplace();
  exact.needs_history = usage.needs_history;
  exact.suspicious = std::move(usage.suspicious);
  exact.first = FirstOf(usage.evidence);
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
  const bool is_lost = IsLost(exact, task);
  const bool no_history = exact.needs_history && !HasHistory(task);
  const bool is_suspicious = !exact.suspicious.empty() && task.spec->exact.on_suspicious_reset ==
                                                              metering::SuspiciousReset::kHold;
  if (decision->state != ledger::PeriodState::kCommitted ||
      (!is_lost && !no_history && !is_suspicious)) {
    return;
  }
  if (task.facts.before && task.facts.before->accepted_at) {
    decision->reason = "accepted";
  } else if (is_lost) {
    Lose(exact, task, decision);
  } else if (no_history) {
    *decision = Held(task, "history_unknown",
                     "the server's data do not reach back to before the period: whether its "
                     "series began in it cannot be known");
  } else {
    *decision = Held(task, "bad_series", "a suspicious reset: " + exact.suspicious);
  }
}

}  // namespace promtally::collector
