// SPDX-License-Identifier: Apache-2.0
#include "web/service.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include "collector/daemon.h"
#include "collector/open_sources.h"
#include "web/access.h"
#include "web/fetch.h"
#include "web/listen_address.h"
#include "web/model_routes.h"
#include "web/passwords.h"
#include "web/provider.h"
#include "web/routes.h"
#include "web/server.h"
#include "web/settings_parts.h"
#include "web/web_file.h"

namespace promtally::web {
namespace {

/// How long running responses may take after the first signal.
constexpr std::chrono::milliseconds kGrace{3000};

/// The running service: HTTP server and daemon on one loop, the ledger on its thread.
class Service {
 public:
  explicit Service(ServiceRequest request)
      : version_(request.build.version),
        configured_(std::move(request.configured)),
        read_(std::move(request.read)),
        clock_(request.clock),
        load_duration_(request.load_duration),
        facts_{config::ToYaml(configured_.settings),
               std::move(request.flags),
               request.build,
               clock_(),
               clock_(),
               true},
        log_(configured_.settings.log),
        page_(configured_.settings.export_settings.prefix),
        metrics_(request.build, SelfMetricsOf(configured_.settings.web.self_metrics),
                 InfosOf(configured_.settings.export_settings)),
        web_file_(configured_.settings.web.config_file,
                  [this](const std::string& problem) {
                    log_.Error("Web configuration", {{"err", problem}});
                  }),
        access_(AccessOptions(request)),
        store_(StoreOptions()),
        keeper_(loop_, store_, KeeperOptions()),
        ledger_routes_(loop_, configured_.ledger_path, clock_),
        query_routes_(std::make_shared<std::vector<collector::ConfiguredJob>>(configured_.jobs),
                      clock_),
        model_routes_(ModelParts()),
        routes_(RouteOptions(request), {&page_, &metrics_, &store_, &keeper_, &ledger_routes_,
                                        &query_routes_, &model_routes_, &bodies_}),
        server_(loop_, ServerOptionsOf(request), routes_.MakeHandler(), routes_.MakeObserver()),
        ledger_(std::move(request.ledger)),
        daemon_({&loop_, &ledger_, std::move(request.catalogue),
                 collector::OpenSources(loop_, configured_.settings), std::move(request.clock),
                 nullptr},
                {configured_.ledger_path, configured_.settings.export_settings.max_series,
                 configured_.settings.models, configured_.settings.sources},
                std::move(request.reader), &page_, &metrics_, &log_),
        signals_(loop_, SIGINT, SIGTERM),
        hangups_(loop_, SIGHUP) {}

  base::Status Run() {
    log_.Info("Starting promtally", {{"version", version_}});
    log_.Info("Build context", {{"build_context", "(compiler=" + facts_.build.compiler +
                                                      ", build_type=" + facts_.build.build_type +
                                                      ", date=" + facts_.build.date + ")"}});
    if (base::HasErrors(web_file_.diagnostics())) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        configured_.settings.web.config_file + " cannot be used");
    }
    LogLoaded(load_duration_);
    if (auto opened = OpenStore(); !opened) {
      return opened;
    }
    if (auto status = server_.Start(); !status) {
      return status;
    }
    keeper_.Start();
    for (const std::string& address : server_.addresses()) {
      log_.Info("Listening", {{"address", address}});
    }
    metrics_.SetConfigReload(true, clock_());
    TellWhoMayComeIn();
    WaitForSignal();
    WaitForHangup();
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
  using Reloaded = std::function<void(const base::Status&)>;

  LifecycleRoutes Lifecycle(const ServiceRequest& request) {
    return {request.enable_lifecycle, [this](Reloaded done) { Reload(std::move(done)); },
            [this] {
              log_.Info("Termination was requested over HTTP, exiting gracefully");
              Stop();
            }};
  }

  exposition::MetricStore::Options StoreOptions() {
    return {LimitsOf(configured_.settings.http_metrics), [this](std::string_view name) {
              return page_.Has(name) || IsStaticInfo(configured_.settings.export_settings, name);
            }};
  }

  MetricKeeper::Options KeeperOptions() {
    return {configured_.settings.http_metrics.sync, clock_, [this](const std::string& problem) {
              log_.Error("Metrics made over HTTP", {{"err", problem}});
            }};
  }

  ModelRoutes::Parts ModelParts() {
    return {&loop_,
            &store_,
            std::make_shared<collector::ModelService>(configured_.settings, clock_),
            &log_,
            clock_,
            configured_.ledger_path,
            configured_.settings.web.limits.json_depth,
            [this] { keeper_.Changed(); }};
  }

  RoutesOptions RouteOptions(const ServiceRequest& request) {
    RoutesOptions options;
    options.version = version_;
    options.telemetry_path = configured_.settings.web.telemetry_path;
    options.lifecycle = Lifecycle(request);
    options.status = [this] { return facts_; };
    options.clock = clock_;
    options.prefix = request.route_prefix;
    options.max_scrapes = request.max_scrapes;
    options.json_depth = configured_.settings.web.limits.json_depth;
    options.exporter_metrics = request.exporter_metrics;
    options.access = &access_;
    return options;
  }

  /// The journal lies beside the ledger.
  base::Status OpenStore() {
    const auto opened = store_.OpenJournal(configured_.ledger_path + ".metrics");
    if (!opened) {
      return tl::unexpected(opened.error());
    }
    if (!opened->empty()) {
      log_.Warn("Metrics made over HTTP", {{"err", *opened}});
    }
    if (auto loaded = model_routes_.Load(); !loaded) {
      log_.Error("Prediction loops", {{"err", loaded.error().message}});
    }
    return {};
  }

  Access::Options AccessOptions(const ServiceRequest& request) {
    Access::Options options;
    options.settings = configured_.settings.web;
    options.external_host = request.external_host;
    options.file = &web_file_;
    options.passwords = std::make_shared<Passwords>(loop_);
    options.provider = [this](const config::OidcSettings& settings) {
      Provider::Options of_provider;
      of_provider.clock = clock_;
      of_provider.hooks.fetch = MakeFetch(loop_, settings.ca_file);
      of_provider.hooks.ticks = [] { return std::chrono::steady_clock::now(); };
      of_provider.hooks.count_fault = [this] { metrics_.CountProviderFault(); };
      of_provider.hooks.warn = [this](const std::string& problem) {
        log_.Warn("Identity provider", {{"err", problem}});
      };
      auto provider = std::make_shared<Provider>(settings, std::move(of_provider));
      provider->Prefetch();
      return provider;
    };
    return options;
  }

  ServerOptions ServerOptionsOf(const ServiceRequest& request) {
    ServerOptions options;
    options.listen = configured_.settings.web.listen;
    options.limits = LimitsOf(configured_.settings.web.limits);
    options.is_import = [](const Request& asked) {
      return asked.method == "POST" && asked.path.ends_with("/samples");
    };
    options.external_host = request.external_host;
    options.inherited = request.inherited_sockets;
    options.tls = [this] { return web_file_.Tls(); };
    options.finish = [this](Response& response) { access_.AddHeaders(response); };
    return options;
  }

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

  void WaitForHangup() {
    hangups_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) {
        return;
      }
      WaitForHangup();
      Reload([](const base::Status&) {});
    });
  }

  /// Reads and checks everything first; the daemon takes it between two rounds.
  void Reload(Reloaded done) {
    if (stopping_) {
      done(base::Fail(base::ErrorCode::kUnavailable, "the service is stopping"));
      return;
    }
    if (daemon_.is_reconfiguring()) {
      waiting_.push_back(std::move(done));  // files may have changed since they were read
      return;
    }
    const auto begun = std::chrono::steady_clock::now();
    log_.Info("Loading configuration file", {{"filename", configured_.file}});
    auto read = read_();
    if (!read) {
      FinishReload(tl::unexpected(read.error()), begun, done);
      return;
    }
    WarnOfFixed(*read);
    const auto shown = std::make_shared<const std::vector<collector::ConfiguredJob>>(read->jobs);
    const auto settings = std::make_shared<const config::Settings>(std::move(read->settings));
    daemon_.Reconfigure({settings, std::move(read->jobs),
                         [this, settings, shown, begun,
                          done](const base::Result<std::vector<std::string>>& outcome) {
                           if (outcome) {
                             log_.Configure(settings->log);
                             access_.Configure(settings->web);
                             query_routes_.SetJobs(shown);
                             facts_.config_yaml = config::ToYaml(*settings);
                             for (const std::string& warning : *outcome) {
                               log_.Warn("Configuration", {{"err", warning}});
                             }
                           }
                           FinishReload(outcome ? base::Status() : tl::unexpected(outcome.error()),
                                        begun, done);
                         }});
  }

  void FinishReload(const base::Status& status, std::chrono::steady_clock::time_point begun,
                    const Reloaded& done) {
    const base::Instant now = clock_();
    metrics_.SetConfigReload(status.has_value(), now);
    facts_.reload_successful = status.has_value();
    facts_.config_loaded = status ? now : facts_.config_loaded;
    const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begun);
    if (status) {
      LogLoaded(wall);
    } else {
      log_.Error("The configuration was not taken, the one before stays in force",
                 {{"filename", configured_.file}, {"err", status.error().message}});
    }
    done(status);
    ReloadForWaiting();
  }

  /// Prometheus' own words and keys.
  void LogLoaded(std::chrono::milliseconds wall) const {
    log_.Info("Completed loading of configuration file",
              {{"filename", configured_.file}, {"totalDuration", base::ToText(wall)}});
  }

  /// One reload answers all that were asked for while another was under way.
  void ReloadForWaiting() {
    if (waiting_.empty()) {
      return;
    }
    boost::asio::post(loop_, [this, waiting = std::exchange(waiting_, {})] {
      Reload([waiting](const base::Status& status) {
        for (const Reloaded& done : waiting) {
          done(status);
        }
      });
    });
  }

  /// What a running process cannot change.
  void WarnOfFixed(const collector::Configured& read) const {
    for (const char* setting : ChangedForARestart(configured_.settings, read.settings)) {
      log_.Warn("A changed setting needs a restart", {{"setting", setting}});
    }
    if (read.ledger_path != configured_.ledger_path) {
      log_.Warn("A changed setting needs a restart", {{"setting", "ledger.path"}});
    }
  }

  void Stop() {
    if (std::exchange(stopping_, true)) {
      return;
    }
    routes_.SetReadiness(Readiness::kStopping);
    model_routes_.Stop();
    keeper_.Stop();
    daemon_.Stop([this] {
      server_.Stop(kGrace, [this] {
        signals_.cancel();
        hangups_.cancel();
      });
    });
  }

  /// Who may come in should be known to whoever started it.
  void TellWhoMayComeIn() {
    const config::WebSettings& web = configured_.settings.web;
    const bool is_beyond =
        std::any_of(web.listen.begin(), web.listen.end(), [](const std::string& text) {
          const auto address = ParseListenAddress(text);
          return address && !IsLoopbackName(address->host);
        });
    if (access_.IsConfigured()) {
      if (is_beyond && web_file_.Tls() == nullptr) {
        log_.Warn("Listening beyond this machine without TLS: credentials can be read on the way");
      }
    } else if (web.authentication == config::Authentication::kNone) {
      log_.Warn("web.authentication is none: everybody who reaches this service may do everything");
    } else if (is_beyond || web.authentication == config::Authentication::kRequired) {
      log_.Warn("Only public routes are answered until web.oidc or basic_auth_users is configured");
    }
  }

  std::string version_;
  collector::Configured configured_;  // as it was at the start
  collector::ReadConfigured read_;
  std::function<base::Instant()> clock_;
  std::chrono::milliseconds load_duration_;  // at the start
  StatusFacts facts_;
  std::vector<Reloaded> waiting_;
  boost::asio::io_context loop_{1};
  collector::EventLog log_;
  exposition::UsagePage page_;
  exposition::SelfMetrics metrics_;
  WebFile web_file_;
  Access access_;
  exposition::MetricStore store_;
  MetricKeeper keeper_;
  LedgerRoutes ledger_routes_;
  QueryRoutes query_routes_;
  ModelRoutes model_routes_;
  BodyThread bodies_{loop_};
  Routes routes_;
  Server server_;
  collector::LedgerThread ledger_;
  collector::Daemon daemon_;
  boost::asio::signal_set signals_;
  boost::asio::signal_set hangups_;
  std::optional<base::Error> fatal_;
  bool stopping_ = false;
};

}  // namespace

base::Status RunService(ServiceRequest request) { return Service(std::move(request)).Run(); }

}  // namespace promtally::web
