// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/query_target.h"
#include "cli/report_lines.h"
#include "cli/scope_totals.h"
#include "promtally/config/metrics_file.h"

namespace promtally::cli {

namespace {

/// The target of one of the two files, all else being the same.
OrExit<QueryTarget> TargetOf(const DiffOptions& options, const std::string& file) {
  QueryOptions query;
  query.metrics_file = file;
  query.metrics = {};
  query.scope_key = options.scope_key;
  query.range = options.range;
  query.period = options.period;
  query.execute = true;
  query.url = options.url;
  query.http_config_file = options.http_config_file;
  query.config_file = options.config_file;
  query.source = options.source;
  auto targets = ResolveQuery(query);
  if (!targets) {
    return tl::unexpected(targets.error());
  }
  return std::move(targets->front());
}

/// Totals of one file, spec by spec; a spec that stands in both files is asked for once.
class Side {
 public:
  Side(TotalsReader& reader, const QueryTarget& target) : reader_(reader), target_(target) {}

  const SpecTotals* Find(const std::string& name, const Side* other) {
    for (const SpecTotals& known : read_) {
      if (known.name == name) {
        return &known;
      }
    }
    const auto spec = std::find_if(target_.specs.begin(), target_.specs.end(),
                                   [&name](const auto& each) { return each->name == name; });
    if (spec == target_.specs.end()) {
      return nullptr;
    }
    const SpecTotals* const same = other == nullptr ? nullptr : other->SameAs(**spec);
    read_.push_back(same == nullptr ? reader_.Read(target_, *spec) : *same);
    return &read_.back();
  }
  [[nodiscard]] std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& spec : target_.specs) {
      names.push_back(spec->name);
    }
    return names;
  }

 private:
  [[nodiscard]] const SpecTotals* SameAs(const metering::MetricSpec& spec) const {
    const std::string definition = config::ToDefinition(spec);
    for (const SpecTotals& known : read_) {
      if (known.definition == definition) {
        return &known;
      }
    }
    return nullptr;
  }

  TotalsReader& reader_;
  const QueryTarget& target_;
  std::vector<SpecTotals> read_;
};

class Report {
 public:
  explicit Report(Format format) : format_(format) {}

  void Add(const ComparedTotal& line) {
    if (format_ == Format::kJson) {
      std::cout << ToJson(line, {"old", "new", "change"}) << '\n';
      return;
    }
    const auto text = [](const std::optional<base::Decimal>& value) {
      return value ? value->ToText() : "";
    };
    const std::string scope = line.is_total ? "" : line.scope.value_or("");
    table_.Add({line.is_total ? "total" : "", line.name, scope, text(line.before), text(line.after),
                line.Change().ToText(), text(line.Percent())});
  }
  void Finish() const {
    if (format_ == Format::kCsv || (format_ == Format::kTable && !table_.empty())) {
      table_.Print(std::cout, format_);
    }
  }

 private:
  Format format_;
  Table table_{{{"line"},
                {"name"},
                {"scope"},
                {"old", true},
                {"new", true},
                {"change", true},
                {"percent", true}}};
};

}  // namespace

int RunDiff(const DiffOptions& options) {
  if (options.url.empty() == options.config_file.empty()) {
    return PrintError("diff needs --url URL or --config FILE", kWrongUsage);
  }
  auto old_target = TargetOf(options, options.old_file);
  auto new_target = old_target ? TargetOf(options, options.new_file) : old_target;
  if (!new_target) {
    return new_target.error();
  }
  TotalsReader reader(*old_target->source);
  Side old_side(reader, *old_target);
  Side new_side(reader, *new_target);
  std::vector<std::string> names = old_side.Names();
  for (const std::string& name : new_side.Names()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  Report report(options.format);
  bool is_complete = true;
  for (const std::string& name : names) {
    const SpecTotals* const before = old_side.Find(name, nullptr);
    const SpecTotals* const after = new_side.Find(name, &old_side);
    bool is_whole = true;
    for (const auto& [side, file] :
         {std::pair(before, &options.old_file), std::pair(after, &options.new_file)}) {
      if (side != nullptr && !side->failure.empty()) {
        PrintError(fmt::format("{}: {} {}", *file, name, side->failure), kIncomplete);
        is_whole = false;
      }
    }
    is_complete = is_complete && is_whole;
    // Half a total compares with nothing.
    if (is_whole) {
      const auto totals = [](const SpecTotals* side) {
        return side == nullptr ? std::nullopt : std::optional(side->by_scope);
      };
      for (const ComparedTotal& line : Compare(name, totals(before), totals(after))) {
        report.Add(line);
      }
    }
  }
  report.Finish();
  if (!reader.reached()) {
    return kUnreachable;
  }
  return is_complete ? kDone : kIncomplete;
}

}  // namespace promtally::cli
