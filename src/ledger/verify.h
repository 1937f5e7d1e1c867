// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ledger/catalog.h"
#include "ledger/reader.h"
#include "ledger/series_sums.h"
#include "ledger/sqlite.h"

namespace promtally::ledger {

/// Every invariant of a ledger, checked from its rows over an open snapshot; docs/ledger.md lists
/// them. One spec at a time: memory is bounded by the series of the largest spec and the records of
/// the largest period.
[[nodiscard]] VerifyReport VerifyLedger(Connection& db);

/// Collects what is wrong, with the names that an operator needs; keeps the first 100.
class Findings {
 public:
  explicit Findings(VerifyReport& report) : report_(report) {}
  void SetSpec(const Job& job, const Spec& spec) {
    job_ = job.name;
    name_ = spec.name;
  }
  void ClearSpec() {
    job_.clear();
    name_.clear();
  }
  void Add(std::optional<metering::Period> period, std::string message);
  [[nodiscard]] VerifyReport& report() { return report_; }

 private:
  static constexpr std::size_t kMax = 100;
  VerifyReport& report_;
  std::string job_;
  std::string name_;
};

/// One period row, as the checks need it.
struct PeriodRow {
  std::int64_t id = 0;
  metering::UsageKind kind = metering::UsageKind::kMeasured;
  metering::Period period;
  PeriodState state = PeriodState::kOpen;
  std::optional<std::int64_t> revision;
  std::int64_t version_id = 0;
};

/// Lengths, alignment, overlaps and gaps of a spec's periods.
void VerifyTiling(Connection& db, const Job& job, const Spec& spec,
                  const std::vector<PeriodRow>& periods, Findings& findings);
/// Revisions, evidence, records, sums and digest of one period; adds the records to `sums`.
void VerifyPeriod(Connection& db, const Spec& spec, const PeriodRow& period, SeriesSums& sums,
                  Findings& findings);
/// Evidence and checkpoints of exact usage.
void VerifyExact(Connection& db, const Spec& spec, Findings& findings);
/// Hashes and totals of a spec's series of one kind, against the sums of all their records.
void VerifySeries(Connection& db, const Spec& spec, metering::UsageKind kind,
                  const SeriesSums& sums, Findings& findings);

}  // namespace promtally::ledger
