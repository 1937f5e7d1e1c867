// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "collector/catalogue.h"
#include "collector/round.h"
#include "ledger/sqlite_ledger.h"
#include "support/temp_folder.h"
#include "unit/collector/failing_ledger.h"
#include "unit/collector/scripted_source.h"

namespace promtally::collector {

/// 2025-06-01T00:00:00Z plus a number of hours.
[[nodiscard]] base::Instant Hour(int hours);
[[nodiscard]] metering::Period HourPeriod(int hours);

/// A spec of one label `code` beside the scope key.
[[nodiscard]] metering::MetricSpec MakeSpec(const std::string& name);

/// A ledger in a folder of its own, with a job `default` of hours (source `s`, scope key
/// project_id, start at hour 0, no least coverage); now is a clock that tests set. What was written
/// is read back past the collector.
class CollectorTest : public ::testing::Test {
 protected:
  CollectorTest();

  /// Opens the ledger and registers the specs as the job has them now.
  [[nodiscard]] RegisterRequest RequestFor(const metering::MetricSpecs& specs) const;
  [[nodiscard]] base::Result<Catalogue> TryRegister(const metering::MetricSpecs& specs,
                                                    bool accept_identity_change = false);
  /// The same; throws where that fails.
  [[nodiscard]] Catalogue Register(const metering::MetricSpecs& specs);
  [[nodiscard]] std::unique_ptr<ledger::WritableLedger> OpenLedger() const;
  [[nodiscard]] std::unique_ptr<ledger::Reader> OpenReader() const;

  /// The row of a period of the spec `name`.
  [[nodiscard]] std::optional<ledger::PeriodEntry> Row(const std::string& name, int hour) const;
  /// "committed", "open timeout", "failed lost"; "none" without a row.
  [[nodiscard]] std::string State(const std::string& name, int hour) const;
  /// Quantities of the records of a spec by begin (in hours) and scope: "0/p1=5".
  [[nodiscard]] std::vector<std::string> Usage(const std::string& name) const;
  /// What is wrong in the ledger.
  [[nodiscard]] std::vector<std::string> Violations() const;
  void WriteRow(const std::string& name, int hour, ledger::PeriodEntry entry) const;

  test::TempFolder folder_;
  std::string path_;
  config::JobSettings job_;
  std::set<std::string> sources_{"s"};  ///< that are configured
  base::Instant now_ = Hour(10);
};

/// Rounds against a ScriptedSource.
class RoundTest : public CollectorTest {
 protected:
  RoundTest() {
    script_->query = [](const AskedQuery&) { return OneSeries("5"); };
  }
  ~RoundTest() override;

  [[nodiscard]] static source::QueryOutcome OneSeries(const std::string& value);

  /// Runs one round to its end over `specs`, in a program of its own: ledger, threads and source
  /// are new. The test fails where the round does not end.
  RoundReport RunRound(const metering::MetricSpecs& specs, RoundScope scope = {});
  /// "requests 0 committed", in the order in which periods were decided.
  [[nodiscard]] static std::vector<std::string> Decided(const RoundReport& report);

  std::shared_ptr<SourceScript> script_ = std::make_shared<SourceScript>();
  std::shared_ptr<LedgerCalls> calls_ = std::make_shared<LedgerCalls>();
  RoundObserver* observer_ = nullptr;
  int concurrency_ = 2;
  std::shared_ptr<Round> round_;  ///< the one that runs
  boost::asio::io_context* loop_ = nullptr;
};

}  // namespace promtally::collector
