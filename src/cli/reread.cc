// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/ledger_copy.h"
#include "cli/load.h"
#include "cli/table.h"
#include "collector/collect_run.h"
#include "delivery/json_lines.h"

namespace promtally::cli {

namespace {

std::string TextOf(const std::optional<base::Decimal>& quantity) {
  return quantity ? quantity->ToText() : "-";
}

/// Takes the rounds of a run, and prints each record that differs.
class ChangePrinter {
 public:
  explicit ChangePrinter(Format format) : format_(format) {}

  void Add(const collector::RoundReport& round) {
    reached_ = reached_ || round.any_source_reached;
    nothing_ = nothing_ && round.rereads.empty();
    stopped_ = stopped_ || round.stopped;
    if (round.ledger_error) {
      ledger_error_ = round.ledger_error;
    }
    for (const collector::RereadReport& report : round.rereads) {
      if (!report.failure.empty()) {
        ++failures_;
        std::cerr << Printable(fmt::format("{} {}: {}", report.name,
                                           base::ToText(report.period.begin), report.failure))
                  << '\n';
      }
      for (const collector::ReportedChange& change : report.changes) {
        Print(report, change);
      }
    }
  }

  int Finish(bool planned) {
    if (format_ == Format::kCsv || (format_ == Format::kTable && !table_.empty())) {
      table_.Print(std::cout, format_);
    } else if (format_ == Format::kTable) {
      std::cout << "nothing differs\n";
    }
    if (ledger_error_) {
      return PrintError("the ledger could not be written: " + ledger_error_->message, kIncomplete);
    }
    if (planned && !reached_) {
      return kUnreachable;
    }
    return failures_ > 0 || stopped_ ? kIncomplete : kDone;
  }
  [[nodiscard]] bool nothing() const { return nothing_; }

 private:
  void Print(const collector::RereadReport& report, const collector::ReportedChange& change) {
    const base::Decimal correction = change.change.new_quantity.value_or(base::Decimal()) -
                                     change.change.old_quantity.value_or(base::Decimal());
    if (format_ == Format::kJson) {
      const auto text = [](const auto& quantity) {
        return quantity ? std::optional(quantity->ToText()) : std::nullopt;
      };
      std::cout << delivery::ToJson(delivery::ChangeLine{
                       change.metric, report.name, change.scope, change.groupby, report.period,
                       text(change.change.old_quantity), text(change.change.new_quantity),
                       correction.ToText(), change.change.revision, change.reason})
                << '\n';
      return;
    }
    table_.Add({report.name, change.scope.value_or(""), delivery::LabelsJson(change.groupby),
                base::ToText(report.period.begin), base::ToText(report.period.end),
                TextOf(change.change.old_quantity), TextOf(change.change.new_quantity),
                correction.ToText(), std::to_string(change.change.revision), change.reason});
  }

  Format format_;
  Table table_{{{"name"},
                {"scope"},
                {"groupby"},
                {"begin"},
                {"end"},
                {"old", true},
                {"new", true},
                {"correction", true},
                {"revision", true},
                {"reason"}}};
  bool reached_ = false;
  bool nothing_ = true;
  bool stopped_ = false;
  int failures_ = 0;
  std::optional<base::Error> ledger_error_;
};

OrExit<std::optional<metering::Period>> RangeOf(const RereadOptions& options, bool on_demand,
                                                const Configuration& configuration) {
  if (on_demand && (options.range.begin.empty() || options.range.end.empty())) {
    return tl::unexpected(PrintError("recollect needs --begin and --end", kWrongUsage));
  }
  if (on_demand && options.reason.empty()) {
    return tl::unexpected(
        PrintError("recollect needs --reason: who reads the bill later will ask", kWrongUsage));
  }
  std::optional<metering::Period> range;
  for (const collector::ConfiguredJob& job : configuration.jobs) {
    auto parsed = ParseAlignedRange(options.range, job.settings.schedule.period);
    if (!parsed) {
      return tl::unexpected(parsed.error());
    }
    range = *parsed;
  }
  return range;
}

}  // namespace

int RunReread(const RereadOptions& options, bool on_demand) {
  auto configuration = LoadConfiguration(options.config_file, Warnings::kCount, Files::kNeeded);
  if (!configuration) {
    return configuration.error();
  }
  auto range = RangeOf(options, on_demand, *configuration);
  if (!range) {
    return range.error();
  }
  const std::string path = options.ledger.empty() ? configuration->ledger_path : options.ledger;
  const TemporaryFolder folder;
  std::unique_ptr<ledger::WritableLedger> ledger;
  if (options.dry_run) {
    auto copy = OpenCopy(path, folder);
    if (!copy) {
      return copy.error();
    }
    ledger = *std::move(copy);
  } else {
    auto opened = ledger::OpenSqliteLedger(path);
    if (!opened) {
      return PrintError(opened.error().message, kIncomplete);
    }
    ledger = *std::move(opened);
  }
  auto registered = RegisterConfiguration(*ledger, *configuration, false);
  if (!registered) {
    return registered.error();
  }
  collector::CollectRequest request;
  request.settings = &configuration->settings;
  request.ledger = std::move(ledger);
  request.catalogue = std::make_shared<collector::Catalogue>(*std::move(registered));
  request.scope.range = *range;
  request.scope.names = options.metrics;
  request.scope.reread = collector::Reread{
      on_demand ? collector::Reread::Kind::kRecollect : collector::Reread::Kind::kAudit,
      on_demand ? options.reason : "late data"};
  request.clock = Now;
  ChangePrinter printer(options.format);
  collector::CollectListeners listeners;
  listeners.on_round = [&printer](const collector::RoundReport& report) { printer.Add(report); };
  collector::RunCollection(std::move(request), listeners);
  return printer.Finish(!printer.nothing());
}

}  // namespace promtally::cli
