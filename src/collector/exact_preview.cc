// SPDX-License-Identifier: Apache-2.0
#include "collector/exact_preview.h"

#include <iterator>
#include <utility>

#include "collector/raw_answers.h"

namespace promtally::collector {

void ExactPreview::Start(base::Instant begin, bool adjacent,
                         const std::vector<metering::Checkpoint>& state) {
  state_.clear();
  for (const metering::Checkpoint& checkpoint : state) {
    state_[checkpoint.thing] = checkpoint;
  }
  last_end_ = begin;
  adjacent_ = adjacent;
}

metering::PeriodResult ExactPreview::Convert(const metering::ConversionContext& context,
                                             metering::Period period, base::Milliseconds settle,
                                             FetchResult* fetched, bool with_steps) {
  if (last_end_ != period.begin) {
    state_.clear();
    adjacent_ = false;
  }
  metering::ExactRequest request;
  request.spec = context.spec;
  request.scope_key = context.scope_key;
  request.period = period;
  request.settle = settle;
  request.adjacent = adjacent_;
  request.with_steps = with_steps;
  request.starts = &fetched->starts;
  request.find = [this](const metering::ThingId& thing) -> std::optional<metering::Checkpoint> {
    const auto at = state_.find(thing);
    return at == state_.end() ? std::nullopt : std::optional(at->second);
  };
  {
    const RawAnswers raw(fetched);
    usage_ = metering::ComputeExact(request, raw.answers());
  }
  for (const metering::Checkpoint& checkpoint : usage_.checkpoints) {
    state_[checkpoint.thing] = checkpoint;
  }
  last_end_ = period.end;
  adjacent_ = true;
  std::vector<metering::ScopedAnswer> answers;
  answers.push_back(std::move(usage_.answer));
  metering::PeriodResult result = metering::ConvertAnswers(context, std::move(answers));
  result.rejected.insert(result.rejected.end(), usage_.rejected.begin(), usage_.rejected.end());
  return result;
}

}  // namespace promtally::collector
