// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/version.h"
#include "web/service.h"
#include "web/web_file.h"

namespace promtally::cli {

namespace {

/// Flags replace what the file says.
void ApplyFlags(const ServeOptions& options, Configuration* configuration) {
  config::Settings& settings = configuration->settings;
  if (!options.ledger.empty()) {
    configuration->ledger_path = options.ledger;
  }
  if (!options.listen_addresses.empty()) {
    settings.web.listen = options.listen_addresses;
  }
  if (!options.telemetry_path.empty()) {
    settings.web.telemetry_path = options.telemetry_path;
  }
  if (!options.web_config_file.empty()) {
    settings.web.config_file = options.web_config_file;
  }
  if (options.max_requests) {
    settings.web.limits.scrapes = *options.max_requests;
  }
  if (!options.log_level.empty()) {
    settings.log.level = options.log_level == "debug"  ? config::LogLevel::kDebug
                         : options.log_level == "info" ? config::LogLevel::kInfo
                         : options.log_level == "warn" ? config::LogLevel::kWarn
                                                       : config::LogLevel::kError;
  }
  if (!options.log_format.empty()) {
    settings.log.format =
        options.log_format == "json" ? config::LogFormat::kJson : config::LogFormat::kLogfmt;
  }
}

/// web.yml with its certificates; what is wrong is printed.
bool CheckWebFile(const std::string& path) {
  if (path.empty()) {
    return true;
  }
  const base::Diagnostics diagnostics = web::ReadWebFile(path).diagnostics;
  PrintDiagnostics(diagnostics);
  return !base::HasErrors(diagnostics);
}

/// Where others see the service.
struct Place {
  std::string route_prefix;
  std::string external_host;  ///< `host[:port]`
};

OrExit<Place> ParsePlace(const ServeOptions& options) {
  Place place;
  if (!options.external_url.empty()) {
    const std::size_t scheme = options.external_url.find("://");
    const std::string kind = options.external_url.substr(0, scheme);
    if (scheme == std::string::npos || (kind != "http" && kind != "https")) {
      return tl::unexpected(
          PrintError("--web.external-url: \"" + options.external_url +
                         "\" is no URL such as https://metering.example/promtally",
                     kWrongUsage));
    }
    const std::size_t begin = scheme + 3;
    const std::size_t end =
        std::min(options.external_url.find_first_of("/?#", begin), options.external_url.size());
    place.external_host = options.external_url.substr(begin, end - begin);
    const std::size_t path_end =
        std::min(options.external_url.find_first_of("?#", end), options.external_url.size());
    place.route_prefix = options.external_url.substr(end, path_end - end);
  }
  if (!options.route_prefix.empty()) {
    place.route_prefix = options.route_prefix;
  }
  while (place.route_prefix.ends_with('/')) {
    place.route_prefix.pop_back();
  }
  if (!place.route_prefix.empty() && !place.route_prefix.starts_with('/')) {
    place.route_prefix.insert(place.route_prefix.begin(), '/');
  }
  return place;
}

/// Descriptors of the service manager's protocol: from 3 on, meant for the process in LISTEN_PID.
OrExit<std::vector<int>> InheritedSockets(const ServeOptions& options) {
  constexpr int kFirst = 3;
  constexpr int kMost = 64;
  std::vector<int> sockets;
  if (!options.systemd_socket) {
    return sockets;
  }
  const std::string process = EnvironmentVariable("LISTEN_PID").value_or("");
  const int number = std::atoi(EnvironmentVariable("LISTEN_FDS").value_or("0").c_str());
  if (process != std::to_string(getpid()) || number < 1 || number > kMost) {
    return tl::unexpected(
        PrintError("--web.systemd-socket: systemd handed no socket over; start the .socket unit",
                   kWrongUsage));
  }
  for (int descriptor = kFirst; descriptor < kFirst + number; ++descriptor) {
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    sockets.push_back(descriptor);
  }
  return sockets;
}

std::string Joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) {
    text += (text.empty() ? "" : ", ") + item;
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> FlagsOf(const ServeOptions& options,
                                                         const Configuration& configuration) {
  const auto word = [](bool value) { return std::string(value ? "true" : "false"); };
  const config::Settings& settings = configuration.settings;
  return {{"accept-identity-change", word(options.accept_identity_change)},
          {"config.file", options.config_file},
          {"log.format", settings.log.format == config::LogFormat::kJson ? "json" : "logfmt"},
          {"log.level", options.log_level},
          {"storage.path", configuration.ledger_path},
          {"web.config.file", settings.web.config_file},
          {"web.disable-exporter-metrics", word(options.disable_exporter_metrics)},
          {"web.enable-lifecycle", word(options.enable_lifecycle)},
          {"web.external-url", options.external_url},
          {"web.listen-address", Joined(settings.web.listen)},
          {"web.max-requests", std::to_string(settings.web.limits.scrapes)},
          {"web.route-prefix", options.route_prefix},
          {"web.systemd-socket", word(options.systemd_socket)},
          {"web.telemetry-path", settings.web.telemetry_path}};
}

/// What a reload takes.
base::Result<Configuration> ReadAgain(const ServeOptions& options) {
  auto again = RereadConfiguration(options.config_file);
  if (again) {
    ApplyFlags(options, &*again);
  }
  return again;
}

}  // namespace

int RunServe(const ServeOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  auto configuration = LoadConfiguration(options.config_file, Warnings::kCount, Files::kNeeded);
  if (!configuration) {
    return configuration.error();
  }
  ApplyFlags(options, &*configuration);
  if (!CheckWebFile(configuration->settings.web.config_file)) {
    return kBadConfiguration;
  }
  if (!config::MayBeTelemetryPath(configuration->settings.web.telemetry_path)) {
    return PrintError("--web.telemetry-path: " + options.telemetry_path +
                          " is no path that starts with /, or another route",
                      kWrongUsage);
  }
  auto place = ParsePlace(options);
  if (!place) {
    return place.error();
  }
  if (options.check_only) {
    return kDone;
  }
  auto sockets = InheritedSockets(options);
  if (!sockets) {
    return sockets.error();
  }
  auto ledger = ledger::OpenSqliteLedger(configuration->ledger_path);
  if (!ledger) {
    return PrintError(ledger.error().message, kIncomplete);
  }
  auto catalogue = RegisterConfiguration(**ledger, *configuration, options.accept_identity_change);
  if (!catalogue) {
    return catalogue.error();
  }
  auto reader = ledger::OpenSqliteReader(configuration->ledger_path);
  if (!reader) {
    return PrintError(reader.error().message, kIncomplete);
  }
  web::ServiceRequest request;
  request.configured = *std::move(configuration);
  request.read = [options] { return ReadAgain(options); };
  request.enable_lifecycle = options.enable_lifecycle;
  request.route_prefix = place->route_prefix;
  request.external_host = place->external_host;
  request.inherited_sockets = *std::move(sockets);
  request.max_scrapes = request.configured.settings.web.limits.scrapes;
  request.exporter_metrics = !options.disable_exporter_metrics;
  request.flags = FlagsOf(options, request.configured);
  request.ledger = *std::move(ledger);
  request.reader = *std::move(reader);
  request.catalogue = std::make_shared<collector::Catalogue>(*std::move(catalogue));
  request.build = {Version(), Revision(), Branch(), Compiler(), BuildType(), "sqlite", BuildDate()};
  request.clock = Now;
  request.load_duration = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  if (auto status = web::RunService(std::move(request)); !status) {
    return PrintError(status.error().message, kIncomplete);
  }
  return kDone;
}

}  // namespace promtally::cli
