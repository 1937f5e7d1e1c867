// SPDX-License-Identifier: Apache-2.0
#include "web/service.h"

#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "collector/daemon.h"
#include "collector/open_sources.h"
#include "web/listen_address.h"
#include "web/routes.h"
#include "web/server.h"

namespace promtally::web {

namespace {

/// How long running responses may take after the first signal.
constexpr std::chrono::milliseconds kGrace{3000};

/// The running service: HTTP server and daemon on one loop, the ledger on its thread.
class Service {
 public:
  explicit Service(ServiceRequest request)
      : version_(request.build.version),
        listen_(request.settings->web.listen),
        log_(request.settings->log),
        page_(request.settings->export_settings.prefix),
        metrics_(request.build),
        routes_({version_, request.settings->web.telemetry_path}, page_, metrics_),
        server_(loop_, {request.settings->web.listen, {}}, routes_.MakeHandler(),
                routes_.MakeObserver()),
        ledger_(std::move(request.ledger)),
        daemon_(
            {&loop_, &ledger_, std::move(request.catalogue),
             collector::OpenSources(loop_, *request.settings), std::move(request.clock), nullptr},
            {request.ledger_path, request.settings->export_settings.max_series},
            std::move(request.reader), &page_, &metrics_, &log_),
        signals_(loop_, SIGINT, SIGTERM) {}

  base::Status Run() {
    log_.Info("Starting promtally", {{"version", version_}});
    if (auto status = server_.Start(); !status) {
      return status;
    }
    for (const std::string& address : server_.addresses()) {
      log_.Info("Listening", {{"address", address}});
    }
    WarnOfOpenListeners();
    WaitForSignal();
    daemon_.on_health = [this](bool healthy) {
      if (!stopping_) {
        routes_.SetReadiness(healthy ? Readiness::kReady : Readiness::kStarting);
      }
    };
    daemon_.on_fatal = [this](const base::Error& error) {
      fatal_ = error;
      Stop();
    };
    daemon_.on_loaded = [this] {
      routes_.SetReadiness(Readiness::kReady);
      log_.Info("Server is ready to receive web requests.");
    };
    daemon_.Start();
    loop_.run();
    if (fatal_) {
      return base::Fail("the ledger cannot be trusted any more", *fatal_);
    }
    log_.Info("See you next time!");
    return {};
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
      log_.Info("Received a signal, exiting gracefully", {{"signal", std::to_string(number)}});
      WaitForSignal();
      Stop();
    });
  }

  void Stop() {
    stopping_ = true;
    routes_.SetReadiness(Readiness::kStopping);
    daemon_.Stop([this] { server_.Stop(kGrace, [this] { signals_.cancel(); }); });
  }

  /// Prometheus' exporters listen everywhere; whoever does so without a guard should know it.
  void WarnOfOpenListeners() const {
    for (const std::string& text : listen_) {
      const auto address = ParseListenAddress(text);
      if (address && !IsLoopbackName(address->host)) {
        log_.Warn("Listening beyond this machine without authentication", {{"address", text}});
      }
    }
  }

  std::string version_;
  std::vector<std::string> listen_;
  boost::asio::io_context loop_{1};
  collector::EventLog log_;
  exposition::UsagePage page_;
  exposition::SelfMetrics metrics_;
  Routes routes_;
  Server server_;
  collector::LedgerThread ledger_;
  collector::Daemon daemon_;
  boost::asio::signal_set signals_;
  std::optional<base::Error> fatal_;
  bool stopping_ = false;
};

}  // namespace

base::Status RunService(ServiceRequest request) { return Service(std::move(request)).Run(); }

}  // namespace promtally::web
