// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <fmt/format.h>

#include "cli/collect_dry_run.h"
#include "cli/collect_summary.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/progress.h"
#include "collector/collect_run.h"

namespace promtally::cli {

namespace {

/// The range of --begin/--end: aligned for every job, and over.
OrExit<std::optional<metering::Period>> ParseRange(const CollectOptions& options,
                                                   const Configuration& configuration) {
  std::optional<metering::Period> range;
  for (const collector::ConfiguredJob& job : configuration.jobs) {
    auto parsed = ParseAlignedRange(options.range, job.settings.schedule.period);
    if (!parsed) {
      return tl::unexpected(parsed.error());
    }
    range = *parsed;
    if (range && range->end + job.settings.schedule.settle > Now()) {
      return tl::unexpected(PrintError(
          fmt::format("--end: the period that ends at {} can be asked from {} on (end + settle)",
                      base::ToText(range->end),
                      base::ToText(range->end + job.settings.schedule.settle)),
          kWrongUsage));
    }
  }
  return range;
}

int Report(const CollectSummary& summary, const collector::Catalogue& catalogue, bool had_range,
           const std::string& ledger_path, Format format) {
  if (format == Format::kTable) {
    summary.PrintTable(catalogue, had_range);
  } else if (auto status = summary.PrintRecords(ledger_path, format); !status) {
    return PrintError(status.error().message, kIncomplete);
  }
  if (const auto& error = summary.last().ledger_error) {
    return PrintError("the ledger could not be written: " + error->message, kIncomplete);
  }
  return summary.ExitStatus();
}

int Collect(const CollectOptions& options, const Configuration& configuration,
            const std::optional<metering::Period>& range) {
  const std::string path = options.ledger.empty() ? configuration.ledger_path : options.ledger;
  auto ledger = ledger::OpenSqliteLedger(path);
  if (!ledger) {
    return PrintError(ledger.error().message, kIncomplete);
  }
  auto registered = RegisterConfiguration(**ledger, configuration, options.accept_identity_change);
  if (!registered) {
    return registered.error();
  }
  const auto catalogue = std::make_shared<collector::Catalogue>(*std::move(registered));
  CollectSummary summary;
  Progress progress;
  collector::CollectRequest request;
  request.settings = &configuration.settings;
  request.ledger = *std::move(ledger);
  request.catalogue = catalogue;
  request.scope = {range, options.retry_failed, std::nullopt, {}};
  request.clock = Now;
  request.observer = &progress;
  collector::CollectListeners listeners;
  listeners.on_round = [&summary](collector::RoundReport report) {
    summary.Add(std::move(report));
  };
  listeners.on_predictions = [&summary](const collector::PredictionsReport& report) {
    summary.Add(report);
  };
  collector::RunCollection(std::move(request), listeners);
  progress.Finish();
  summary.WarnOfUnusual(path);
  return Report(summary, *catalogue, range.has_value(), path, options.format);
}

}  // namespace

int RunCollect(const CollectOptions& options) {
  auto configuration = LoadConfiguration(options.config_file, Warnings::kCount,
                                         options.dry_run ? Files::kIgnored : Files::kNeeded);
  if (!configuration) {
    return configuration.error();
  }
  if (configuration->jobs.empty()) {
    return PrintError(options.config_file + ": no jobs are configured (collect:)",
                      kBadConfiguration);
  }
  auto range = ParseRange(options, *configuration);
  if (!range) {
    return range.error();
  }
  return options.dry_run ? RunCollectDry(options, *configuration, *range)
                         : Collect(options, *configuration, *range);
}

}  // namespace promtally::cli
