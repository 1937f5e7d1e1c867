// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <utility>

#include "promtally/base/time.h"

namespace promtally::metering {

/// [begin, end) in UTC, aligned to the Unix epoch. A sample at t belongs to the period with begin <
/// t <= end.
struct Period {
  base::Instant begin;
  base::Instant end;
  friend auto operator<=>(const Period&, const Period&) = default;
};

/// True when `length` is a positive whole number of seconds that divides a day (86,400 s).
[[nodiscard]] bool IsPeriodLength(base::Milliseconds length);
[[nodiscard]] bool IsAligned(base::Instant instant, base::Seconds length);
/// The newest aligned instant at or before / the oldest at or after `instant`.
[[nodiscard]] base::Instant AlignDown(base::Instant instant, base::Seconds length);
[[nodiscard]] base::Instant AlignUp(base::Instant instant, base::Seconds length);
[[nodiscard]] inline Period PeriodAt(base::Instant begin, base::Seconds length) {
  return {begin, begin + length};
}

/// When periods of a job may be asked for.
struct SchedulePolicy {
  base::Seconds period{3600};
  int wait_periods = 2;  ///< >= 1
  base::Milliseconds settle{300000};
};

/// max(begin + wait_periods × period, end + settle): with 3600 s and 2, one hour after the end, as
/// CloudKitty does.
[[nodiscard]] base::Instant DueAt(const SchedulePolicy& policy, base::Instant begin);
/// The newest begin whose period is due at `now`.
[[nodiscard]] base::Instant NewestDue(const SchedulePolicy& policy, base::Instant now);
/// The newest begin whose end + settle is not after `now`.
[[nodiscard]] base::Instant NewestComplete(const SchedulePolicy& policy, base::Instant now);

/// The first period of a spec when it is first seen: the job's `start`, or the newest complete
/// period; for a spec that joins a job which already has specs, the period that follows `now`
/// (unless it asks for the start by `backfill`).
struct FirstSeen {
  std::optional<base::Instant> job_start;
  bool job_is_new = true;
  bool backfill = false;
};
[[nodiscard]] base::Instant FirstPeriod(const SchedulePolicy& policy, const FirstSeen& seen,
                                        base::Instant now);

/// How long to wait after the n-th failed attempt (n from 1): 0.5 s × 2ⁿ, at most `cap`.
[[nodiscard]] base::Milliseconds RetryDelay(int attempt, base::Milliseconds cap);

}  // namespace promtally::metering
