// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/csv_reader.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/report_lines.h"
#include "cli/scope_totals.h"
#include "collector/preview.h"
#include "ledger/sqlite_ledger.h"

namespace promtally::cli {

namespace {

/// How far a scope may be off: an amount, or a share of the other truth.
struct Tolerance {
  base::Decimal amount;
  bool is_percent = false;

  [[nodiscard]] bool Covers(const ComparedTotal& line) const {
    const base::Decimal off = line.Change().Abs();
    if (!is_percent) {
      return off <= amount;
    }
    constexpr std::int64_t kHundred = 100;
    return off * kHundred <= line.before.value_or(base::Decimal(0)).Abs() * amount;
  }
};

OrExit<Tolerance> ParseTolerance(const std::string& text) {
  Tolerance tolerance;
  tolerance.is_percent = text.ends_with('%');
  const auto amount = base::Decimal::Parse(
      std::string_view(text).substr(0, text.size() - (tolerance.is_percent ? 1U : 0U)));
  if (!amount || amount->Sign() < 0) {
    return tl::unexpected(PrintError(
        fmt::format("--tolerance: \"{}\" is neither a share such as 0.1% nor an amount", text),
        kWrongUsage));
  }
  tolerance.amount = *amount;
  return tolerance;
}

OrExit<metering::Period> ParseMonth(const std::string& text) {
  const auto begin = base::ParseInstant(text + "-01T00:00:00Z");
  constexpr std::size_t kLength = 7;
  if (!begin || text.size() != kLength) {
    return tl::unexpected(
        PrintError(fmt::format("--month: \"{}\" is no month such as 2025-06", text), kWrongUsage));
  }
  const std::chrono::year_month_day first(std::chrono::floor<std::chrono::days>(*begin));
  const auto next = std::chrono::sys_days(first + std::chrono::months(1));
  return metering::Period{*begin, next};
}

OrExit<metering::Period> ParseRange(const ReconcileOptions& options) {
  if (!options.month.empty()) {
    if (!options.range.begin.empty() || !options.range.end.empty()) {
      return tl::unexpected(
          PrintError("--month takes the place of --begin and --end", kWrongUsage));
    }
    return ParseMonth(options.month);
  }
  if (options.range.begin.empty() || options.range.end.empty()) {
    return tl::unexpected(
        PrintError("say which time: --month YYYY-MM, or --begin T --end T", kWrongUsage));
  }
  metering::Period range;
  for (const bool is_begin : {true, false}) {
    const auto instant =
        base::ParseTimeArgument(is_begin ? options.range.begin : options.range.end, Now());
    if (!instant) {
      return tl::unexpected(
          PrintError(fmt::format("{}: {}", is_begin ? "--begin" : "--end", instant.error().message),
                     kWrongUsage));
    }
    (is_begin ? range.begin : range.end) = *instant;
  }
  if (range.end <= range.begin) {
    return tl::unexpected(PrintError("--end must be after --begin", kWrongUsage));
  }
  return range;
}

/// What the ledger has of the spec. Several jobs of one name have to be told apart.
OrExit<ScopeTotals> OurTotals(const ReconcileOptions& options, const metering::Period& range) {
  auto path = LedgerPath(options.where);
  if (!path) {
    return tl::unexpected(path.error());
  }
  auto reader = ledger::OpenSqliteReader(*path);
  if (!reader) {
    return tl::unexpected(PrintError(reader.error().message, kIncomplete));
  }
  ledger::UsageFilter filter;
  filter.begin = range.begin;
  filter.end = range.end;
  filter.names = {options.name};
  if (!options.job.empty()) {
    filter.jobs = {options.job};
  }
  ledger::UsageGrouping grouping;
  grouping.by_scope = true;
  const auto totals = (*reader)->Totals(filter, grouping);
  if (!totals) {
    return tl::unexpected(PrintError(totals.error().message, kIncomplete));
  }
  ScopeTotals ours;
  std::string job;
  for (const ledger::UsageTotal& total : *totals) {
    if (total.kind != metering::UsageKind::kMeasured) {
      continue;
    }
    if (!job.empty() && job != total.job) {
      return tl::unexpected(
          PrintError(fmt::format("the jobs {} and {} have a spec \"{}\": name one with --job", job,
                                 total.job, options.name),
                     kWrongUsage));
    }
    job = total.job;
    ours[total.scope] += total.quantity;
  }
  if (ours.empty()) {
    std::cerr << fmt::format("note: the ledger has no record of \"{}\" in this time\n",
                             Printable(options.name));
  }
  return ours;
}

/// Whom to ask, and which label names the scope.
struct Expression {
  config::SourceSettings source;
  std::optional<std::string> scope_key;
};

OrExit<Expression> SourceOf(const ReconcileOptions& options) {
  Expression expression;
  if (!options.scope_key.empty()) {
    expression.scope_key = options.scope_key;
  }
  if (!options.url.empty()) {
    expression.source.url = options.url;
    if (!options.http_config_file.empty()) {
      auto http = LoadHttpClient(options.http_config_file, Files::kNeeded);
      if (!http) {
        return tl::unexpected(http.error());
      }
      expression.source.http = *std::move(http);
    }
  }
  if (options.where.config_file.empty()) {
    if (options.url.empty()) {
      return tl::unexpected(
          PrintError("an expression needs a server: --config FILE or --url URL", kWrongUsage));
    }
    return expression;
  }
  const auto loaded = LoadConfiguration(options.where.config_file, Warnings::kHide, Files::kNeeded);
  if (!loaded) {
    return tl::unexpected(loaded.error());
  }
  for (const collector::ConfiguredJob& job : loaded->jobs) {
    const bool has_spec = std::any_of(job.specs.begin(), job.specs.end(),
                                      [&](const auto& spec) { return spec.name == options.name; });
    if ((!options.job.empty() && job.settings.job != options.job) || !has_spec) {
      continue;
    }
    if (!expression.scope_key) {
      expression.scope_key = job.settings.scope_key;
    }
    for (const config::SourceSettings& source : loaded->settings.sources) {
      if (options.url.empty() && source.name == job.settings.source) {
        expression.source = source;
      }
    }
    return expression;
  }
  return tl::unexpected(PrintError(
      fmt::format("there is no spec \"{}\" in {}", options.name, options.where.config_file),
      kWrongUsage));
}

OrExit<ScopeTotals> TotalsOfExpression(const ReconcileOptions& options, base::Instant end) {
  const auto expression = SourceOf(options);
  if (!expression) {
    return tl::unexpected(expression.error());
  }
  collector::Preview preview(expression->source);
  const source::QueryOutcome outcome = preview.Query(options.against, end);
  if (outcome.failure) {
    return tl::unexpected(PrintError(outcome.failure->reason + ": " + outcome.failure->detail,
                                     preview.reached() ? kIncomplete : kUnreachable));
  }
  ScopeTotals theirs;
  for (std::size_t i = 0; i < outcome.answer.size(); ++i) {
    const auto value = base::Decimal::Parse(outcome.answer.value(i));
    if (!value) {
      return tl::unexpected(PrintError(
          fmt::format("the expression gives {} for a series, which is no amount",
                      outcome.answer.series(i).histogram ? "a histogram" : outcome.answer.value(i)),
          kIncomplete));
    }
    std::optional<std::string> scope;
    if (expression->scope_key) {
      scope = std::string(outcome.answer.Label(i, *expression->scope_key).value_or(""));
    }
    theirs[scope] += *value;
  }
  return theirs;
}

OrExit<ScopeTotals> TotalsOfCsv(const ReconcileOptions& options) {
  const auto wrong = [&](const std::string& what) {
    return tl::unexpected(PrintError(options.against + ": " + what, kBadConfiguration));
  };
  const auto text = ReadFile(options.against);
  if (!text) {
    return tl::unexpected(PrintError(text.error().message, kBadConfiguration));
  }
  const auto file = ParseCsv(*text);
  if (!file) {
    return wrong(file.error().message);
  }
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(file->header.begin(), file->header.end(), name) -
                                    file->header.begin());
  };
  const std::size_t quantity = column(options.quantity_column);
  const std::size_t scope = column(options.scope_column);
  if (quantity == file->header.size()) {
    return wrong("there is no column \"" + options.quantity_column + "\"");
  }
  ScopeTotals theirs;
  for (std::size_t i = 0; i < file->rows.size(); ++i) {
    const auto value = base::Decimal::Parse(file->rows[i][quantity]);
    if (!value) {
      return wrong(fmt::format("line {}: \"{}\" is no number", file->lines[i],
                               Printable(file->rows[i][quantity])));
    }
    const bool has_scope = scope < file->header.size();
    theirs[has_scope ? std::optional(file->rows[i][scope]) : std::nullopt] += *value;
  }
  return theirs;
}

void Print(const std::vector<ComparedTotal>& lines, const Tolerance& tolerance, Format format) {
  Table table({{"line"},
               {"name"},
               {"scope"},
               {"theirs", true},
               {"ours", true},
               {"difference", true},
               {"percent", true},
               {"within"}});
  const auto text = [](const std::optional<base::Decimal>& value) {
    return value ? value->ToText() : "";
  };
  for (const ComparedTotal& line : lines) {
    const bool is_within = tolerance.Covers(line);
    if (format == Format::kJson) {
      std::cout << ToJson(line, is_within) << '\n';
      continue;
    }
    table.Add({line.is_total ? "total" : "", line.name,
               line.is_total ? "" : line.scope.value_or(""), text(line.before), text(line.after),
               line.Change().ToText(), text(line.Percent()), is_within ? "yes" : "no"});
  }
  if (format != Format::kJson) {
    table.Print(std::cout, format);
  }
}

}  // namespace

int RunReconcile(const ReconcileOptions& options) {
  const auto tolerance = ParseTolerance(options.tolerance);
  const auto range = tolerance ? ParseRange(options) : tl::unexpected(tolerance.error());
  if (!range) {
    return range.error();
  }
  std::error_code error;
  const bool is_file =
      std::filesystem::is_regular_file(options.against, error) || options.against.ends_with(".csv");
  const auto theirs = is_file ? TotalsOfCsv(options) : TotalsOfExpression(options, range->end);
  const auto ours = theirs ? OurTotals(options, *range) : theirs;
  if (!ours) {
    return ours.error();
  }
  const std::vector<ComparedTotal> lines = Compare(options.name, *theirs, *ours);
  Print(lines, *tolerance, options.format);
  const bool are_within = std::all_of(lines.begin(), lines.end(), [&](const ComparedTotal& line) {
    return tolerance->Covers(line);
  });
  return are_within ? kDone : kIncomplete;
}

}  // namespace promtally::cli
