// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace promtally::promql {

/// A number as Prometheus reads it: integers of base 10, 16 (`0x1f`) and 8 (`017`), else a decimal
/// fraction with exponent; `_` between digits; `inf` and `nan` in any case. Empty when it is none
/// or too large.
[[nodiscard]] std::optional<double> ReadNumber(std::string_view text);

/// `1h30m`, each unit of y w d h m s ms once and in this order; at most 292 years.
[[nodiscard]] std::optional<std::chrono::nanoseconds> ReadDuration(std::string_view text);

/// Seconds, rounded to nanoseconds; the value is kept within ±292 years.
[[nodiscard]] std::chrono::nanoseconds FromSeconds(double seconds);
[[nodiscard]] bool IsDurationInRange(double seconds);

/// Shortest digits that read back as the same number, never with an exponent; `+Inf`, `-Inf`,
/// `NaN`.
[[nodiscard]] std::string PrintNumber(double value);

/// Whole milliseconds, as `1h30m`, `-5m`; `0s`. Years and weeks only where nothing is left over.
[[nodiscard]] std::string PrintDuration(std::chrono::nanoseconds duration);

/// A timestamp with three decimals.
[[nodiscard]] std::string PrintSeconds(std::int64_t milliseconds);

}  // namespace promtally::promql
