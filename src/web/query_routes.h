// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "collector/catalogue.h"
#include "promtally/base/time.h"
#include "web/router.h"

namespace promtally::web {

using ConfiguredJobs = std::shared_ptr<const std::vector<collector::ConfiguredJob>>;

/// `/api/v1/queries`: the PromQL that the configured jobs send, as the dry run prints it. Without a
/// range it is that of each job's newest complete period. Loop thread.
class QueryRoutes {
 public:
  QueryRoutes(ConfiguredJobs jobs, std::function<base::Instant()> clock)
      : jobs_(std::move(jobs)), clock_(std::move(clock)) {}

  /// After a reload.
  void SetJobs(ConfiguredJobs jobs) { jobs_ = std::move(jobs); }

  [[nodiscard]] Response Queries(const Call& call) const;

 private:
  ConfiguredJobs jobs_;
  const std::function<base::Instant()> clock_;
};

}  // namespace promtally::web
