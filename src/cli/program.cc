// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <new>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/model_options.h"
#include "cli/option_groups.h"
#include "cli/preview_commands.h"
#include "cli/version.h"

namespace promtally::cli {

namespace {

/// A descriptor that is closed would be given to the next file or connection, and what is printed
/// would go there. Printing to the standard output made here fails.
void HoldStandardDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) == -1) {
      // The lowest free descriptor is this one: those below it are open.
      static_cast<void>(open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY));
    }
  }
}

/// Output that was lost (a full disk, a closed descriptor) is no success.
int AfterOutput(int status) {
  errno = 0;
  std::cout.flush();
  if (std::cout) {
    return status;
  }
  std::string message = "cannot write to standard output";
  if (errno != 0) {
    message += std::string(": ") + std::strerror(errno);
  }
  return PrintError(message, status == kDone ? kIncomplete : status);
}

/// What an empty shell variable leaves behind must not count as "not given".
void RefuseEmptyValues(CLI::App* command) {
  for (CLI::Option* option : command->get_options()) {
    if (option->get_expected_min() > 0) {
      const CLI::Validator is_given(
          [](std::string& value) { return value.empty() ? "the value is empty" : ""; }, "");
      option->check(is_given);
    }
  }
  for (CLI::App* below : command->get_subcommands(nullptr)) {
    RefuseEmptyValues(below);
  }
}

/// Sub-commands parse into plain structs; the one that was named runs after parsing.
class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", VersionText());
    app_.footer(
        "Exit status: 0 done, 1 failed or incomplete, 2 wrong usage, 3 bad configuration, 4 no "
        "source reached.");
    AddCheck();
    AddQuery();
    AddPromql();
    AddCollect();
    AddServe();
    AddUsage();
    AddStatusAndVerify();
    AddAccept();
    AddExact();
    AddLedger();
    AddHealth();
    previews_.AddTo(&app_, [this](std::function<int()> run) { run_ = std::move(run); });
    AddModelCommands(app_, models_, [this](std::function<int()> run) { run_ = std::move(run); });
    Add("hash-password", "Read a password from standard input and print its hash for web.yml",
        [] { return RunHashPassword(); });
    RefuseEmptyValues(&app_);
  }

  int Run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::RequiredError& error) {
      return MissingCommand(error);
    } catch (const CLI::ParseError& error) {
      const int code = app_.exit(error);
      return code == 0 ? kDone : kWrongUsage;
    }
    return run_();
  }

 private:
  /// A word where a command is expected is what is wrong, not that the command is missing.
  int MissingCommand(const CLI::RequiredError& error) {
    const auto named = app_.get_subcommands();
    const CLI::App* parent = named.empty() ? &app_ : named.front();
    const auto rest = parent->remaining();
    const bool takes_commands = !parent->get_subcommands(nullptr).empty();
    if (takes_commands && !rest.empty() && rest.front().front() != '-') {
      const std::string path = named.empty() ? "" : parent->get_name() + " ";
      return PrintError(
          "there is no command \"" + path + rest.front() + "\"; see promtally " + path + "--help",
          kWrongUsage);
    }
    app_.exit(error);
    return kWrongUsage;
  }

  static void AddRereadOptions(CLI::App* command, RereadOptions* options) {
    AddConfig(command, &options->config_file);
    AddLedgerPath(command, &options->ledger);
    AddRange(command, &options->range);
    AddFormat(command, &options->format);
  }
  static void AddNames(CLI::App* command, const char* name, std::vector<std::string>* names,
                       const char* description = "only this one (repeatable)") {
    command->add_option(name, *names, description)->type_name("NAME")->allow_extra_args(false);
  }

  CLI::App* Add(const char* name, const char* help, std::function<int()> run, CLI::App* parent) {
    CLI::App* command = parent->add_subcommand(name, help);
    command->callback([this, run = std::move(run)] { run_ = run; });
    return command;
  }
  CLI::App* Add(const char* name, const char* help, std::function<int()> run) {
    return Add(name, help, std::move(run), &app_);
  }

  void AddCheck() {
    CLI::App* command =
        Add("check", "Report every problem of metrics.yml, promtally.yml and web.yml files",
            [this] { return RunCheck(check_); });
    command->add_option("FILES", check_.files, "files to check")->required();
    command->add_flag("--strict", check_.strict, "warnings count as errors");
  }

  void AddQuery() {
    CLI::App* command = Add("query", "Print the queries that would be sent, or run them",
                            [this] { return RunQuery(query_); });
    command->add_option("METRICS", query_.metrics_file, "metrics.yml");
    AddNames(command, "--metric", &query_.metrics, "only this spec (repeatable)");
    command->add_option("--scope-key", query_.scope_key, "the label that names the scope")
        ->type_name("LABEL");
    AddNames(command, "--scope", &query_.scopes, "only this scope (repeatable)");
    command->add_flag("--per-scope", query_.per_scope, "one query a scope");
    AddRange(command, &query_.range);
    command->add_option("--period", query_.period, "length of a period (1h)")
        ->type_name("DURATION");
    command->add_option("--rounding", query_.rounding, "exact (default) or cloudkitty")
        ->check(CLI::IsMember({"exact", "cloudkitty"}).description(""))
        ->type_name("MODE");
    command->add_option("--evaluation", query_.evaluation, "in the place of the files' evaluation")
        ->check(CLI::IsMember({"promql", "exact"}).description(""))
        ->type_name("MODE");
    command->add_flag("--execute", query_.execute, "run the queries and print records");
    command->add_flag("--curl", query_.curl, "print the queries as curl commands, without secrets");
    command->add_option("--url", query_.url, "the server to ask")->type_name("URL");
    command->add_option("--http.config.file", query_.http_config_file, "how to talk to --url")
        ->type_name("FILE");
    AddConfig(command, &query_.config_file);
    command->add_option("--source", query_.source, "the source to ask (of --config)")
        ->type_name("NAME");
    AddFormat(command, &query_.format);
  }

  void AddPromql() {
    CLI::App* command = Add("promql", "Check PromQL of standard input, and print it canonically",
                            [this] { return RunPromql(promql_); });
    command->footer("Reads {\"expr\": \"…\"} or a plain expression on each line.");
    AddFormat(command, &promql_.format);
  }

  void AddCollect() {
    CLI::App* command =
        Add("collect", "Collect what is due, and exit", [this] { return RunCollect(collect_); });
    AddConfig(command, &collect_.config_file);
    AddLedgerPath(command, &collect_.ledger);
    AddRange(command, &collect_.range);
    command->add_flag("--dry-run", collect_.dry_run, "print the queries, collect nothing");
    command->add_flag("--retry-failed", collect_.retry_failed, "also try failed periods again");
    command->add_flag("--accept-identity-change", collect_.accept_identity_change,
                      "let a job's period or scope key change");
    AddFormat(command, &collect_.format);
  }

  void AddServe() {
    CLI::App* command =
        Add("serve", "Schedule, collect, and serve /metrics", [this] { return RunServe(serve_); });
    AddConfig(command, &serve_.config_file);
    AddLedgerPath(command, &serve_.ledger);
    command->add_option("--web.listen-address", serve_.listen_addresses, "host:port (repeatable)")
        ->type_name("ADDRESS")
        ->allow_extra_args(false);
    command->add_option("--web.telemetry-path", serve_.telemetry_path, "path of the metrics page")
        ->type_name("PATH");
    command
        ->add_option("--web.config.file", serve_.web_config_file,
                     "TLS and users (web.yml, as of Prometheus' exporters)")
        ->type_name("FILE");
    command->add_flag("--web.systemd-socket,!--no-web.systemd-socket", serve_.systemd_socket,
                      "listen on the sockets that systemd hands over");
    command->add_flag("--web.disable-exporter-metrics,!--no-web.disable-exporter-metrics",
                      serve_.disable_exporter_metrics,
                      "leave out process_*, promhttp_* and promtally_http_*");
    command
        ->add_option("--web.max-requests", serve_.max_requests,
                     "scrapes at a time, in the place of web.limits.scrapes (40); 0: no limit")
        ->type_name("N");
    command
        ->add_option("--web.external-url", serve_.external_url,
                     "the URL under which others reach this service")
        ->type_name("URL");
    command
        ->add_option("--web.route-prefix", serve_.route_prefix,
                     "of every path (default: the path of --web.external-url)")
        ->type_name("PATH");
    command->add_flag("--web.enable-lifecycle,!--no-web.enable-lifecycle", serve_.enable_lifecycle,
                      "POST /-/reload and /-/quit");
    command->add_flag("--config.check", serve_.check_only,
                      "check the configuration and exit without starting");
    command->add_option("--log.level", serve_.log_level, "debug, info, warn or error")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}).description(""))
        ->type_name("LEVEL");
    command->add_option("--log.format", serve_.log_format, "logfmt or json")
        ->check(CLI::IsMember({"logfmt", "json"}).description(""))
        ->type_name("FORMAT");
    command->add_flag("--accept-identity-change", serve_.accept_identity_change,
                      "let a job's period or scope key change");
  }

  void AddUsage() {
    CLI::App* command =
        Add("usage", "Print totals or records of the ledger", [this] { return RunUsage(usage_); });
    AddWhere(command, &usage_.where);
    AddRange(command, &usage_.range);
    command->add_option("--by", usage_.by, "metric,scope,LABEL… (default: metric)")
        ->type_name("LIST");
    command->add_flag("--records", usage_.records, "record lines instead of totals");
    command
        ->add_option("--revision", usage_.revision,
                     "of records: latest (default), all, or N: as it stood at revision N")
        ->type_name("N");
    command->add_flag("--evidence", usage_.evidence, "of records: what proves them (JSON)");
    AddFormat(command, &usage_.format);
  }

  void AddStatusAndVerify() {
    CLI::App* status = Add("status", "Print last period, lag, open and failed periods of each spec",
                           [this] { return RunStatus(status_); });
    AddWhere(status, &status_.where);
    AddFormat(status, &status_.format);
    CLI::App* verify =
        Add("verify", "Check every invariant of the ledger", [this] { return RunVerify(verify_); });
    AddWhere(verify, &verify_.where);
    AddFormat(verify, &verify_.format);
  }

  void AddExact() {
    CLI::App* audit = Add("audit", "Read answered periods again, and commit what differs",
                          [this] { return RunReread(audit_, false); });
    AddRereadOptions(audit, &audit_);
    CLI::App* recollect =
        Add("recollect", "Read periods again on demand, and commit what differs with a reason",
            [this] { return RunReread(recollect_, true); });
    AddRereadOptions(recollect, &recollect_);
    AddNames(recollect, "--metric", &recollect_.metrics);
    recollect->add_option("--reason", recollect_.reason, "that the revision carries");
    recollect->add_flag("--dry-run", recollect_.dry_run, "print what differs, change nothing");
    CLI::App* command = Add("explain", "Show a record's way from samples to quantity",
                            [this] { return RunExplain(explain_); });
    command->add_option("NAME", explain_.name, "the spec's name")->required();
    command->add_option("--job", explain_.job, "its job, where several have it");
    command->add_option("--scope", explain_.scope, "whose record");
    AddNames(command, "--label", &explain_.labels);
    command->add_option("--begin", explain_.begin, "of the period")->required();
    AddConfig(command, &explain_.config_file);
    AddLedgerPath(command, &explain_.ledger);
    AddFormat(command, &explain_.format);
  }

  void AddAccept() {
    CLI::App* command =
        Add("accept",
            "Close open (suspiciously empty, low coverage) or failed (lost) periods as they are",
            [this] { return RunAccept(accept_); });
    command->add_option("NAME", accept_.name, "the spec's name")->required();
    command->add_option("--job", accept_.job, "its job, where several have it")->type_name("JOB");
    AddRange(command, &accept_.range);
    AddWhere(command, &accept_.where);
  }

  void AddLedger() {
    CLI::App* ledger = app_.add_subcommand("ledger", "Back up, restore or check a ledger's file");
    ledger->require_subcommand(1);
    CLI::App* backup = Add(
        "backup", "Copy the ledger while it is in use", [this] { return RunLedgerBackup(ledger_); },
        ledger);
    AddWhere(backup, &ledger_.where);
    backup->add_option("FILE", ledger_.file, "the copy")->required();
    CLI::App* restore = Add(
        "restore", "Put a copy in the ledger's place", [this] { return RunLedgerRestore(ledger_); },
        ledger);
    AddWhere(restore, &ledger_.where);
    restore->add_option("FILE", ledger_.file, "the copy")->required();
    restore->add_flag("--replace", ledger_.replace, "replace a ledger that is there");
    CLI::App* check = Add(
        "check", "Check the file's integrity", [this] { return RunLedgerCheck(ledger_); }, ledger);
    AddWhere(check, &ledger_.where);
  }

  void AddHealth() {
    CLI::App* command = Add("health", "Ask a running service whether it is alive",
                            [this] { return RunHealth(health_); });
    command->add_option("--url", health_.url, "where it listens (http://localhost:9899)")
        ->type_name("URL");
    command
        ->add_option("--http.config.file", health_.http_config_file,
                     "authorities and client certificate, in Prometheus' form")
        ->type_name("FILE");
  }

  CLI::App app_{"promtally meters usage with Prometheus queries and keeps it in a ledger"};
  std::function<int()> run_;
  CheckOptions check_;
  QueryOptions query_;
  PromqlOptions promql_;
  CollectOptions collect_;
  ServeOptions serve_;
  UsageOptions usage_;
  ReportOptions status_;
  ReportOptions verify_;
  AcceptOptions accept_;
  RereadOptions audit_;
  RereadOptions recollect_;
  ExplainOptions explain_;
  LedgerFileOptions ledger_;
  HealthOptions health_;
  PreviewCommands previews_;
  ModelCommands models_;
};

/// What is half done stays uncommitted, as after a kill: the next run completes it.
void EndOutOfMemory() {
  static constexpr char kText[] = "promtally: out of memory\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kText, sizeof(kText) - 1);
  std::_Exit(kInternalError);
}

}  // namespace

int RunProgram(int argc, char** argv) {
  std::set_new_handler(EndOutOfMemory);
  std::signal(SIGXFSZ, SIG_IGN);  // a write over a size limit fails, as on a full disk
  try {
    HoldStandardDescriptors();
    return AfterOutput(CommandLine().Run(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "promtally: internal error: " << error.what() << '\n';
    return kInternalError;
  }
}

}  // namespace promtally::cli
