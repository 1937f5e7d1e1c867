// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <iostream>
#include <sstream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/record_table.h"
#include "collector/spec_watch.h"
#include "delivery/json_lines.h"
#include "ledger/sqlite_ledger.h"
#include "promtally/base/labels.h"

namespace promtally::cli {

namespace {

OrExit<std::unique_ptr<ledger::Reader>> OpenReader(const LedgerOptions& options) {
  auto path = LedgerPath(options);
  if (!path) {
    return tl::unexpected(path.error());
  }
  auto reader = ledger::OpenSqliteReader(*path);
  if (!reader) {
    return tl::unexpected(PrintError(reader.error().message, kIncomplete));
  }
  return *std::move(reader);
}

OrExit<ledger::UsageFilter> ParseFilter(const RangeOptions& options) {
  ledger::UsageFilter filter;
  const base::Instant now = Now();
  for (const bool begin : {true, false}) {
    const std::string& text = begin ? options.begin : options.end;
    if (text.empty()) {
      continue;
    }
    const auto instant = base::ParseTimeArgument(text, now);
    if (!instant) {
      return tl::unexpected(
          PrintError(fmt::format("{}: {}", begin ? "--begin" : "--end", instant.error().message),
                     kWrongUsage));
    }
    (begin ? filter.begin : filter.end) = *instant;
  }
  if (filter.begin && filter.end && *filter.end <= *filter.begin) {
    return tl::unexpected(PrintError("--end must be after --begin", kWrongUsage));
  }
  return filter;
}

/// `metric,scope,LABEL…`; totals are always by metric (the spec's name).
OrExit<ledger::UsageGrouping> ParseGrouping(const std::string& text) {
  ledger::UsageGrouping grouping;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    if (part == "scope") {
      grouping.by_scope = true;
    } else if (part != "metric") {
      if (!base::IsLabelName(part)) {
        return tl::unexpected(
            PrintError(fmt::format("--by: \"{}\" is neither metric, scope nor a label name", part),
                       kWrongUsage));
      }
      grouping.labels.push_back(part);
    }
  }
  return grouping;
}

/// `--revision` and `--evidence`; the exit status where they are wrong.
int ParseRecordOptions(const UsageOptions& options, ledger::UsageFilter* filter) {
  if (!options.records && (!options.revision.empty() || options.evidence)) {
    return PrintError("--revision and --evidence speak of records: add --records", kWrongUsage);
  }
  if (options.evidence && options.format != Format::kJson) {
    return PrintError("--evidence needs --format json", kWrongUsage);
  }
  filter->with_evidence = options.evidence;
  const std::string& text = options.revision;
  if (text.empty() || text == "latest") {
    return kDone;
  }
  if (text == "all") {
    filter->all_revisions = true;
    return kDone;
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) {
    return PrintError("--revision: \"" + text + "\" is neither latest, all nor a number",
                      kWrongUsage);
  }
  filter->revision = number;
  return kDone;
}

int PrintTotals(ledger::Reader& reader, const ledger::UsageFilter& filter,
                const ledger::UsageGrouping& grouping, Format format) {
  const auto totals = reader.Totals(filter, grouping);
  if (!totals) {
    return PrintError(totals.error().message, kIncomplete);
  }
  std::vector<Column> columns{{"job"}, {"name"}, {"unit"}, {"kind"}};
  if (grouping.by_scope) {
    columns.push_back({"scope"});
  }
  for (const std::string& label : grouping.labels) {
    columns.push_back({label});
  }
  columns.insert(columns.end(), {{"quantity", true}, {"records", true}, {"begin"}, {"end"}});
  Table table(columns);
  for (const ledger::UsageTotal& total : *totals) {
    if (format == Format::kJson) {
      std::cout << delivery::ToJson(total, grouping.by_scope) << '\n';
      continue;
    }
    std::vector<std::string> cells{total.job, total.name, total.unit,
                                   std::string(metering::ToText(total.kind))};
    if (grouping.by_scope) {
      cells.push_back(total.scope.value_or(""));
    }
    for (const auto& label : total.groupby) {
      cells.push_back(label.second);
    }
    cells.insert(cells.end(), {total.quantity.ToText(), std::to_string(total.records),
                               base::ToText(total.extent.begin), base::ToText(total.extent.end)});
    table.Add(std::move(cells));
  }
  if (format == Format::kCsv || (format == Format::kTable && !table.empty())) {
    table.Print(std::cout, format);
  } else if (format == Format::kTable) {
    std::cout << "no usage\n";
  }
  return kDone;
}

/// Open or failed periods that follow each other and say the same, for one row.
struct Stretch {
  const ledger::PeriodEntry* first;
  metering::Period period;
  std::size_t periods = 1;

  [[nodiscard]] bool Continues(const ledger::PeriodEntry& next) const {
    return next.period.begin == period.end && next.state == first->state &&
           next.reason == first->reason && next.detail == first->detail &&
           next.attempts == first->attempts && next.next_retry == first->next_retry;
  }
};

std::vector<Stretch> Stretches(const std::vector<ledger::PeriodEntry>& entries) {
  std::vector<Stretch> stretches;
  for (const ledger::PeriodEntry& entry : entries) {
    if (!stretches.empty() && stretches.back().Continues(entry)) {
      stretches.back().period.end = entry.period.end;
      ++stretches.back().periods;
    } else {
      stretches.push_back({&entry, entry.period});
    }
  }
  return stretches;
}

std::string OrDash(const std::optional<base::Instant>& instant) {
  return instant ? base::ToText(*instant) : "-";
}

void PrintStatusTables(const std::vector<ledger::SpecStatus>& statuses, Format format) {
  Table specs({{"job"},
               {"name"},
               {"first_period"},
               {"last_committed"},
               {"lag", true},
               {"committed", true},
               {"empty", true},
               {"open", true},
               {"failed", true},
               {"rejected", true},
               {"unattributed", true},
               {"skipped", true},
               {"excluded", true},
               {"series", true},
               {"median", true},
               {"absent_scopes", true},
               {"retired"}});
  Table periods({{"job"},
                 {"name"},
                 {"begin"},
                 {"end"},
                 {"periods", true},
                 {"state"},
                 {"reason"},
                 {"attempts", true},
                 {"next_retry"},
                 {"detail"}});
  for (const ledger::SpecStatus& status : statuses) {
    specs.Add({status.job, status.name, base::ToText(status.first_period),
               OrDash(status.last_committed),
               format == Format::kCsv ? std::to_string(status.lag.count())
                                      : base::ToText(base::Milliseconds(status.lag)),
               std::to_string(status.committed), std::to_string(status.empty),
               std::to_string(status.open), std::to_string(status.failed),
               std::to_string(status.rejected), std::to_string(status.unattributed),
               std::to_string(status.skipped), std::to_string(status.excluded),
               std::to_string(status.watch.series),
               status.watch.series_median ? fmt::format("{}", *status.watch.series_median) : "-",
               std::to_string(status.watch.absent_scopes), status.retired ? "yes" : ""});
    for (const Stretch& stretch : Stretches(status.unfinished)) {
      const ledger::PeriodEntry& first = *stretch.first;
      periods.Add({status.job, status.name, base::ToText(stretch.period.begin),
                   base::ToText(stretch.period.end), std::to_string(stretch.periods),
                   std::string(delivery::ToText(first.state)), first.reason,
                   std::to_string(first.attempts), OrDash(first.next_retry), first.detail});
    }
  }
  specs.Print(std::cout, format);
  if (!periods.empty() && format == Format::kTable) {
    std::cout << "\nopen and failed periods\n";
    periods.Print(std::cout, format);
  }
  for (const ledger::SpecStatus& status : statuses) {
    for (const std::string& warning : collector::WarningsOf(status.watch)) {
      std::cerr << "warning: " << Printable(status.job + " " + status.name + ": " + warning)
                << '\n';
    }
  }
}

}  // namespace

int RunUsage(const UsageOptions& options) {
  auto filter = ParseFilter(options.range);
  if (!filter) {
    return filter.error();
  }
  if (const int wrong = ParseRecordOptions(options, &*filter); wrong != kDone) {
    return wrong;
  }
  auto grouping = ParseGrouping(options.by);
  if (!grouping) {
    return grouping.error();
  }
  auto reader = OpenReader(options.where);
  if (!reader) {
    return reader.error();
  }
  if (!options.records) {
    return PrintTotals(**reader, *filter, *grouping, options.format);
  }
  RecordTable table(options.format, true);
  const auto status = (*reader)->Records(*filter, [&table](const metering::UsageRecord& record) {
    table.Add(record);
    return static_cast<bool>(std::cout);
  });
  if (!status) {
    return PrintError(status.error().message, kIncomplete);
  }
  table.Finish();
  return kDone;
}

int RunStatus(const ReportOptions& options) {
  auto reader = OpenReader(options.where);
  if (!reader) {
    return reader.error();
  }
  auto statuses = (*reader)->Statuses(Now());
  if (!statuses) {
    return PrintError(statuses.error().message, kIncomplete);
  }
  for (ledger::SpecStatus& status : *statuses) {
    const auto watch = (*reader)->Watch(status.job, status.name);
    if (!watch) {
      return PrintError(watch.error().message, kIncomplete);
    }
    status.watch = watch->value_or(ledger::SpecWatch{});
  }
  if (options.format != Format::kJson) {
    PrintStatusTables(*statuses, options.format);
    return kDone;
  }
  for (const ledger::SpecStatus& status : *statuses) {
    std::cout << delivery::ToJson(status) << '\n';
    for (const ledger::PeriodEntry& period : status.unfinished) {
      std::cout << delivery::ToJson(status, period) << '\n';
    }
  }
  return kDone;
}

int RunVerify(const ReportOptions& options) {
  auto reader = OpenReader(options.where);
  if (!reader) {
    return reader.error();
  }
  const auto report = (*reader)->Verify();
  if (!report) {
    return PrintError(report.error().message, kIncomplete);
  }
  for (const ledger::Violation& violation : report->violations) {
    if (options.format == Format::kJson) {
      std::cout << delivery::ToJson(violation) << '\n';
    } else {
      std::cout << Printable(
                       fmt::format("violation: {} {} {}: {}", violation.job, violation.name,
                                   violation.period ? base::ToText(violation.period->begin) : "-",
                                   violation.message))
                << '\n';
    }
  }
  if (options.format != Format::kJson) {
    std::cout << fmt::format("{}: {} periods, {} records, {} series, {} violation{}\n",
                             report->violations.empty() ? "verified" : "NOT SOUND", report->periods,
                             report->records, report->series, report->violations.size(),
                             report->violations.size() == 1 ? "" : "s");
  }
  return report->violations.empty() ? kDone : kIncomplete;
}

}  // namespace promtally::cli
