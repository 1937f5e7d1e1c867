// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "exposition/export_definition.h"
#include "promtally/config/metrics_file.h"
#include "promtally/config/web_config.h"
#include "web/web_file.h"

namespace promtally::cli {

namespace {

/// Families of two specs that have one name: the later one would not be exported.
void AddCollisions(const metering::MetricSpecs& specs, const std::string& file,
                   base::Diagnostics* diagnostics) {
  std::vector<exposition::ExportDefinition> definitions;
  for (const metering::MetricSpec& spec : specs) {
    exposition::ExportDefinition definition;
    definition.name = spec.name;
    definition.metric = spec.metric;
    definition.unit = spec.unit;
    definition.groupby = spec.groupby;
    definition.options = spec.export_options;
    definition.can_be_negative = metering::CanBeNegative(spec);
    definitions.push_back(std::move(definition));
  }
  const std::string prefix = config::ExportSettings{}.prefix;
  for (const auto& collision : exposition::CollidingExports(definitions, prefix)) {
    base::Diagnostic diagnostic;
    diagnostic.severity = base::Severity::kWarning;
    diagnostic.file = file;
    diagnostic.message = fmt::format(
        "\"{}\" will not be exported: the family {} is {}", definitions[collision.later].name,
        collision.family,
        collision.earlier ? fmt::format("that of \"{}\"", definitions[*collision.earlier].name)
                          : "promtally's own");
    diagnostic.hint = "set export: {name: …} of one of them";
    diagnostics->push_back(std::move(diagnostic));
  }
}

/// The jobs of the settings files among those that are checked, with the paths of what they meter.
using Jobs = std::vector<std::pair<std::filesystem::path, config::JobContext>>;

Jobs JobsOf(const std::vector<std::string>& files) {
  Jobs jobs;
  for (const std::string& file : files) {
    const auto text = ReadFile(file);
    if (!text || !config::LooksLikeSettings(*text)) {
      continue;
    }
    for (const auto& job : config::ReadSettings(*text, file, EnvironmentVariable).settings.jobs) {
      jobs.emplace_back(JoinPath(file, job.metrics_file),
                        config::JobContext{true, job.scope_key, job.evaluation});
    }
  }
  return jobs;
}

/// The job that a metrics file is for; unknown where jobs of several scope keys read it.
config::JobContext JobOf(const std::string& file, const Jobs& jobs) {
  config::JobContext found;
  for (const auto& [path, job] : jobs) {
    std::error_code error;
    if (!std::filesystem::equivalent(path, file, error)) {
      continue;
    }
    if (found.is_known &&
        (found.scope_key != job.scope_key || found.evaluation != job.evaluation)) {
      return {};
    }
    found = job;
  }
  return found;
}

/// Settings, and the web.yml that they name: who checks one wants to know whether `serve` starts.
base::Diagnostics CheckSettings(const std::string& text, const std::string& file) {
  config::SettingsFile read = config::ReadSettings(text, file, EnvironmentVariable);
  if (const std::string& web = read.settings.web.config_file; !web.empty()) {
    base::Diagnostics of_web = web::ReadWebFile(JoinPath(file, web)).diagnostics;
    std::move(of_web.begin(), of_web.end(), std::back_inserter(read.diagnostics));
  }
  return std::move(read.diagnostics);
}

base::Diagnostics CheckFile(const std::string& file, const Jobs& jobs) {
  auto text = ReadFile(file);
  if (!text) {
    base::Diagnostic diagnostic;
    diagnostic.file = file;
    diagnostic.message = text.error().message;
    return {diagnostic};
  }
  if (config::LooksLikeSettings(*text)) {
    return CheckSettings(*text, file);
  }
  if (config::LooksLikeWebConfig(*text)) {
    return web::ReadWebFile(file).diagnostics;
  }
  config::MetricsFile metrics = config::ReadMetricsFile(*text, file, JobOf(file, jobs));
  if (!base::HasErrors(metrics.diagnostics)) {
    AddCollisions(metrics.specs, file, &metrics.diagnostics);
  }
  return std::move(metrics.diagnostics);
}

}  // namespace

int RunCheck(const CheckOptions& options) {
  std::size_t errors = 0;
  std::size_t warnings = 0;
  const Jobs jobs = JobsOf(options.files);
  for (const std::string& file : options.files) {
    const base::Diagnostics diagnostics = CheckFile(file, jobs);
    PrintDiagnostics(diagnostics);
    const auto bad = static_cast<std::size_t>(std::count_if(
        diagnostics.begin(), diagnostics.end(),
        [](const base::Diagnostic& each) { return each.severity == base::Severity::kError; }));
    errors += bad;
    warnings += diagnostics.size() - bad;
    if (diagnostics.empty()) {
      std::cout << file << ": ok\n";
    } else {
      std::cout << fmt::format("{}: {} error{}, {} warning{}\n", file, bad, bad == 1 ? "" : "s",
                               diagnostics.size() - bad, diagnostics.size() - bad == 1 ? "" : "s");
    }
  }
  return errors > 0 || (options.strict && warnings > 0) ? kBadConfiguration : kDone;
}

}  // namespace promtally::cli
