// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "exposition/metric_family.h"
#include "promtally/base/result.h"

namespace promtally::exposition {

/// Looks at changes of a metric apart from the store that has it: all that is needed is the
/// metric's definition, of which it keeps a copy. Immutable, any thread; copies share what they
/// hold.
class ChangeChecker {
 public:
  ChangeChecker(const MetricDefinition& definition, const StoreLimits& limits);

  [[nodiscard]] const MetricDefinition& definition() const { return family_->definition(); }

  /// What MetricStore::Apply takes; kInvalidArgument for the first change that can never be taken.
  [[nodiscard]] base::Result<std::vector<CheckedChange>> Check(
      std::span<const SampleChange> changes) const;

 private:
  std::shared_ptr<const MetricFamily> family_;  // without series
  StoreLimits limits_;
};

/// The same for a family that is at hand; on the thread that owns it.
[[nodiscard]] base::Result<std::vector<CheckedChange>> CheckChanges(
    const MetricFamily& family, std::span<const SampleChange> changes, const StoreLimits& limits);

}  // namespace promtally::exposition
