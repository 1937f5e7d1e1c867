// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/piece_reader.h"
#include "exposition/text_encoder.h"
#include "promtally/base/time.h"

namespace promtally::exposition {

/// What Linux says of this process, in base units; a field that cannot be had is absent.
struct ProcessFigures {
  std::optional<double> virtual_memory_bytes;
  std::optional<double> resident_memory_bytes;
  std::optional<double> start_time_seconds;  ///< Unix seconds
  std::optional<double> cpu_seconds;         ///< user and system
  std::optional<double> open_fds;
  std::optional<double> max_fds;  ///< the soft limit; absent when there is none
};

/// Units of /proc/self/stat.
struct ProcessUnits {
  double ticks_per_second = 100;
  double page_bytes = 4096;
};

/// Reads the text of /proc/self/stat; start_time_seconds then counts from the boot. The command
/// name may hold blanks and parentheses. All absent when the text is not one.
[[nodiscard]] ProcessFigures ParseProcessStat(std::string_view text, const ProcessUnits& units);
/// `btime` of /proc/stat: when the machine was booted, Unix seconds.
[[nodiscard]] std::optional<double> ParseBootTime(std::string_view text);

/// Asks the kernel now. `fallback_start` stands in for the start time where /proc/stat is hidden
/// (systemd with ProcSubset=pid). Any thread.
[[nodiscard]] ProcessFigures ReadProcessFigures(base::Instant fallback_start);

/// The process_* families, those that the filter takes.
void AppendProcessMetrics(std::string& out, const ProcessFigures& figures,
                          const PageStyle& style = {}, const NameFilter& filter = {});

}  // namespace promtally::exposition
