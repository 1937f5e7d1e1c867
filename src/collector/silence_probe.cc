// SPDX-License-Identifier: Apache-2.0
#include "collector/silence_probe.h"

#include <string>
#include <utility>

namespace promtally::collector {

SilenceProbe::SilenceProbe(std::shared_ptr<SourceGate> gate, std::optional<base::Instant> up_since,
                           std::function<void(base::Instant)> on_up)
    : gate_(std::move(gate)), up_since_(up_since), on_up_(std::move(on_up)) {}

void SilenceProbe::LookForUp(metering::Period period, std::function<void()> done) {
  if (up_since_) {
    done();
  } else {
    AskUp(period, std::move(done));
  }
}

void SilenceProbe::Explain(metering::Period period, std::function<void(Finding)> done) {
  auto finding = std::make_shared<Finding>();
  const auto then = [self = shared_from_this(), period, finding, done = std::move(done)] {
    const bool had_up = self->up_since_ && *self->up_since_ < period.end;
    finding->went_silent = had_up && !self->up_[period];
    done(*finding);
  };
  if (data_since_ && *data_since_ <= period.end) {
    AskUp(period, then);
    return;
  }
  ++asking_;
  gate_->HasDataUpTo(
      period.end, [self = shared_from_this(), period, finding, then](std::optional<bool> has_data) {
        --self->asking_;
        finding->before_oldest_data = has_data == false;
        if (has_data == true) {
          self->data_since_ = period.end;
        }
        self->AskUp(period, then);
      });
}

void SilenceProbe::AskUp(metering::Period period, std::function<void()> then) {
  if (up_.contains(period)) {
    then();
    return;
  }
  auto& waiting = waiting_for_up_[period];
  waiting.push_back(std::move(then));
  if (waiting.size() > 1) {
    return;  // asked already
  }
  const auto seconds = std::chrono::duration_cast<base::Seconds>(period.end - period.begin).count();
  ++asking_;
  gate_->Query("sum(count_over_time(up[" + std::to_string(seconds) + "s]))", period.end, 1,
               [self = shared_from_this(), period](const source::QueryOutcome& outcome) {
                 --self->asking_;
                 self->OnUp(period, outcome);
                 for (const auto& answered : std::exchange(self->waiting_for_up_[period], {})) {
                   answered();
                 }
               });
}

void SilenceProbe::OnUp(metering::Period period, const source::QueryOutcome& outcome) {
  const bool up = !outcome.failure && outcome.answer.size() > 0;
  up_[period] = up;
  if (up && (!up_since_ || period.end < *up_since_)) {
    up_since_ = period.end;
    on_up_(period.end);
  }
}

}  // namespace promtally::collector
