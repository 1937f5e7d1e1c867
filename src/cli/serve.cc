// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdlib>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/sources.h"
#include "cli/version.h"
#include "collector/daemon.h"
#include "web/routes.h"
#include "web/server.h"

namespace promtally::cli {

namespace {

/// How long running responses may take after the first signal.
constexpr std::chrono::milliseconds kGrace{3000};

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

/// The running service: HTTP server and daemon on one loop, the ledger on its thread.
class Service {
 public:
  Service(const Configuration& configuration, std::unique_ptr<ledger::WritableLedger> ledger,
          std::shared_ptr<ledger::Reader> reader, std::shared_ptr<collector::Catalogue> catalogue)
      : log_(configuration.settings.log),
        page_(configuration.settings.export_settings.prefix),
        metrics_({Version(), "", "", Compiler(), BuildType(), ""}),
        routes_({Version(), configuration.settings.web.telemetry_path}, page_, metrics_),
        server_(loop_, {configuration.settings.web.listen, {}}, routes_.MakeHandler(),
                routes_.MakeObserver()),
        ledger_(std::move(ledger)),
        daemon_({&loop_, &ledger_, std::move(catalogue), OpenSources(loop_, configuration.settings),
                 Now, nullptr},
                {configuration.ledger_path, configuration.settings.export_settings.max_series,
                 configuration.settings.export_settings.prefix},
                std::move(reader), &page_, &metrics_, &log_),
        signals_(loop_, SIGINT, SIGTERM) {}

  int Run() {
    log_.Info("Starting promtally", {{"version", Version()}});
    if (auto status = server_.Start(); !status) {
      return PrintError(status.error().message, kIncomplete);
    }
    for (const std::string& address : server_.addresses()) {
      log_.Info("Listening", {{"address", address}});
    }
    WaitForSignal();
    daemon_.on_health = [this](bool healthy) {
      if (!stopping_) {
        routes_.SetReadiness(healthy ? web::Readiness::kReady : web::Readiness::kStarting);
      }
    };
    daemon_.Start();
    routes_.SetReadiness(web::Readiness::kReady);
    log_.Info("Server is ready to receive web requests.");
    loop_.run();
    log_.Info("See you next time!");
    return kDone;
  }

 private:
  void WaitForSignal() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) {
        return;
      }
      if (stopping_) {
        std::_Exit(128 + number);  // a second signal ends at once; the ledger survives that
      }
      stopping_ = true;
      log_.Info("Received a signal, exiting gracefully", {{"signal", std::to_string(number)}});
      routes_.SetReadiness(web::Readiness::kStopping);
      WaitForSignal();
      daemon_.Stop([this] { server_.Stop(kGrace, [this] { signals_.cancel(); }); });
    });
  }

  boost::asio::io_context loop_{1};
  collector::EventLog log_;
  exposition::UsagePage page_;
  exposition::SelfMetrics metrics_;
  web::Routes routes_;
  web::Server server_;
  collector::LedgerThread ledger_;
  collector::Daemon daemon_;
  boost::asio::signal_set signals_;
  bool stopping_ = false;
};

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
  Service service(*configuration, *std::move(ledger), *std::move(reader),
                  std::make_shared<collector::Catalogue>(*std::move(catalogue)));
  return service.Run();
}

}  // namespace promtally::cli
