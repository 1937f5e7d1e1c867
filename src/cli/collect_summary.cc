// SPDX-License-Identifier: Apache-2.0
#include "cli/collect_summary.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/record_table.h"
#include "collector/plan.h"
#include "collector/spec_watch.h"
#include "ledger/sqlite_ledger.h"

namespace promtally::cli {

namespace {

using ledger::PeriodState;

struct Counts {
  std::size_t periods = 0;
  std::size_t by_state[4] = {};
  std::size_t records = 0;
  std::size_t rejected = 0;

  void Add(const collector::PeriodReport& report) {
    ++periods;
    ++by_state[static_cast<std::size_t>(report.state)];
    records += report.records;
    rejected += report.rejected;
  }
  [[nodiscard]] std::string Text(PeriodState state) const {
    return std::to_string(by_state[static_cast<std::size_t>(state)]);
  }
};

}  // namespace

void CollectSummary::Add(collector::RoundReport report) {
  for (collector::PeriodReport& period : report.periods) {
    outcomes_[{period.job, period.name, period.period.begin}] = std::move(period);
  }
  report.periods.clear();
  reached_ = reached_ || report.any_source_reached;
  last_ = std::move(report);
}

void CollectSummary::Add(const collector::PredictionsReport& report) {
  std::set<std::string> said;
  for (const collector::PredictionReport& prediction : report.predictions) {
    ++(prediction.error.empty() ? predicted_ : not_predicted_);
    const std::string text = prediction.job + " " + prediction.name + ": " + prediction.error;
    if (!prediction.error.empty() && said.insert(text).second) {
      std::cerr << "warning: no prediction: " << Printable(text) << '\n';
    }
  }
  if (report.ledger_error) {
    std::cerr << "warning: predictions cannot be written: "
              << Printable(report.ledger_error->message) << '\n';
  }
}

void CollectSummary::PrintTable(const collector::Catalogue& catalogue, bool had_range) const {
  if (outcomes_.empty()) {
    PrintNothingDue(catalogue, had_range);
    PrintPredictions();
    return;
  }
  std::map<std::pair<std::string, std::string>, Counts> rows;
  for (const auto& [key, period] : outcomes_) {
    rows[{period.job, period.name}].Add(period);
  }
  Table table({{"job"},
               {"name"},
               {"periods", true},
               {"committed", true},
               {"empty", true},
               {"open", true},
               {"failed", true},
               {"records", true},
               {"rejected", true}});
  for (const auto& [key, counts] : rows) {
    table.Add({key.first, key.second, std::to_string(counts.periods),
               counts.Text(PeriodState::kCommitted), counts.Text(PeriodState::kEmpty),
               counts.Text(PeriodState::kOpen), counts.Text(PeriodState::kFailed),
               std::to_string(counts.records), std::to_string(counts.rejected)});
  }
  table.Print(std::cout, Format::kTable);
  PrintPredictions();
  if (last_.waiting > 0) {
    std::cout << fmt::format("{} open periods wait for their next try\n", last_.waiting);
  }
  if (last_.left_failed > 0) {
    std::cout << fmt::format("{} failed before and were not tried again; see --retry-failed\n",
                             last_.left_failed);
  }
}

void CollectSummary::PrintPredictions() const {
  if (predicted_ + not_predicted_ > 0) {
    std::cout << fmt::format("predictions: {} made, {} failed\n", predicted_, not_predicted_);
  }
}

void CollectSummary::PrintNothingDue(const collector::Catalogue& catalogue, bool had_range) const {
  if (last_.stopped) {
    std::cout << "stopped before anything was collected\n";
  } else if (last_.waiting > 0) {
    std::cout << fmt::format(
        "nothing else is due; open periods that wait for their next try: {}, the first at {}\n",
        last_.waiting, base::ToText(last_.next_retry.value_or(Now())));
  } else if (last_.left_failed > 0) {
    std::cout << fmt::format(
        "nothing to collect: {} failed before and are not tried again without --retry-failed\n",
        last_.left_failed);
  } else if (had_range) {
    std::cout << "nothing to collect: every period of the range is answered\n";
  } else {
    const auto due = collector::NextDue(catalogue, Now());
    std::cout << "nothing is due"
              << (due ? "; the next period is due at " + base::ToText(*due) : "") << '\n';
  }
}

base::Status CollectSummary::PrintRecords(const std::string& ledger_path, Format format) const {
  RecordTable table(format, true);
  ledger::UsageFilter filter;
  for (const auto& [key, period] : outcomes_) {
    if (period.state == PeriodState::kCommitted) {
      filter.begin = std::min(filter.begin.value_or(period.period.begin), period.period.begin);
      filter.end = std::max(filter.end.value_or(period.period.end), period.period.end);
    }
  }
  if (filter.begin) {
    auto reader = ledger::OpenSqliteReader(ledger_path);
    if (!reader) {
      return tl::unexpected(reader.error());
    }
    auto status = (*reader)->Records(filter, [&](const metering::UsageRecord& record) {
      const auto at = outcomes_.find({record.job, record.name, record.period.begin});
      if (at != outcomes_.end() && at->second.state == PeriodState::kCommitted) {
        table.Add(record);
      }
      return true;
    });
    if (!status) {
      return status;
    }
  }
  table.Finish();
  return {};
}

void CollectSummary::WarnOfUnusual(const std::string& ledger_path) const {
  std::set<std::pair<std::string, std::string>> specs;
  for (const auto& [key, period] : outcomes_) {
    if (period.state == PeriodState::kCommitted || period.state == PeriodState::kEmpty) {
      specs.emplace(period.job, period.name);
    }
  }
  if (specs.empty()) {
    return;
  }
  const auto reader = ledger::OpenSqliteReader(ledger_path);
  for (auto spec = specs.begin(); reader && spec != specs.end(); ++spec) {
    const auto watch = (*reader)->Watch(spec->first, spec->second);
    if (!watch || !*watch) {
      continue;
    }
    for (const std::string& warning : collector::WarningsOf(**watch)) {
      std::cerr << "warning: " << Printable(spec->first + " " + spec->second + ": " + warning)
                << '\n';
    }
  }
}

int CollectSummary::ExitStatus() const {
  if (outcomes_.empty()) {
    return last_.waiting > 0 || last_.left_failed > 0 || last_.stopped ? kIncomplete : kDone;
  }
  if (!reached_) {
    return kUnreachable;
  }
  const bool complete = std::all_of(outcomes_.begin(), outcomes_.end(), [](const auto& outcome) {
    const collector::PeriodReport& period = outcome.second;
    return period.rejected == 0 &&
           (period.state == PeriodState::kCommitted || period.state == PeriodState::kEmpty);
  });
  return complete && last_.waiting == 0 && last_.left_failed == 0 && !last_.stopped ? kDone
                                                                                    : kIncomplete;
}

}  // namespace promtally::cli
