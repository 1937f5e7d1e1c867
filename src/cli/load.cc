// SPDX-License-Identifier: Apache-2.0
#include "cli/load.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "cli/exit_status.h"
#include "promtally/config/metrics_file.h"

namespace promtally::cli {

namespace {

constexpr std::uintmax_t kFileLimit = 4U << 20;

/// The text of a file that a configuration file names; else the error at its place.
tl::expected<std::string, base::Diagnostic> ReadNamed(const std::string& config_file,
                                                      const config::NamedFile& file) {
  auto text = ReadFile(JoinPath(config_file, file.path));
  if (!text) {
    base::Diagnostic problem = file.place;
    problem.message = text.error().message;
    return tl::unexpected(std::move(problem));
  }
  return *std::move(text);
}

void LoadMetrics(const std::string& config_file, const config::NamedFile& file,
                 ConfigurationRead& read, collector::ConfiguredJob* job) {
  const std::string path = JoinPath(config_file, file.path);
  auto text = ReadNamed(config_file, file);
  if (!text) {
    read.settings_diagnostics.push_back(text.error());
    return;
  }
  config::MetricsFile metrics = config::ReadMetricsFile(
      *text, path, {true, job->settings.scope_key, job->settings.evaluation});
  job->specs = std::move(metrics.specs);
  job->metrics_text = *std::move(text);
  read.metrics_files.push_back({path, std::move(metrics.diagnostics)});
}

/// Secrets and certificates are read when they are needed, which is late to learn that one is gone.
void CheckFiles(const std::string& config_file, const std::vector<config::NamedFile>& files,
                base::Diagnostics* diagnostics) {
  for (const config::NamedFile& file : files) {
    if (auto text = ReadNamed(config_file, file); !text) {
      diagnostics->push_back(text.error());
    }
  }
}

std::string NearestAligned(base::Instant instant, base::Seconds period) {
  return fmt::format("{} is not aligned to {} periods; the nearest aligned instants are {} and {}",
                     base::ToText(instant), base::ToText(base::Milliseconds(period)),
                     base::ToText(metering::AlignDown(instant, period)),
                     base::ToText(metering::AlignUp(instant, period)));
}

}  // namespace

void JoinHttpPaths(const std::string& file, config::HttpClientSettings* http) {
  for (std::string* path : {&http->password.file, &http->credentials.file, &http->ca_file,
                            &http->cert_file, &http->key_file}) {
    if (!path->empty()) {
      *path = JoinPath(file, *path);
    }
  }
}

base::Result<std::string> ReadFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return base::Fail(base::ErrorCode::kInvalidArgument, path + ": is a folder, not a file");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return base::Fail(base::ErrorCode::kNotFound,
                      fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > kFileLimit) {
    return base::Fail(base::ErrorCode::kTooLarge, path + ": larger than 4 MiB");
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string JoinPath(const std::string& file, const std::string& path) {
  return (std::filesystem::path(file).parent_path() / path).string();
}

void PrintDiagnostics(const base::Diagnostics& diagnostics) {
  for (const base::Diagnostic& diagnostic : diagnostics) {
    std::cerr << base::ToText(diagnostic);
  }
}

int PrintError(const std::string& message, int status) {
  std::cerr << "promtally: error: " << Printable(message) << '\n';
  return status;
}

bool ConfigurationRead::HasErrors() const {
  return !failures.empty() || base::HasErrors(settings_diagnostics) ||
         std::any_of(metrics_files.begin(), metrics_files.end(), [](const MetricsFile& metrics) {
           return base::HasErrors(metrics.diagnostics);
         });
}

ConfigurationRead ReadConfiguration(const std::string& file, Files files) {
  ConfigurationRead read;
  auto text = ReadFile(file);
  if (!text) {
    read.failures.push_back(text.error().message);
    return read;
  }
  config::SettingsFile settings = config::ReadSettings(*text, file, EnvironmentVariable);
  read.settings_diagnostics = std::move(settings.diagnostics);
  Configuration& configuration = read.configuration;
  configuration.file = file;
  configuration.settings = std::move(settings.settings);
  configuration.ledger_path = JoinPath(file, configuration.settings.ledger.path);
  for (config::SourceSettings& source : configuration.settings.sources) {
    JoinHttpPaths(file, &source.http);
  }
  config::ModelsSettings& models = configuration.settings.models;
  models.store = JoinPath(file, models.store);
  for (config::RemoteModelSettings& model : models.remote) {
    JoinHttpPaths(file, &model.http);
  }
  models.datasets = JoinPath(file, models.datasets);
  JoinHttpPaths(file, &models.intelligence.server.http);
  JoinHttpPaths(file, &models.aggregator.http);
  config::WebSettings& web = configuration.settings.web;
  if (!web.config_file.empty()) {
    web.config_file = JoinPath(file, web.config_file);
  }
  if (web.oidc && !web.oidc->ca_file.empty()) {
    web.oidc->ca_file = JoinPath(file, web.oidc->ca_file);
  }
  if (base::HasErrors(read.settings_diagnostics)) {
    return read;
  }
  for (std::size_t i = 0; i < configuration.settings.jobs.size(); ++i) {
    collector::ConfiguredJob job;
    job.settings = configuration.settings.jobs[i];
    LoadMetrics(file, settings.metrics_files[i], read, &job);
    configuration.jobs.push_back(std::move(job));
  }
  if (files == Files::kNeeded) {
    CheckFiles(file, settings.files, &read.settings_diagnostics);
  }
  return read;
}

base::Result<Configuration> RereadConfiguration(const std::string& file) {
  ConfigurationRead read = ReadConfiguration(file, Files::kNeeded);
  if (!read.HasErrors()) {
    return std::move(read.configuration);
  }
  std::string message;
  const auto add = [&message](const std::string& line) {
    message += (message.empty() ? "" : "\n") + line;
  };
  for (const std::string& failure : read.failures) {
    add(failure);
  }
  read.metrics_files.insert(read.metrics_files.begin(), {file, read.settings_diagnostics});
  for (const ConfigurationRead::MetricsFile& each : read.metrics_files) {
    for (base::Diagnostic diagnostic : each.diagnostics) {
      if (diagnostic.severity == base::Severity::kError) {
        diagnostic.source_line.clear();  // it may hold a secret
        std::string text = base::ToText(diagnostic);
        text.erase(text.find_last_not_of('\n') + 1);
        add(text);
      }
    }
  }
  return base::Fail(base::ErrorCode::kParse, message);
}

OrExit<Configuration> LoadConfiguration(const std::string& file, Warnings warnings, Files files) {
  if (file.empty()) {
    return tl::unexpected(PrintError("--config FILE is needed", kWrongUsage));
  }
  ConfigurationRead read = ReadConfiguration(file, files);
  if (base::HasErrors(read.settings_diagnostics) || warnings != Warnings::kHide) {
    PrintDiagnostics(read.settings_diagnostics);
  }
  for (const ConfigurationRead::MetricsFile& metrics : read.metrics_files) {
    const std::size_t number = metrics.diagnostics.size();
    if (base::HasErrors(metrics.diagnostics) || warnings == Warnings::kShow) {
      PrintDiagnostics(metrics.diagnostics);
    } else if (warnings == Warnings::kCount && number > 0) {
      std::cerr << fmt::format("note: {0} has {1} warning{2}; promtally check {0} shows {3}\n",
                               metrics.path, number, number == 1 ? "" : "s",
                               number == 1 ? "it" : "them");
    }
  }
  for (const std::string& failure : read.failures) {
    PrintError(failure, kBadConfiguration);
  }
  if (read.HasErrors()) {
    return tl::unexpected(kBadConfiguration);
  }
  return std::move(read.configuration);
}

OrExit<config::HttpClientSettings> LoadHttpClient(const std::string& file, Files files) {
  auto text = ReadFile(file);
  if (!text) {
    return tl::unexpected(PrintError(text.error().message, kBadConfiguration));
  }
  config::HttpClientFile read = config::ReadHttpClientFile(*text, file);
  if (files == Files::kNeeded) {
    CheckFiles(file, read.files, &read.diagnostics);
  }
  PrintDiagnostics(read.diagnostics);
  if (base::HasErrors(read.diagnostics)) {
    return tl::unexpected(kBadConfiguration);
  }
  JoinHttpPaths(file, &read.settings);
  return std::move(read.settings);
}

OrExit<collector::Catalogue> RegisterConfiguration(ledger::Ledger& ledger,
                                                   const Configuration& configuration,
                                                   bool accept_identity_change) {
  collector::RegisterRequest request;
  request.jobs = configuration.jobs;
  request.sources = collector::SourceNames(configuration.settings);
  request.now = Now();
  request.accept_identity_change = accept_identity_change;
  auto catalogue = collector::Register(ledger, request);
  if (!catalogue) {
    const bool conflict = catalogue.error().code == base::ErrorCode::kConflict;
    return tl::unexpected(conflict ? PrintError(catalogue.error().message, kBadConfiguration)
                                   : PrintError(catalogue.error().message, kIncomplete));
  }
  for (const std::string& warning : catalogue->warnings) {
    std::cerr << "warning: " << Printable(warning) << '\n';
  }
  return *std::move(catalogue);
}

OrExit<std::string> LedgerPath(const LedgerOptions& options) {
  if (!options.ledger.empty()) {
    return options.ledger;
  }
  if (options.config_file.empty()) {
    return tl::unexpected(
        PrintError("say which ledger: --config FILE or --ledger FILE", kWrongUsage));
  }
  auto text = ReadFile(options.config_file);
  if (!text) {
    return tl::unexpected(PrintError(text.error().message, kBadConfiguration));
  }
  const auto read = config::ReadSettings(*text, options.config_file, EnvironmentVariable);
  if (base::HasErrors(read.diagnostics)) {
    PrintDiagnostics(read.diagnostics);
    return tl::unexpected(kBadConfiguration);
  }
  return JoinPath(options.config_file, read.settings.ledger.path);
}

std::optional<std::string> EnvironmentVariable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

base::Instant Now() {
  return std::chrono::floor<base::Milliseconds>(std::chrono::system_clock::now());
}

OrExit<std::optional<metering::Period>> ParseAlignedRange(const RangeOptions& options,
                                                          base::Seconds period) {
  if (options.begin.empty() && options.end.empty()) {
    return std::optional<metering::Period>();
  }
  if (options.begin.empty()) {
    return tl::unexpected(PrintError("--end needs --begin", kWrongUsage));
  }
  const base::Instant now = Now();
  const auto begin = base::ParseTimeArgument(options.begin, now);
  if (!begin) {
    return tl::unexpected(PrintError("--begin: " + begin.error().message, kWrongUsage));
  }
  auto end = options.end.empty() ? base::Result<base::Instant>(*begin + period)
                                 : base::ParseTimeArgument(options.end, now);
  if (!end) {
    return tl::unexpected(PrintError("--end: " + end.error().message, kWrongUsage));
  }
  if (!metering::IsAligned(*begin, period)) {
    return tl::unexpected(PrintError("--begin: " + NearestAligned(*begin, period), kWrongUsage));
  }
  if (!metering::IsAligned(*end, period)) {
    return tl::unexpected(PrintError("--end: " + NearestAligned(*end, period), kWrongUsage));
  }
  if (*end <= *begin) {
    return tl::unexpected(PrintError("--end must be after --begin", kWrongUsage));
  }
  return std::optional(metering::Period{*begin, *end});
}

OrExit<metering::MetricSpecs> SelectSpecs(const metering::MetricSpecs& specs,
                                          const std::vector<std::string>& names) {
  if (names.empty()) {
    return specs;
  }
  metering::MetricSpecs selected;
  for (const std::string& name : names) {
    const auto by_name = std::find_if(specs.begin(), specs.end(),
                                      [&name](const auto& spec) { return spec.name == name; });
    if (by_name != specs.end()) {
      selected.push_back(*by_name);
      continue;
    }
    metering::MetricSpecs by_metric;
    std::vector<std::string_view> candidates;
    std::copy_if(specs.begin(), specs.end(), std::back_inserter(by_metric),
                 [&name](const auto& spec) { return spec.metric == name; });
    for (const auto& spec : specs) {
      candidates.push_back(spec.name);
      candidates.push_back(spec.metric);
    }
    if (by_metric.size() != 1) {
      const std::string_view near = base::Nearest(name, candidates);
      return tl::unexpected(PrintError(
          by_metric.empty()
              ? fmt::format("there is no spec \"{}\"{}", name,
                            near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near))
              : fmt::format("\"{}\" has {} specs; name one of them by its alt_name", name,
                            by_metric.size()),
          kWrongUsage));
    }
    selected.push_back(by_metric.front());
  }
  return selected;
}

}  // namespace promtally::cli
