// SPDX-License-Identifier: Apache-2.0
#include "collector/up_probe.h"

#include <charconv>
#include <string>
#include <utility>

namespace promtally::collector {

namespace {

/// The number that `sum(count_over_time(up[…]))` answered: a count, so it has no fraction.
std::optional<std::int64_t> CountOf(const metering::Answer& answer) {
  if (answer.size() == 0) {
    return 0;
  }
  const std::string_view text = answer.value(0);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size() || count < 0) {
    return std::nullopt;
  }
  return count;
}

}  // namespace

UpProbe::UpProbe(std::shared_ptr<SourceGate> gate, std::optional<base::Instant> up_since,
                 OnSamples on_samples)
    : gate_(std::move(gate)), up_since_(up_since), on_samples_(std::move(on_samples)) {}

void UpProbe::LookForUp(metering::Period period, std::function<void()> done) {
  if (up_since_) {
    done();
  } else {
    Ask(period, std::move(done));
  }
}

void UpProbe::Explain(metering::Period period, std::function<void(Finding)> done) {
  auto finding = std::make_shared<Finding>();
  const auto then = [self = shared_from_this(), period, finding, done = std::move(done)] {
    const bool had_up = self->up_since_ && *self->up_since_ < period.end;
    finding->went_silent = had_up && self->SamplesOf(period).value_or(0) == 0;
    done(*finding);
  };
  if (data_since_ && *data_since_ <= period.end) {
    Ask(period, then);
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
        self->Ask(period, then);
      });
}

void UpProbe::Ask(metering::Period period, std::function<void()> done) {
  if (samples_.contains(period)) {
    done();
    return;
  }
  auto& waiting = waiting_[period];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) {
    return;  // asked already
  }
  const auto seconds = std::chrono::duration_cast<base::Seconds>(period.end - period.begin).count();
  ++asking_;
  gate_->Query("sum(count_over_time(up[" + std::to_string(seconds) + "s]))", period.end, 1,
               [self = shared_from_this(), period](const source::QueryOutcome& outcome) {
                 --self->asking_;
                 self->OnUp(period, outcome);
                 for (const auto& answered : std::exchange(self->waiting_[period], {})) {
                   answered();
                 }
               });
}

std::optional<std::int64_t> UpProbe::SamplesOf(metering::Period period) const {
  const auto at = samples_.find(period);
  return at == samples_.end() ? std::nullopt : at->second;
}

void UpProbe::OnUp(metering::Period period, const source::QueryOutcome& outcome) {
  const auto samples = outcome.failure ? std::nullopt : CountOf(outcome.answer);
  samples_[period] = samples;
  if (!samples) {
    return;
  }
  if (*samples > 0 && (!up_since_ || period.end < *up_since_)) {
    up_since_ = period.end;
  }
  on_samples_(period, *samples);
}

}  // namespace promtally::collector
