// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <algorithm>

namespace promtally::ledger {

const SpecVersion& VersionFor(const Spec& spec, base::Instant begin) {
  const auto later = std::upper_bound(spec.versions.begin(), spec.versions.end(), begin,
                                      [](base::Instant instant, const SpecVersion& version) {
                                        return instant < version.valid_from;
                                      });
  return later == spec.versions.begin() ? spec.versions.front() : *std::prev(later);
}

}  // namespace promtally::ledger
