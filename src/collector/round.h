// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "collector/catalogue.h"
#include "collector/ledger_thread.h"
#include "collector/plan.h"
#include "collector/source_gate.h"
#include "promtally/metering/usage_record.h"

namespace promtally::collector {

/// What became of one spec and period in a round.
struct PeriodReport {
  std::string job;
  std::string name;
  std::int64_t spec_id = 0;
  metering::Period period;
  ledger::PeriodState state = ledger::PeriodState::kOpen;
  std::string reason;
  std::string detail;
  std::optional<base::Instant> next_retry;
  std::size_t records = 0;
  std::size_t rejected = 0;
  std::size_t unattributed = 0;
  std::size_t skipped = 0;
  std::size_t excluded = 0;
  std::size_t skip_failures = 0;  ///< rows that the skip expression could not judge
  int attempts = 0;
  std::chrono::microseconds commit{0};
};

/// One record that differs from what was read again.
struct ReportedChange {
  std::string metric;
  std::optional<std::string> scope;
  metering::OrderedLabels groupby;
  ledger::RecordChange change;
  std::string reason;  ///< `lost` where the data are gone and nothing was changed
};

/// What became of one answered period that was read again.
struct RereadReport {
  std::string job;
  std::string name;
  metering::Period period;
  std::string failure;  ///< it could not be read; empty: it could
  std::vector<ReportedChange> changes;
};

struct RoundReport {
  std::vector<PeriodReport> periods;  ///< in the order in which they were decided
  std::vector<RereadReport> rereads;  ///< likewise
  int waiting = 0;                    ///< open periods whose next try is not due yet
  std::optional<base::Instant> next_retry;
  int left_failed = 0;  ///< failed periods of the range, which were not tried again
  bool any_source_reached = false;
  bool stopped = false;  ///< Stop() came before everything was asked
  std::optional<base::Error>
      ledger_error;  ///< the ledger could not be written; nothing more was asked

  [[nodiscard]] std::size_t Count(ledger::PeriodState state) const;
  [[nodiscard]] std::size_t Rejected() const;
};

/// Hears how a round goes on. Loop thread.
class RoundObserver {
 public:
  virtual ~RoundObserver() = default;
  virtual void OnPlanned(std::size_t /*periods*/) {}
  virtual void OnServer(const std::string& /*source*/, const source::ServerIdentity& /*identity*/,
                        base::Milliseconds /*behind*/) {}
  virtual void OnPeriod(const PeriodReport& /*report*/) {}
  virtual void OnReread(const RereadReport& /*report*/) {}
};

struct RoundContext {
  boost::asio::io_context* loop = nullptr;
  LedgerThread* ledger = nullptr;
  std::shared_ptr<Catalogue> catalogue;
  std::map<std::string, std::shared_ptr<SourceGate>> gates;  ///< by source name
  std::function<base::Instant()> clock;                      ///< the local clock
  RoundObserver* observer = nullptr;                         ///< may be nullptr; outlives the round
};

/// The local clock; where all servers are behind it, the clock of the one that is least so.
[[nodiscard]] base::Instant Now(const RoundContext& context);

/// One pass over everything that is due: plan, identify the servers, fetch, decide and commit, in
/// period order for each spec. Answers are fetched ahead; a failing spec does not hold another.
/// `done` comes once, on the loop; the round keeps itself alive until then. Loop thread only.
class Round : public std::enable_shared_from_this<Round> {
 public:
  virtual ~Round() = default;
  /// Asks for nothing more and gives up what is in flight; commits that have begun are finished.
  virtual void Stop() = 0;

  static std::shared_ptr<Round> Start(RoundContext context, RoundScope scope,
                                      std::function<void(RoundReport)> done);
};

}  // namespace promtally::collector
