// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <algorithm>

namespace promtally::ledger {

namespace {

std::string ScopeKeyText(const std::optional<std::string>& scope_key) {
  return scope_key ? "scope key \"" + *scope_key + "\"" : "no scope key";
}

}  // namespace

std::string IdentityChange(const Job& known, const Job& job) {
  if (known.schedule.period != job.schedule.period) {
    return "its period is " + base::ToText(base::Milliseconds(known.schedule.period)) +
           " in the ledger, the settings say " +
           base::ToText(base::Milliseconds(job.schedule.period));
  }
  if (known.scope_key != job.scope_key) {
    return "it has " + ScopeKeyText(known.scope_key) + " in the ledger, the settings say " +
           ScopeKeyText(job.scope_key);
  }
  return {};
}

const SpecVersion& VersionFor(const Spec& spec, base::Instant begin) {
  const auto later = std::upper_bound(spec.versions.begin(), spec.versions.end(), begin,
                                      [](base::Instant instant, const SpecVersion& version) {
                                        return instant < version.valid_from;
                                      });
  return later == spec.versions.begin() ? spec.versions.front() : *std::prev(later);
}

}  // namespace promtally::ledger
