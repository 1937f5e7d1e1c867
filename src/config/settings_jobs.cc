// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "config/exact_reader.h"
#include "config/settings_reader.h"
#include "promtally/base/decimal.h"
#include "promtally/base/labels.h"
#include "promtally/metering/period.h"
#include "promtally/metering/scope_filter.h"

namespace promtally::config {
namespace {

constexpr std::int64_t kMostWaitPeriods = 10'000;

void ReadPeriod(ValueReader& reader, const Node& value, JobSettings& job) {
  const auto period = reader.Duration(value);
  if (!period) {
    return;
  }
  if (!metering::IsPeriodLength(*period)) {
    reader.Wrong(value, "must be whole seconds that divide a day",
                 "such as 1m, 5m, 15m, 1h, 6h or 24h");
    return;
  }
  job.schedule.period = std::chrono::floor<base::Seconds>(*period);
}

void ReadStart(ValueReader& reader, const Node& value, JobSettings& job) {
  const auto scalar = reader.AnyScalar(value, "a time such as 2026-01-01T00:00:00Z");
  if (!scalar) {
    return;
  }
  const auto start = base::ParseInstant(scalar->text);
  if (start) {
    job.start = *start;
  } else {
    reader.Wrong(value, "must be a time such as 2026-01-01T00:00:00Z");
  }
}

void ReadScopeKey(ValueReader& reader, const Node& value, JobSettings& job) {
  const std::optional<std::string> label = reader.NonEmptyText(value);
  if (label && !base::IsLabelName(*label)) {
    reader.Wrong(value, "must be a label name, which " + Quoted(*label) + " is not",
                 "letters, digits and _, not a digit first");
  } else if (label) {
    job.scope_key = *label;
  }
}

// Each entry is checked on its own, so that a bad expression is reported at its place.
void ReadScopeList(ValueReader& reader, const Node& value, std::vector<std::string>& target) {
  if (!reader.IsList(value, "scope ids or /expressions/")) {
    return;
  }
  for (const Node* const item : value.items) {
    std::optional<std::string> scope = reader.NonEmptyText(*item);
    if (!scope) {
      continue;
    }
    const auto filter = metering::ScopeFilter::Make({*scope}, {});
    if (!filter) {
      reader.Wrong(*item, "has a bad expression: " + filter.error().message);
      continue;
    }
    target.push_back(*std::move(scope));
  }
}

constexpr std::array<Field<JobSettings>, 2> kScopes{{
    {"include", [](ValueReader& reader, const Node& value,
                   JobSettings& job) { ReadScopeList(reader, value, job.include_scopes); }},
    {"exclude", [](ValueReader& reader, const Node& value,
                   JobSettings& job) { ReadScopeList(reader, value, job.exclude_scopes); }},
}};

void ReadScopes(ValueReader& reader, const Node& value, JobSettings& job) {
  if (reader.IsMap(value)) {
    reader.ReadMap<JobSettings>(value, "collect[].scopes", {kScopes}, job);
  }
}

void ReadRounding(ValueReader& reader, const Node& value, JobSettings& job) {
  if (const auto word = reader.OneOf(value, {"exact", "cloudkitty"})) {
    job.rounding =
        *word == "exact" ? metering::RoundingMode::kExact : metering::RoundingMode::kCloudKitty;
  }
}

void ReadOnBadSeries(ValueReader& reader, const Node& value, JobSettings& job) {
  if (const auto word = reader.OneOf(value, {"reject", "hold"})) {
    job.on_bad_series = *word == "reject" ? OnBadSeries::kReject : OnBadSeries::kHold;
  }
}

void ReadMinCoverage(ValueReader& reader, const Node& value, JobSettings& job) {
  constexpr std::string_view kRange = "a number from 0 to 1";
  const auto scalar = reader.AnyScalar(value, kRange);
  if (!scalar) {
    return;
  }
  const auto number = base::Decimal::Parse(scalar->text);
  if (scalar->quoted && number) {
    reader.Wrong(value, "must be a number from 0 to 1, not text", "remove the quotes");
  } else if (!number || *number < base::Decimal(0) || base::Decimal(1) < *number) {
    reader.Wrong(value, "must be " + std::string(kRange), "0 switches the check off");
  } else {
    job.min_coverage = number->ToDouble();
  }
}

void ReadName(ValueReader& reader, const Node& value, std::string& target) {
  target = reader.NonEmptyText(value).value_or(target);
}

constexpr std::array<Field<JobSettings>, 18> kJob{{
    {"job", [](ValueReader& reader, const Node& value,
               JobSettings& job) { ReadName(reader, value, job.job); }},
    {"source", [](ValueReader& reader, const Node& value,
                  JobSettings& job) { ReadName(reader, value, job.source); }},
    {"metrics_file", [](ValueReader& reader, const Node& value,
                        JobSettings& job) { ReadName(reader, value, job.metrics_file); }},
    {"period", ReadPeriod},
    {"wait_periods",
     [](ValueReader& reader, const Node& value, JobSettings& job) {
       job.schedule.wait_periods = static_cast<int>(
           reader.Integer(value, 1, kMostWaitPeriods).value_or(job.schedule.wait_periods));
     }},
    {"settle",
     [](ValueReader& reader, const Node& value, JobSettings& job) {
       job.schedule.settle = reader.Duration(value).value_or(job.schedule.settle);
     }},
    {"scope_key", ReadScopeKey},
    {"scopes", ReadScopes},
    {"start", ReadStart},
    {"rounding", ReadRounding},
    {"on_bad_series", ReadOnBadSeries},
    {"empty_after",
     [](ValueReader& reader, const Node& value, JobSettings& job) {
       job.empty_after = reader.Duration(value).value_or(job.empty_after);
     }},
    {"limits", [](ValueReader& reader, const Node& value,
                  JobSettings& job) { ReadSeriesLimits(reader, value, job.limits); }},
    {"min_coverage", ReadMinCoverage},
    {"evaluation", [](ValueReader& reader, const Node& value,
                      JobSettings& job) { ReadEvaluation(reader, value, job.evaluation); }},
    {"window_edges",
     [](ValueReader& reader, const Node& value, JobSettings& job) {
       if (const auto word = reader.OneOf(value, {"as_written", "half_open"})) {
         job.window_edges = *word == "half_open" ? WindowEdges::kHalfOpen : WindowEdges::kAsWritten;
       }
     }},
    {"audit",
     [](ValueReader& reader, const Node& value, JobSettings& job) {
       if (const auto audit = reader.Duration(value)) {
         job.audit = *audit;
       }
     }},
    {"checkpoint_retention",
     [](ValueReader& reader, const Node& value, JobSettings& job) {
       job.checkpoint_retention = reader.Duration(value).value_or(job.checkpoint_retention);
     }},
}};

void CheckJob(const Node& map, const JobSettings& job, Problems& problems) {
  const Node* const start = Find(map, "start");
  if (start != nullptr && job.start && !metering::IsAligned(*job.start, job.schedule.period)) {
    const auto before = metering::AlignDown(*job.start, job.schedule.period);
    const auto after = metering::AlignUp(*job.start, job.schedule.period);
    problems.Error(
        start->place,
        "\"start\" in collect[] is not aligned to the period of " +
            base::ToText(base::Milliseconds(job.schedule.period)),
        "the nearest aligned times are " + base::ToText(before) + " and " + base::ToText(after));
  }
  if (const Node* const scopes = FindKey(map, "scopes");
      scopes != nullptr && Find(map, "scope_key") == nullptr) {
    problems.Error(scopes->place, "\"scopes\" in collect[] needs \"scope_key\"",
                   "name the label that tells scopes apart");
  }
}

// What a problem of a job's source points at.
Place SourcePlace(const Node& job) {
  const Node* const source = Find(job, "source");
  return source == nullptr ? job.place : source->place;
}

void ResolveSource(const Node& map, JobSettings& job,
                   const std::unordered_set<std::string_view>& names, Problems& problems) {
  if (job.source.empty() && names.size() == 1) {
    job.source = *names.begin();
    return;
  }
  if (names.contains(job.source)) {
    return;
  }
  std::string hint;
  if (!problems.IsFull()) {
    std::vector<std::string_view> sorted(names.begin(), names.end());
    std::sort(sorted.begin(), sorted.end());
    const std::string_view nearest = base::Nearest(job.source, sorted);
    hint = nearest.empty() ? "known sources: " + Joined(sorted)
                           : "did you mean " + Quoted(nearest) + "?";
  }
  if (job.source.empty()) {
    problems.Error(map.place, "the job has no \"source\", and there are several", hint);
  } else {
    problems.Error(SourcePlace(map), "there is no source " + Quoted(job.source), hint);
  }
}

}  // namespace

void ReadJobs(ValueReader& reader, const Node& value, Settings& settings) {
  if (!reader.IsList(value, "jobs")) {
    return;
  }
  std::unordered_set<std::string> names;
  for (const Node* const item : value.items) {
    if (!reader.IsMap(*item)) {
      continue;
    }
    JobSettings job;
    reader.ReadMap<JobSettings>(*item, "collect[]", {kJob}, job);
    CheckJob(*item, job, reader.problems());
    if (!names.insert(job.job).second) {
      const Node* const name = Find(*item, "job");
      reader.problems().Error(name == nullptr ? item->place : name->place,
                              "two jobs have the name " + Quoted(job.job),
                              "give each entry of collect a \"job\" of its own");
    }
    settings.jobs.push_back(std::move(job));
  }
}

void ResolveSources(const Node& root, Settings& settings, Problems& problems) {
  const Node* const collect = Find(root, "collect");
  if (collect == nullptr || settings.jobs.empty()) {
    return;
  }
  if (settings.sources.empty()) {
    const Node* const sources = Find(root, "sources");
    if (sources == nullptr || (sources->kind == NodeKind::kSequence && sources->items.empty())) {
      problems.Error(FindKey(root, "collect")->place, "\"collect\" needs \"sources\"",
                     "add a source with its url");
    }
    return;
  }
  std::unordered_set<std::string_view> names;
  for (const SourceSettings& source : settings.sources) {
    names.insert(source.name);
  }
  std::size_t next = 0;
  for (const Node* const item : collect->items) {
    if (item->kind == NodeKind::kMap) {
      ResolveSource(*item, settings.jobs[next++], names, problems);
    }
  }
}

base::Milliseconds AuditOf(const JobSettings& job, metering::Evaluation evaluation) {
  const bool is_exact = evaluation == metering::Evaluation::kExact;
  return job.audit.value_or(base::Milliseconds(std::chrono::hours(is_exact ? 24 : 0)));
}

void AppendJobKeys(std::vector<std::string>& keys) {
  AppendKeys<JobSettings>("collect[].", kJob, keys);
  AppendKeys<JobSettings>("collect[].scopes.", kScopes, keys);
}

}  // namespace promtally::config
