// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/source_gate.h"
#include "promtally/metering/exact_usage.h"
#include "promtally/metering/metric_spec.h"
#include "promtally/metering/period_result.h"
#include "promtally/metering/query_builder.h"
#include "promtally/metering/query_mode.h"

namespace promtally::collector {

/// What is to be asked for one spec and period.
struct FetchRequest {
  std::shared_ptr<const metering::MetricSpec> spec;
  std::optional<std::string> scope_key;
  metering::Period period;
  std::shared_ptr<const metering::ScopeFilter> filter;  ///< nullptr: all scopes
  std::vector<std::string> scopes;  ///< by hand, or listed in the settings; empty: all
  bool per_scope = false;           ///< by hand: one query a scope even where one for all would do
  std::size_t batch = 0;            ///< scopes a query that worked before; 0: all in one query
  /// Raw samples are asked for, of that range around the period.
  std::optional<metering::RawRange> raw;
  bool without_begin = false;          ///< a server's window would take a sample at begin as well
  bool no_retries = false;             ///< a preview: the first failure is the answer
  std::size_t max_series = 1'000'000;  ///< of the period; no more is asked once there are more
  /// Called whenever the source may have room for others: a next try is waited for, or the last
  /// queries are in flight.
  std::function<void()> on_room;
};

/// One query of a period that was answered.
struct FetchedQuery {
  std::string text;
  base::Instant time;
  std::optional<std::string> scope;
  std::uint64_t series = 0;
  std::uint64_t bytes = 0;
  std::chrono::microseconds wall{0};
  std::string annotations;
};

struct FetchResult {
  std::vector<metering::ScopedAnswer> answers;  ///< one for each of `queries`
  std::vector<metering::RawSamples> samples;    ///< of raw answers, one for each of `answers`
  std::vector<metering::RawAnswer>
      starts;                         ///< of series' start timestamps, where a spec wants them
  std::vector<FetchedQuery> queries;  ///< those of `answers`, then those of `starts`
  std::vector<metering::RejectedSeries>
      rejected;  ///< scopes whose own query failed for good (query_error)
  std::optional<source::QueryFailure>
      failure;            ///< kPermanent: the period failed; else it stays open
  int attempts = 0;       ///< requests that were tried for the slowest query
  std::size_t batch = 0;  ///< that worked; 0: all in one query
};

/// Asks a source for one spec and period: chooses the mode, discovers scopes, sends the queries (no
/// more at a time than the source takes), tries again with full jitter (three tries), splits what
/// is too large. Calls `done` exactly once, on the loop, unless the gate is told to abandon what
/// was asked. Loop thread only.
void FetchSeries(const std::shared_ptr<SourceGate>& gate, FetchRequest request,
                 std::function<void(FetchResult)> done);

/// The same, and behind it the start timestamps of the series where the spec bills first samples by
/// them: both, or a failure.
void Fetch(const std::shared_ptr<SourceGate>& gate, FetchRequest request,
           std::function<void(FetchResult)> done);

}  // namespace promtally::collector
