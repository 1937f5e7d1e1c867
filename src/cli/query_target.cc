// SPDX-License-Identifier: Apache-2.0
#include "cli/query_target.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "cli/exit_status.h"
#include "promtally/base/labels.h"
#include "promtally/config/metrics_file.h"
#include "promtally/metering/query_builder.h"
#include "promtally/metering/query_mode.h"

namespace promtally::cli {

namespace {

OrExit<base::Seconds> ParsePeriod(const std::string& text) {
  const auto period = base::ParseDuration(text);
  if (!period || !metering::IsPeriodLength(*period)) {
    return tl::unexpected(PrintError(
        fmt::format("--period: \"{}\" is no period (a whole number of seconds that divides a day, "
                    "such as 1h or 300s)",
                    text),
        kWrongUsage));
  }
  return std::chrono::duration_cast<base::Seconds>(*period);
}

/// The source that is asked: of --url, or of the configuration.
OrExit<std::optional<config::SourceSettings>> ResolveSource(const QueryOptions& options,
                                                            const Configuration* configuration,
                                                            const std::string& job_source) {
  if (!options.url.empty()) {
    if (!options.url.starts_with("http://") && !options.url.starts_with("https://")) {
      return tl::unexpected(PrintError(
          "--url must start with http:// or https://, such as http://localhost:9090", kWrongUsage));
    }
    config::SourceSettings source;
    source.url = options.url;
    if (!options.http_config_file.empty()) {
      auto http = LoadHttpClient(options.http_config_file,
                                 options.execute ? Files::kNeeded : Files::kIgnored);
      if (!http) {
        return tl::unexpected(http.error());
      }
      source.http = *std::move(http);
    }
    return std::optional(std::move(source));
  }
  if (configuration == nullptr) {
    return std::optional<config::SourceSettings>();
  }
  const auto& sources = configuration->settings.sources;
  const std::string& wanted = options.source.empty() ? job_source : options.source;
  for (const config::SourceSettings& source : sources) {
    if (source.name == wanted || (wanted.empty() && sources.size() == 1)) {
      return std::optional(source);
    }
  }
  if (!options.execute && !options.curl && options.source.empty()) {
    return std::optional<config::SourceSettings>();
  }
  return tl::unexpected(PrintError(
      wanted.empty() ? "several sources are configured: name one with --source"
                     : fmt::format("there is no source \"{}\" in {}", wanted, options.config_file),
      kWrongUsage));
}

OrExit<std::vector<metering::Period>> ResolvePeriods(const RangeOptions& options,
                                                     base::Seconds length) {
  auto range = ParseAlignedRange(options, length);
  if (!range) {
    return tl::unexpected(range.error());
  }
  if (!*range) {
    const base::Instant end = metering::AlignDown(Now(), length);
    return std::vector<metering::Period>{{end - length, end}};
  }
  std::vector<metering::Period> periods;
  for (base::Instant begin = (*range)->begin; begin < (*range)->end; begin += length) {
    periods.push_back(metering::PeriodAt(begin, length));
  }
  return periods;
}

/// Flags override what a job says.
std::optional<std::string> ScopeKeyOf(const QueryOptions& options, const config::JobSettings& job) {
  return options.scope_key.empty() ? job.scope_key : options.scope_key;
}

/// kDone, or what is wrong with the scopes that were named, which was said.
int CheckScopes(const QueryTarget& target) {
  if (!target.scope_key && (!target.scopes.empty() || target.per_scope)) {
    return PrintError("--scope and --per-scope need a scope key (--scope-key LABEL)", kWrongUsage);
  }
  if (target.scope_key && !base::IsLabelName(*target.scope_key)) {
    return PrintError(fmt::format("--scope-key: \"{}\" is no label name", *target.scope_key),
                      kWrongUsage);
  }
  const bool are_utf8 = std::all_of(target.scopes.begin(), target.scopes.end(),
                                    [](const std::string& scope) { return base::IsUtf8(scope); });
  return are_utf8 ? kDone : PrintError("--scope: not valid UTF-8", kWrongUsage);
}

OrExit<QueryTarget> MakeTarget(const QueryOptions& options, const Configuration* configuration,
                               const config::JobSettings& job, const metering::MetricSpecs& specs) {
  QueryTarget target;
  if (configuration != nullptr) {
    target.job = job.job;
  }
  auto selected = SelectSpecs(specs, options.metrics);
  if (!selected) {
    return tl::unexpected(selected.error());
  }
  for (metering::MetricSpec& spec : *selected) {
    target.specs.push_back(std::make_shared<const metering::MetricSpec>(std::move(spec)));
  }
  target.scope_key = ScopeKeyOf(options, job);
  target.scopes = options.scopes;
  target.per_scope = options.per_scope;
  target.limits = job.limits;
  target.settle = job.schedule.settle;
  target.window_edges = job.window_edges;
  target.rounding = options.rounding.empty()      ? job.rounding
                    : options.rounding == "exact" ? metering::RoundingMode::kExact
                                                  : metering::RoundingMode::kCloudKitty;
  if (const int status = CheckScopes(target); status != kDone) {
    return tl::unexpected(status);
  }
  auto filter = metering::ScopeFilter::Make(job.include_scopes, job.exclude_scopes);
  if (!filter) {
    return tl::unexpected(PrintError(filter.error().message, kBadConfiguration));
  }
  target.filter = std::make_shared<const metering::ScopeFilter>(*std::move(filter));
  if (configuration != nullptr) {
    target.models = configuration->settings.models;
  }
  base::Seconds length = job.schedule.period;
  if (!options.period.empty()) {
    auto period = ParsePeriod(options.period);
    if (!period) {
      return tl::unexpected(period.error());
    }
    length = *period;
  }
  auto periods = ResolvePeriods(options.range, length);
  auto source = periods ? ResolveSource(options, configuration, job.source)
                        : OrExit<std::optional<config::SourceSettings>>(std::nullopt);
  if (!periods || !source) {
    return tl::unexpected(periods ? source.error() : periods.error());
  }
  target.periods = *std::move(periods);
  target.source = *std::move(source);
  return target;
}

OrExit<metering::MetricSpecs> LoadMetricsFile(const std::string& path, const QueryOptions& options,
                                              const config::JobSettings& job) {
  config::JobContext context{true, ScopeKeyOf(options, job), job.evaluation};
  if (!options.evaluation.empty()) {
    context.forced = metering::EvaluationFromText(options.evaluation);
  }
  auto text = ReadFile(path);
  if (!text) {
    return tl::unexpected(PrintError(text.error().message, kBadConfiguration));
  }
  config::MetricsFile metrics = config::ReadMetricsFile(*text, path, context);
  PrintDiagnostics(metrics.diagnostics);
  if (base::HasErrors(metrics.diagnostics)) {
    return tl::unexpected(kBadConfiguration);
  }
  return std::move(metrics.specs);
}

/// The job that a metrics file named on the command line belongs to: the one that reads it, or the
/// only one.
const config::JobSettings* JobOf(const QueryOptions& options, const Configuration& configuration) {
  std::error_code error;
  for (const collector::ConfiguredJob& job : configuration.jobs) {
    const std::string path = JoinPath(options.config_file, job.settings.metrics_file);
    if (std::filesystem::equivalent(path, options.metrics_file, error)) {
      return &job.settings;
    }
  }
  return configuration.jobs.size() == 1 ? &configuration.jobs.front().settings : nullptr;
}

OrExit<std::vector<QueryTarget>> ResolveMetricsFile(const QueryOptions& options,
                                                    const Configuration* configuration) {
  const config::JobSettings* job =
      configuration == nullptr ? nullptr : JobOf(options, *configuration);
  const config::JobSettings settings = job == nullptr ? config::JobSettings{} : *job;
  auto specs = LoadMetricsFile(options.metrics_file, options, settings);
  if (!specs) {
    return tl::unexpected(specs.error());
  }
  auto target = MakeTarget(options, configuration, settings, *specs);
  if (!target) {
    return tl::unexpected(target.error());
  }
  if (job == nullptr) {
    target->job.reset();
  }
  std::vector<QueryTarget> targets;
  targets.push_back(*std::move(target));
  return targets;
}

}  // namespace

OrExit<std::vector<QueryTarget>> ResolveQuery(const QueryOptions& options) {
  if (options.metrics_file.empty() && options.config_file.empty()) {
    return tl::unexpected(
        PrintError("name a metrics.yml, or a promtally.yml with --config", kWrongUsage));
  }
  if (options.execute && options.url.empty() && options.config_file.empty()) {
    return tl::unexpected(PrintError("--execute needs --url URL or --config FILE", kWrongUsage));
  }
  if (options.curl && options.execute) {
    return tl::unexpected(PrintError(
        "--curl prints commands and --execute runs queries: take one of them", kWrongUsage));
  }
  if (options.curl && options.url.empty() && options.config_file.empty()) {
    return tl::unexpected(PrintError("--curl needs --url URL or --config FILE", kWrongUsage));
  }
  std::optional<Configuration> configuration;
  if (!options.config_file.empty()) {
    auto loaded = LoadConfiguration(
        options.config_file, options.metrics_file.empty() ? Warnings::kShow : Warnings::kHide,
        options.execute ? Files::kNeeded : Files::kIgnored);
    if (!loaded) {
      return tl::unexpected(loaded.error());
    }
    configuration = *std::move(loaded);
  }
  const Configuration* settings = configuration ? &*configuration : nullptr;
  if (!options.metrics_file.empty()) {
    return ResolveMetricsFile(options, settings);
  }
  std::vector<QueryTarget> targets;
  for (const collector::ConfiguredJob& job : configuration->jobs) {
    metering::MetricSpecs specs = job.specs;
    if (!options.evaluation.empty()) {
      auto read = LoadMetricsFile(JoinPath(options.config_file, job.settings.metrics_file), options,
                                  job.settings);
      if (!read) {
        return tl::unexpected(read.error());
      }
      specs = *std::move(read);
    }
    auto target = MakeTarget(options, settings, job.settings, specs);
    if (!target) {
      return tl::unexpected(target.error());
    }
    targets.push_back(*std::move(target));
  }
  return targets;
}

metering::QueryParts PartsOf(const QueryTarget& target, const metering::MetricSpec& spec) {
  return metering::PartsOf(spec, target.scope_key,
                           target.scopes.empty() ? target.filter->ListedScopes() : target.scopes,
                           target.per_scope);
}

}  // namespace promtally::cli
