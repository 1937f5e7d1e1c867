// SPDX-License-Identifier: Apache-2.0
#include "web/query_routes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "delivery/json_lines.h"
#include "promtally/metering/query_builder.h"
#include "promtally/metering/query_parts.h"
#include "promtally/metering/scope_filter.h"
#include "web/parameters.h"

namespace promtally::web {
namespace {

constexpr std::size_t kMostQueries = 20000;  // and periods

/// What is asked for.
struct Asked {
  std::vector<std::string> jobs;
  std::vector<std::string> names;
  std::vector<std::string> scopes;
  bool per_scope = false;
  std::optional<base::Instant> begin;
  std::optional<base::Instant> end;
  base::Instant now;
};

bool IsAmong(const std::vector<std::string>& wanted, const std::string& name) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
}

/// The lines of all jobs; stops above kMostQueries.
class Lines {
 public:
  explicit Lines(const Asked& asked) : asked_(asked) {}

  void Add(const collector::ConfiguredJob& job) {
    const base::Seconds length = job.settings.schedule.period;
    const base::Instant newest = metering::AlignDown(asked_.now, length) - length;
    const base::Instant begin = metering::AlignUp(
        asked_.begin.value_or(asked_.end ? *asked_.end - length : newest), length);
    const base::Instant end = asked_.end.value_or(newest + length);
    std::vector<const metering::MetricSpec*> specs;
    for (const metering::MetricSpec& spec : job.specs) {
      if (IsAmong(asked_.names, spec.name)) {
        specs.push_back(&spec);
      }
    }
    for (base::Instant at = begin; at + length <= end && !specs.empty() && !IsFull();
         at += length) {
      for (const metering::MetricSpec* spec : specs) {
        Add(job.settings, *spec, metering::PeriodAt(at, length));
      }
      ++count_;  // also of what has no query: time is bounded too
    }
  }

  [[nodiscard]] bool IsFull() const { return count_ > kMostQueries; }
  [[nodiscard]] std::string ToJson() const { return "{\"queries\":[" + json_ + "]}"; }

 private:
  void Add(const config::JobSettings& job, const metering::MetricSpec& spec,
           const metering::Period& period) {
    const auto filter = metering::ScopeFilter::Make(job.include_scopes, job.exclude_scopes);
    const std::vector<std::string> listed =
        filter ? filter->ListedScopes() : std::vector<std::string>();
    const auto parts = metering::PartsOf(
        spec, job.scope_key, asked_.scopes.empty() ? listed : asked_.scopes, asked_.per_scope);
    for (const metering::QueryPart& part : parts.parts) {
      json_ += json_.empty() ? "" : ",";
      json_ += delivery::ToJson(delivery::QueryLine{
          job.job, spec.metric, spec.name, part.asked,
          metering::BuildQuery(spec, job.scope_key, part.scopes, job.schedule.period), period.end});
      ++count_;
    }
  }

  const Asked& asked_;
  std::string json_;
  std::size_t count_ = 0;  // of queries and periods
};

}  // namespace

Response QueryRoutes::Queries(const Call& call) const {
  Parameters parameters(call.request, {"job", "name", "scope", "begin", "end", "per_scope"});
  Asked asked;
  asked.now = clock_();
  asked.jobs = parameters.Texts("job");
  asked.names = parameters.Texts("name");
  asked.scopes = parameters.Texts("scope");
  asked.per_scope = parameters.Flag("per_scope");
  asked.begin = parameters.Time("begin", asked.now);
  asked.end = parameters.Time("end", asked.now);
  if (asked.begin && asked.end && *asked.end <= *asked.begin) {
    parameters.Add("end must be after begin");
  }
  if (asked.per_scope && asked.scopes.empty()) {
    parameters.Add("per_scope needs the scopes: scope=…");
  }
  if (!parameters.IsSound()) {
    return parameters.Refusal();
  }
  Lines lines(asked);
  for (const collector::ConfiguredJob& job : *jobs_) {
    if (IsAmong(asked.jobs, job.settings.job)) {
      lines.Add(job);
    }
  }
  return lines.IsFull() ? ProblemResponse(400,
                                          "these are more than 10000 queries: ask for a "
                                          "shorter range, or fewer jobs, names or scopes")
                        : JsonResponse(200, lines.ToJson());
}

}  // namespace promtally::web
