// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "collector/period_fetch.h"
#include "unit/collector/scripted_source.h"

namespace promtally::collector {

/// The first hour of a day.
inline constexpr base::Instant kBegin = base::FromUnixSeconds(1748736000);
inline constexpr metering::Period kPeriod{kBegin, kBegin + std::chrono::hours(1)};

/// Fetches from a ScriptedSource: `requests` by project_id, of the first hour.
class PeriodFetchTest : public ::testing::Test {
 protected:
  PeriodFetchTest();

  FetchResult Run();
  /// Fails the first `times` queries with what `failure` makes.
  void FailFirst(int times, std::function<source::QueryOutcome()> failure);
  void Discoverable(std::vector<std::string> scopes);

  boost::asio::io_context loop_;
  std::shared_ptr<SourceScript> script_ = std::make_shared<SourceScript>();
  std::shared_ptr<SourceGate> gate_;
  metering::MetricSpec spec_;
  FetchRequest request_;
  int concurrency_ = 2;
  std::atomic<int> answered_ = 0;
};

/// p1000, p1001, …
[[nodiscard]] std::vector<std::string> Scopes(int count);

/// Answers a query that names at most `most` scopes, and finds any other too much.
[[nodiscard]] std::function<source::QueryOutcome(const AskedQuery&)> AtMost(std::size_t most,
                                                                            bool over_byte_limit);

}  // namespace promtally::collector
