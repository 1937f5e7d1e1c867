// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

#include "exposition/metric_store.h"
#include "promtally/base/time.h"
#include "web/http.h"
#include "web/icos_body.h"

namespace promtally::web {

/// `/create_metric` and `/unregister_metric` of the ICOS Metrics Export service, for its clients:
/// names, defaults, texts and status as there. What differs on purpose: nothing is half made, each
/// refusal is a 4xx with a reason, names and texts are checked, so that no request can break the
/// page. Loop thread.
class IcosRoutes {
 public:
  IcosRoutes(exposition::MetricStore& store, std::function<base::Instant()> clock,
             std::size_t json_depth)
      : store_(store), clock_(std::move(clock)), json_depth_(json_depth) {}

  [[nodiscard]] Response CreateMetric(const Request& request);
  [[nodiscard]] Response UnregisterMetric(const Request& request);

 private:
  exposition::MetricStore& store_;
  const std::function<base::Instant()> clock_;
  const std::size_t json_depth_;
};

}  // namespace promtally::web
