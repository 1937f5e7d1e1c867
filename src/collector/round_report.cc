// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "collector/round.h"

namespace promtally::collector {

std::size_t RoundReport::Count(ledger::PeriodState state) const {
  return static_cast<std::size_t>(
      std::count_if(periods.begin(), periods.end(),
                    [state](const PeriodReport& report) { return report.state == state; }));
}

std::size_t RoundReport::Rejected() const {
  std::size_t rejected = 0;
  for (const PeriodReport& report : periods) {
    rejected += report.rejected;
  }
  return rejected;
}

}  // namespace promtally::collector
