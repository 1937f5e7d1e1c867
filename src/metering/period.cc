// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/period.h"

#include <algorithm>

namespace promtally::metering {

using base::Instant;
using base::Milliseconds;
using base::Seconds;

bool IsPeriodLength(Milliseconds length) {
  constexpr Milliseconds kDay{86'400'000};
  return length.count() > 0 && length % Seconds(1) == Milliseconds(0) &&
         kDay % length == Milliseconds(0);
}

bool IsAligned(Instant instant, Seconds length) { return AlignDown(instant, length) == instant; }

Instant AlignDown(Instant instant, Seconds length) {
  const Milliseconds since_epoch = instant.time_since_epoch();
  Milliseconds rest = since_epoch % Milliseconds(length);
  if (rest.count() < 0) {
    rest += length;
  }
  return Instant(since_epoch - rest);
}

Instant AlignUp(Instant instant, Seconds length) {
  const Instant down = AlignDown(instant, length);
  return down == instant ? down : down + length;
}

Instant DueAt(const SchedulePolicy& policy, Instant begin) {
  return std::max(begin + policy.wait_periods * policy.period,
                  begin + policy.period + policy.settle);
}

Instant NewestDue(const SchedulePolicy& policy, Instant now) {
  const Milliseconds wait =
      std::max<Milliseconds>(policy.wait_periods * policy.period, policy.period + policy.settle);
  return AlignDown(now - wait, policy.period);
}

Instant NewestComplete(const SchedulePolicy& policy, Instant now) {
  return AlignDown(now - policy.period - policy.settle, policy.period);
}

Instant FirstPeriod(const SchedulePolicy& policy, const FirstSeen& seen, Instant now) {
  if (seen.job_start && (seen.job_is_new || seen.backfill)) {
    return *seen.job_start;
  }
  return seen.job_is_new || seen.backfill ? NewestComplete(policy, now)
                                          : AlignUp(now, policy.period);
}

Milliseconds RetryDelay(int attempt, Milliseconds cap) {
  Milliseconds delay(500);
  for (int i = 0; i < attempt && delay < cap; ++i) {
    delay *= 2;
  }
  return std::min(delay, cap);
}

}  // namespace promtally::metering
