// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "promtally/base/result.h"

namespace promtally::base {

using Seconds = std::chrono::seconds;
using Milliseconds = std::chrono::milliseconds;
/// A point in time, UTC. Steady time never leaves the runtime.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

[[nodiscard]] constexpr Instant FromUnixSeconds(std::int64_t seconds) {
  return Instant(Seconds(seconds));
}
[[nodiscard]] constexpr std::int64_t ToUnixSeconds(Instant instant) {
  return std::chrono::floor<Seconds>(instant).time_since_epoch().count();
}

/// RFC 3339 in UTC: `2025-06-01T02:00:00Z`, with `.250` only where there are milliseconds.
[[nodiscard]] std::string ToText(Instant instant);

/// RFC 3339 (any offset, `Z`, up to nanoseconds which are cut to milliseconds) or Unix seconds
/// (`1748743200`, `1748743200.5`). kParse otherwise. Years 1970 to 9999.
[[nodiscard]] Result<Instant> ParseInstant(std::string_view text);

/// As ParseInstant, and relative to `now`: `now`, `-24h`, `+90m`.
[[nodiscard]] Result<Instant> ParseTimeArgument(std::string_view text, Instant now);

/// Prometheus' durations, each unit once and in this order: `1d12h`, `90s`, `250ms`; units y w d h
/// m s ms; `0` alone is allowed. kParse otherwise, also on overflow.
[[nodiscard]] Result<Milliseconds> ParseDuration(std::string_view text);

/// The shortest exact form: `1h`, `1h30m`, `90s` as `1m30s`, `0s`.
[[nodiscard]] std::string ToText(Milliseconds duration);

/// An HTTP date (`Sun, 22 Nov 2026 10:04:30 GMT`), as servers send it in `Date` and `Retry-After`.
[[nodiscard]] Result<Instant> ParseHttpDate(std::string_view text);

}  // namespace promtally::base
