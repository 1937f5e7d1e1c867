// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/version.h"
#include "web/service.h"

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

}  // namespace

int RunServe(const ServeOptions& options) {
  auto configuration = LoadConfiguration(options.config_file, Warnings::kCount);
  if (!configuration) {
    return configuration.error();
  }
  ApplyFlags(options, &*configuration);
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
  request.settings = &configuration->settings;
  request.ledger_path = configuration->ledger_path;
  request.ledger = *std::move(ledger);
  request.reader = *std::move(reader);
  request.catalogue = std::make_shared<collector::Catalogue>(*std::move(catalogue));
  request.build = {Version(), "", "", Compiler(), BuildType(), ""};
  request.clock = Now;
  if (auto status = web::RunService(std::move(request)); !status) {
    return PrintError(status.error().message, kIncomplete);
  }
  return kDone;
}

}  // namespace promtally::cli
