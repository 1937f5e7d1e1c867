// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/lock_file.h"
#include "ledger/row_feed.h"
#include "ledger/series_index.h"
#include "ledger/sqlite.h"
#include "ledger/sqlite_ledger.h"

namespace promtally::ledger {

/// The writer. Each public call is at most one transaction (ledger.h); its parts live in
/// sqlite_catalog.cc, sqlite_sources.cc, sqlite_periods.cc, sqlite_commit.cc and sqlite_accept.cc.
class SqliteLedger final : public WritableLedger {
 public:
  /// Opens, creates or migrates the file; throws DatabaseError.
  SqliteLedger(LockFile lock, const std::string& path);

  base::Status Atomically(const std::function<base::Status()>& body) override;
  base::Result<std::int64_t> RecordConfig(std::string_view text, base::Instant loaded_at) override;
  base::Result<std::optional<Job>> FindJob(std::string_view name) override;
  base::Result<std::vector<Job>> Jobs() override;
  base::Result<std::int64_t> PutJob(const Job& job, bool accept_identity_change) override;
  base::Result<std::vector<Spec>> Specs(std::int64_t job_id) override;
  base::Result<std::vector<Spec>> PredictedSpecs(std::int64_t job_id) override;
  base::Result<Spec> AddSpec(const Spec& spec, std::int64_t config_id) override;
  base::Result<SpecVersion> AddVersion(std::int64_t spec_id, const SpecVersion& version,
                                       std::int64_t config_id) override;
  base::Status RenameSpec(std::int64_t spec_id, std::string_view name) override;
  base::Status SetRetired(std::int64_t spec_id, std::optional<base::Instant> retired_at) override;
  base::Status RecordRequestedRange(std::int64_t job_id, metering::Period range,
                                    base::Instant now) override;
  base::Result<std::int64_t> RecordServer(std::string_view source, std::string_view kind,
                                          std::string_view version,
                                          std::optional<bool> closed_edges,
                                          base::Instant seen_at) override;
  base::Result<std::optional<base::Instant>> UpSamplesSince(std::string_view source) override;
  base::Status RecordCoverage(std::string_view source, metering::Period period,
                              std::int64_t samples) override;
  base::Result<std::vector<std::int64_t>> CoverageBefore(std::string_view source,
                                                         metering::Period period,
                                                         int most) override;
  base::Result<std::vector<SeenStore>> SeeStores(std::string_view source,
                                                 const std::vector<std::string>& labels,
                                                 base::Instant now, base::Instant since) override;

  base::Result<std::vector<PeriodSummary>> Periods(std::int64_t spec_id,
                                                   base::Instant from) override;
  base::Result<std::optional<PeriodEntry>> FindPeriod(std::int64_t spec_id,
                                                      base::Instant begin) override;
  base::Result<std::vector<PeriodEntry>> Unfinished(std::int64_t spec_id) override;
  base::Result<std::optional<bool>> LastAnswerHadSeries(std::int64_t spec_id,
                                                        base::Instant begin) override;
  base::Status RecordAttempt(const PeriodEntry& entry) override;
  base::Status RecordAttempts(const std::vector<PeriodEntry>& entries) override;
  base::Result<CommitReceipt> Commit(const PeriodCommit& commit) override;
  base::Result<std::vector<UsageWindow>> Windows(
      std::int64_t spec_id, const std::vector<metering::Period>& periods) override;
  base::Result<RevisionReceipt> Revise(const PeriodCommit& commit,
                                       const RevisionRules& rules) override;
  base::Result<ExactState> ExactStateAt(std::int64_t spec_id, base::Instant begin,
                                        base::Milliseconds retention) override;
  base::Result<std::vector<PeriodSummary>> Provisional(std::int64_t spec_id,
                                                       base::Instant before) override;

  base::Result<ExportState> Export(std::int64_t spec_id, std::size_t max_series) override;
  std::uint64_t SizeBytes() override;

  base::Result<AcceptReport> Accept(const AcceptRequest& request, base::Instant now) override;

 private:
  LockFile lock_;            // given back after the connection is closed
  RowFeed* feed_ = nullptr;  // what the table `feed` reads; outlives the connection
  Connection db_;
  SeriesIndex series_;
};

}  // namespace promtally::ledger
