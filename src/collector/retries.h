// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "collector/source_gate.h"

namespace promtally::collector {

/// When a failed request is sent again within a run: three tries, with full jitter between them, as
/// long as the source is not given up. Loop thread only.
struct Retries {
  std::shared_ptr<SourceGate> gate;
  bool none = false;  ///< the first failure is the answer

  [[nodiscard]] bool May(const source::QueryFailure& failure, int attempt) const;
  /// Calls `then` after the wait that follows `attempt`, unless the gate abandons it.
  void Later(const source::QueryFailure& failure, int attempt, std::function<void()> then) const;
};

/// The failure of what is too much and cannot be asked in smaller parts.
[[nodiscard]] source::QueryFailure Unsplittable(source::QueryFailure failure);

}  // namespace promtally::collector
