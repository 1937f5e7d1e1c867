// SPDX-License-Identifier: Apache-2.0
#include "exposition/change_checker.h"

#include <string>
#include <utility>

namespace promtally::exposition {

ChangeChecker::ChangeChecker(const MetricDefinition& definition, const StoreLimits& limits)
    : family_(std::make_shared<const MetricFamily>(definition, base::Instant(), 0,
                                                   std::make_shared<TextArena>())),
      limits_(limits) {}

base::Result<std::vector<CheckedChange>> ChangeChecker::Check(
    std::span<const SampleChange> changes) const {
  return CheckChanges(*family_, changes, limits_);
}

base::Result<std::vector<CheckedChange>> CheckChanges(const MetricFamily& family,
                                                      std::span<const SampleChange> changes,
                                                      const StoreLimits& limits) {
  std::vector<CheckedChange> checked;
  checked.reserve(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    auto one = family.Check(changes[i], limits);
    if (!one) {
      return changes.size() == 1 ? tl::unexpected(one.error())
                                 : base::Fail("sample " + std::to_string(i + 1) + " of " +
                                                  std::to_string(changes.size()),
                                              one.error());
    }
    checked.push_back(*std::move(one));
  }
  return checked;
}

}  // namespace promtally::exposition
