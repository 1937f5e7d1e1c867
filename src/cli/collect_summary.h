// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "cli/table.h"
#include "collector/predictor.h"
#include "collector/round.h"

namespace promtally::cli {

/// What a `collect` run did, over its rounds: a period that was tried twice counts once, as it
/// ended.
class CollectSummary {
 public:
  void Add(collector::RoundReport report);
  /// Predictions that failed are said on standard error, once a name and reason.
  void Add(const collector::PredictionsReport& report);

  /// A table of counts for each spec, or what is said when there was nothing to do.
  void PrintTable(const collector::Catalogue& catalogue, bool had_range) const;
  /// The records of the periods that this run committed, in `format`.
  [[nodiscard]] base::Status PrintRecords(const std::string& ledger_path, Format format) const;

  /// Says on standard error what looks unusual in the periods that were committed.
  void WarnOfUnusual(const std::string& ledger_path) const;
  /// 0 all committed or empty without a rejected series, or nothing was due; 1 some open or failed
  /// or a series rejected; 4 no source reachable at all.
  [[nodiscard]] int ExitStatus() const;
  [[nodiscard]] const collector::RoundReport& last() const { return last_; }

 private:
  void PrintPredictions() const;
  void PrintNothingDue(const collector::Catalogue& catalogue, bool had_range) const;

  std::map<std::tuple<std::string, std::string, base::Instant>, collector::PeriodReport> outcomes_;
  collector::RoundReport last_;
  bool reached_ = false;
  std::size_t predicted_ = 0;
  std::size_t not_predicted_ = 0;
};

}  // namespace promtally::cli
