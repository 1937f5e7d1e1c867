// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

#include "exposition/metric_store.h"
#include "promtally/base/time.h"
#include "web/body_thread.h"
#include "web/router.h"

namespace promtally::web {

/// The routes below `/api/v1/metrics`: metrics are made, changed, listed and removed. A change is
/// done as a whole or not at all. Loop thread; large bodies are read on `bodies`, which may be null
/// (then nothing is) and else outlives it.
class MetricRoutes {
 public:
  MetricRoutes(exposition::MetricStore& store, std::function<base::Instant()> clock,
               std::size_t json_depth, BodyThread* bodies)
      : store_(store), clock_(std::move(clock)), json_depth_(json_depth), bodies_(bodies) {}

  [[nodiscard]] Response Create(const Call& call);
  [[nodiscard]] Response Change(const Call& call);
  [[nodiscard]] Response List(const Call& call) const;
  [[nodiscard]] Response Show(const Call& call) const;
  [[nodiscard]] Response Remove(const Call& call);
  [[nodiscard]] Response RemoveSeries(const Call& call);

 private:
  [[nodiscard]] Response ChangeMany(const Call& call, const std::string& family);

  exposition::MetricStore& store_;
  const std::function<base::Instant()> clock_;
  const std::size_t json_depth_;
  BodyThread* const bodies_;
};

}  // namespace promtally::web
