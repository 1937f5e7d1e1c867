// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <thread>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "ledger/accept.h"
#include "ledger/sqlite_ledger.h"

namespace promtally::cli {

namespace {

/// How long `accept` waits for the process that holds the ledger.
constexpr std::chrono::seconds kAcceptPatience{15};
constexpr std::chrono::milliseconds kAcceptPoll{100};

int PrintAcceptOutcome(const base::Result<ledger::AcceptReport>& outcome) {
  if (!outcome) {
    return PrintError(outcome.error().message, kIncomplete);
  }
  for (const std::string& refused : outcome->refused) {
    std::cerr << "not accepted: " << Printable(refused) << '\n';
  }
  std::cout << fmt::format("accepted {} period{}\n", outcome->accepted,
                           outcome->accepted == 1 ? "" : "s");
  if (outcome->awaited > 0) {
    std::cout << fmt::format(
        "{} of them will be committed with what the server answers: by the next collect, or at "
        "once where serve runs\n",
        outcome->awaited);
  }
  return outcome->accepted > 0 && outcome->refused.empty() ? kDone : kIncomplete;
}

/// Another process writes the ledger: it carries the request out.
int AcceptThroughHolder(const std::string& path, const ledger::AcceptRequest& request, int holder) {
  const auto left = ledger::LeaveAcceptRequest(path, request);
  if (!left) {
    return PrintError(left.error().message, kIncomplete);
  }
  const auto deadline = std::chrono::steady_clock::now() + kAcceptPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (const auto answer = ledger::TakeAcceptAnswer(*left)) {
      return PrintAcceptOutcome(*answer);
    }
    std::this_thread::sleep_for(kAcceptPoll);
  }
  return PrintError(
      fmt::format("process {} holds the ledger and has not answered yet; the request waits in {}",
                  holder, *left),
      kIncomplete);
}

/// The spec's name for a NAME that may be a metric's key.
OrExit<std::string> SpecName(const AcceptOptions& options) {
  if (options.where.config_file.empty()) {
    return options.name;
  }
  auto configuration =
      LoadConfiguration(options.where.config_file, Warnings::kHide, Files::kIgnored);
  if (!configuration) {
    return tl::unexpected(configuration.error());
  }
  std::string name = options.name;
  for (const collector::ConfiguredJob& job : configuration->jobs) {
    int specs = 0;
    for (const metering::MetricSpec& spec : job.specs) {
      if (spec.name == options.name) {
        return options.name;
      }
      if (spec.metric == options.name && (options.job.empty() || options.job == job.settings.job)) {
        name = spec.name;
        ++specs;
      }
    }
    if (specs > 1) {
      return tl::unexpected(PrintError(
          fmt::format("\"{}\" has {} specs; name one of them by its alt_name", options.name, specs),
          kWrongUsage));
    }
  }
  return name;
}

}  // namespace

int RunAccept(const AcceptOptions& options) {
  const base::Instant now = Now();
  if (options.range.begin.empty()) {
    return PrintError("--begin TIME is needed: the begin of the period", kWrongUsage);
  }
  const auto begin = base::ParseTimeArgument(options.range.begin, now);
  if (!begin) {
    return PrintError("--begin: " + begin.error().message, kWrongUsage);
  }
  // Without an end: the one period that begins there.
  const auto end = options.range.end.empty()
                       ? base::Result<base::Instant>(*begin + base::Milliseconds(1))
                       : base::ParseTimeArgument(options.range.end, now);
  if (!end || *end <= *begin) {
    return PrintError(end ? "--end must be after --begin" : "--end: " + end.error().message,
                      kWrongUsage);
  }
  auto path = LedgerPath(options.where);
  if (!path) {
    return path.error();
  }
  auto name = SpecName(options);
  if (!name) {
    return name.error();
  }
  const ledger::AcceptRequest request{options.job, *name, {*begin, *end}};
  if (const auto holder = ledger::LedgerHolder(*path)) {
    return AcceptThroughHolder(*path, request, *holder);
  }
  if (auto reader = ledger::OpenSqliteReader(*path); !reader) {
    return PrintError(reader.error().message, kIncomplete);  // never creates a ledger
  }
  auto ledger = ledger::OpenSqliteLedger(*path);
  if (!ledger) {
    return PrintError(ledger.error().message, kIncomplete);
  }
  return PrintAcceptOutcome((*ledger)->Accept(request, now));
}

int RunLedgerBackup(const LedgerFileOptions& options) {
  auto path = LedgerPath(options.where);
  if (!path) {
    return path.error();
  }
  auto reader = ledger::OpenSqliteReader(*path);
  if (!reader) {
    return PrintError(reader.error().message, kIncomplete);
  }
  if (auto status = (*reader)->Backup(options.file); !status) {
    return PrintError(status.error().message, kIncomplete);
  }
  std::cout << fmt::format("copied {} to {}\n", *path, options.file);
  return kDone;
}

int RunLedgerRestore(const LedgerFileOptions& options) {
  auto path = LedgerPath(options.where);
  if (!path) {
    return path.error();
  }
  if (auto status = ledger::RestoreSqliteLedger(options.file, *path, options.replace); !status) {
    return PrintError(status.error().message, kIncomplete);
  }
  std::cout << fmt::format("restored {} from {}\n", *path, options.file);
  return kDone;
}

int RunLedgerCheck(const LedgerFileOptions& options) {
  auto path = LedgerPath(options.where);
  if (!path) {
    return path.error();
  }
  const auto problems = ledger::CheckIntegrity(*path);
  if (!problems) {
    return PrintError(problems.error().message, kIncomplete);
  }
  for (const std::string& problem : *problems) {
    std::cout << Printable(problem) << '\n';
  }
  std::cout << *path << (problems->empty() ? ": ok\n" : ": damaged\n");
  return problems->empty() ? kDone : kIncomplete;
}

}  // namespace promtally::cli
