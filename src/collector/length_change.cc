// SPDX-License-Identifier: Apache-2.0
#include "collector/length_change.h"

#include <algorithm>

namespace promtally::collector {

namespace {

using base::Instant;
using metering::Period;

/// The parts of time without rows that no whole period of the length covers. `at` is where the rows
/// begin; behind the last of them there is no end.
std::vector<Period> Rests(const std::vector<ledger::PeriodSummary>& rows, Instant at,
                          base::Seconds length) {
  std::vector<Period> rests;
  const auto add = [&rests](Instant begin, Instant end) {
    if (begin < end) {
      rests.push_back({begin, end});
    }
  };
  for (const ledger::PeriodSummary& row : rows) {
    if (at < row.begin) {
      const Instant first = metering::AlignUp(at, length);
      const Instant last = metering::AlignDown(row.begin, length);
      if (first < last) {
        add(at, first);
        add(last, row.begin);
      } else {
        add(at, row.begin);
      }
    }
    at = std::max(at, row.end);
  }
  add(at, metering::AlignUp(at, length));
  return rests;
}

}  // namespace

base::Status KeepTimeBetween(ledger::Ledger& ledger, const LengthChange& change,
                             const ledger::Spec& spec, std::vector<std::string>* warnings) {
  const auto rows = ledger.Periods(spec.id, spec.first_period);
  if (!rows) {
    return tl::unexpected(rows.error());
  }
  std::vector<ledger::PeriodEntry> entries;
  for (const Period& rest : Rests(*rows, spec.first_period, change.after)) {
    if (spec.retired_at && rest.begin >= *spec.retired_at) {
      continue;
    }
    const bool is_whole = metering::IsAligned(rest.begin, change.before) &&
                          metering::IsAligned(rest.end, change.before);
    warnings->push_back("job \"" + change.job + "\": \"" + spec.name + "\" from " +
                        base::ToText(rest.begin) + " to " + base::ToText(rest.end) + " is " +
                        (is_whole ? "collected in periods of " +
                                        base::ToText(base::Milliseconds(change.before)) +
                                        ", as before the change"
                                  : "in no period of the old or the new length: it is not "
                                    "collected, and verify calls it a gap"));
    for (Instant begin = rest.begin; is_whole && begin < rest.end; begin += change.before) {
      ledger::PeriodEntry& entry = entries.emplace_back();
      entry.spec_id = spec.id;
      entry.version_id = ledger::VersionFor(spec, begin).id;
      entry.period = metering::PeriodAt(begin, change.before);
      entry.reason = "pending";
    }
  }
  return entries.empty() ? base::Status() : ledger.RecordAttempts(entries);
}

}  // namespace promtally::collector
