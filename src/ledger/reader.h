// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.h"

namespace promtally::ledger {

/// Which records a report speaks of. The range is [begin, end) over period begins; what is absent
/// or empty takes everything.
struct UsageFilter {
  std::optional<base::Instant> begin;
  std::optional<base::Instant> end;
  std::vector<std::string> jobs;
  std::vector<std::string> names;                  ///< of specs, earlier ones included
  std::optional<std::vector<std::string>> scopes;  ///< a series without scope is in none of them
  /// Of records: each period as it stood at that revision (0: as first billed); absent: the newest.
  std::optional<std::int64_t> revision;
  bool all_revisions = false;  ///< every revision of every record
  bool with_evidence = false;
};

/// Where a record line stands among the others: what comes next begins behind it.
struct RecordPlace {
  std::string job;
  std::string name;  ///< the spec's now
  base::Instant begin;
  metering::UsageKind kind = metering::UsageKind::kMeasured;
  std::int64_t series = 0;
};

/// Told of each record; false: enough.
using RecordVisitor = std::function<bool(const metering::UsageRecord&, const RecordPlace&)>;

/// One period of a spec with its state, `pending` ones included.
struct PeriodLine {
  std::string job;
  std::string name;
  PeriodEntry entry;
};

struct PeriodFilter {
  UsageFilter where;  ///< its scopes are not looked at
  std::optional<PeriodState> state;
};

/// Where a period stands among the others.
struct PeriodPlace {
  std::string job;
  std::string name;
  base::Instant begin;
};

/// One total line. `groupby` has the labels that were asked for, in that order.
struct UsageTotal {
  std::string job;
  std::string name;
  std::string unit;
  metering::UsageKind kind = metering::UsageKind::kMeasured;
  std::optional<std::string>
      scope;  ///< only when totals are by scope (null in a job without scope key)
  metering::OrderedLabels groupby;
  base::Decimal quantity;
  std::int64_t records = 0;
  metering::Period extent;  ///< from the first record's begin to the last one's end
};

struct UsageGrouping {
  bool by_scope = false;
  std::vector<std::string> labels;
};

/// What an operator looks at when a spec's newest answered period is there.
struct SpecWatch {
  std::optional<metering::Period> newest;  ///< answered; absent: nothing to look at
  std::int64_t series = 0;                 ///< that the server answered for it
  /// Of the (at most 24) answered periods before it; nullopt without any.
  std::optional<double> series_median;
  /// Scopes with records in the answered period before it and none in it.
  std::int64_t absent_scopes = 0;
  std::vector<std::string> absent_names;  ///< the first ten of them, by name

  /// Fewer than half of the usual number.
  [[nodiscard]] bool HasFewSeries() const {
    return series_median && static_cast<double>(series) < *series_median / 2;
  }
};

/// One spec line and its open and failed periods (surface: status lines).
struct SpecStatus {
  std::string job;
  std::string name;
  base::Instant first_period;
  std::optional<base::Instant> last_committed;  ///< begin of the newest committed period
  base::Seconds lag{0};  ///< end of the newest due period - end of the newest answered one; 0 when
                         ///< nothing is missing
  std::int64_t committed = 0;
  std::int64_t empty = 0;
  std::int64_t open = 0;  ///< `pending` ones (due, no row yet) included
  std::int64_t failed = 0;
  std::int64_t rejected = 0;
  std::int64_t unattributed = 0;
  std::int64_t skipped = 0;
  std::int64_t excluded = 0;
  SpecWatch watch;
  bool retired = false;
  metering::Evaluation evaluation = metering::Evaluation::kPromql;  ///< of the newest version
  std::int64_t provisional = 0;  ///< answered periods that are to be read again
  std::int64_t final_periods = 0;
  std::int64_t checkpoints = 0;         ///< things whose state is kept
  std::vector<PeriodEntry> unfinished;  ///< in period order, pending ones included
};

/// One thing that is wrong in a ledger: which spec and period, and what.
struct Violation {
  std::string job;
  std::string name;
  std::optional<metering::Period> period;
  std::string message;
};

struct VerifyReport {
  std::int64_t periods = 0;
  std::int64_t records = 0;
  std::int64_t series = 0;
  std::vector<Violation> violations;  ///< at most 100
};

/// What people and pipelines read from a ledger. Works beside a running writer. One thread uses an
/// object.
class Reader {
 public:
  virtual ~Reader() = default;

  /// Record lines of the newest revision, ordered by job, name, begin, series, from the one behind
  /// `after` on.
  virtual base::Status RecordsAfter(const UsageFilter& filter,
                                    const std::optional<RecordPlace>& after,
                                    const RecordVisitor& visit) = 0;
  /// All of them; `visit` returns false to stop.
  base::Status Records(const UsageFilter& filter,
                       const std::function<bool(const metering::UsageRecord&)>& visit) {
    return RecordsAfter(
        filter, std::nullopt,
        [&](const metering::UsageRecord& record, const RecordPlace&) { return visit(record); });
  }
  /// Totals in exact decimals, ordered by job, name, scope, labels.
  virtual base::Result<std::vector<UsageTotal>> Totals(const UsageFilter& filter,
                                                       const UsageGrouping& grouping) = 0;
  /// Without what they look like beside the period before (`watch`), which Watch reads.
  virtual base::Result<std::vector<SpecStatus>> Statuses(base::Instant now) = 0;
  /// Measured periods ordered by job, name, begin, from the one behind `after` on, at most `limit`.
  virtual base::Result<std::vector<PeriodLine>> Periods(const PeriodFilter& filter,
                                                        const std::optional<PeriodPlace>& after,
                                                        std::size_t limit, base::Instant now) = 0;
  /// nullopt: no such spec.
  virtual base::Result<std::optional<SpecWatch>> Watch(std::string_view job,
                                                       std::string_view name) = 0;
  /// As Ledger::ExactStateAt, of the spec with that name; nothing where there is none.
  virtual base::Result<ExactState> ExactStateAt(std::string_view job, std::string_view name,
                                                base::Instant begin,
                                                base::Milliseconds retention) = 0;
  virtual base::Result<VerifyReport> Verify() = 0;
  /// A consistent copy while a writer works; refuses an existing target.
  virtual base::Status Backup(const std::string& target) = 0;
};

}  // namespace promtally::ledger
