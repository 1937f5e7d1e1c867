// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "collector/round.h"

namespace promtally::collector {

using base::Instant;
using ledger::PeriodState;

Instant Now(const RoundContext& context) {
  const Instant local = context.clock();
  std::optional<base::Milliseconds> behind;
  for (const auto& [name, gate] : context.gates) {
    behind = std::min(behind.value_or(base::Milliseconds::max()), gate->ClockBehind(local));
  }
  return local - behind.value_or(base::Milliseconds(0));
}

std::size_t RoundReport::Count(PeriodState state) const {
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
