// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ledger/sqlite_ledger.h"

namespace promtally::collector {

/// What was called of a ledger, and which call fails. Shared by the test and the ledger.
class LedgerCalls {
 public:
  /// The n-th changing call of all (from 1) fails, and every later one; 0: none does.
  int fails_from = 0;
  /// Runs before the n-th call; on the ledger thread.
  std::function<void(ledger::WritableLedger&, int)> before;

  /// Counts a changing call; true: it fails.
  bool Count();
  [[nodiscard]] int count() const;

 private:
  mutable std::mutex mutex_;
  int count_ = 0;
};

/// A ledger whose disk is full from a chosen call on: everything else is the real one's.
class FailingLedger : public ledger::WritableLedger {
 public:
  FailingLedger(std::unique_ptr<ledger::WritableLedger> real, std::shared_ptr<LedgerCalls> calls)
      : real_(std::move(real)), calls_(std::move(calls)) {}

  base::Status Atomically(const std::function<base::Status()>& body) override {
    return real_->Atomically(body);
  }
  base::Result<std::int64_t> RecordConfig(std::string_view text, base::Instant at) override;
  base::Result<std::vector<ledger::Job>> Jobs() override { return real_->Jobs(); }
  base::Result<std::optional<ledger::Job>> FindJob(std::string_view name) override {
    return real_->FindJob(name);
  }
  base::Result<std::int64_t> PutJob(const ledger::Job& job, bool accept) override;
  base::Result<std::vector<ledger::Spec>> Specs(std::int64_t job_id) override {
    return real_->Specs(job_id);
  }
  base::Result<std::vector<ledger::Spec>> PredictedSpecs(std::int64_t job_id) override {
    return real_->PredictedSpecs(job_id);
  }
  base::Result<std::vector<ledger::UsageWindow>> Windows(
      std::int64_t spec_id, const std::vector<metering::Period>& periods) override {
    return real_->Windows(spec_id, periods);
  }
  base::Result<ledger::Spec> AddSpec(const ledger::Spec& spec, std::int64_t config_id) override;
  base::Result<ledger::SpecVersion> AddVersion(std::int64_t spec_id,
                                               const ledger::SpecVersion& version,
                                               std::int64_t config_id) override;
  base::Status RenameSpec(std::int64_t id, std::string_view name) override;
  base::Status SetRetired(std::int64_t id, std::optional<base::Instant> at) override;
  base::Status RecordRequestedRange(std::int64_t job_id, metering::Period range,
                                    base::Instant now) override;
  base::Result<std::int64_t> RecordServer(std::string_view source, std::string_view kind,
                                          std::string_view version,
                                          std::optional<bool> closed_edges,
                                          base::Instant seen_at) override;
  base::Result<std::optional<base::Instant>> UpSamplesSince(std::string_view source) override {
    return real_->UpSamplesSince(source);
  }
  base::Status RecordCoverage(std::string_view source, metering::Period period,
                              std::int64_t samples) override;
  base::Result<std::vector<std::int64_t>> CoverageBefore(std::string_view source,
                                                         metering::Period period,
                                                         int most) override {
    return real_->CoverageBefore(source, period, most);
  }
  base::Result<std::vector<ledger::SeenStore>> SeeStores(std::string_view source,
                                                         const std::vector<std::string>& labels,
                                                         base::Instant now,
                                                         base::Instant since) override {
    return real_->SeeStores(source, labels, now, since);
  }
  base::Result<std::vector<ledger::PeriodSummary>> Periods(std::int64_t spec_id,
                                                           base::Instant from) override {
    return real_->Periods(spec_id, from);
  }
  base::Result<std::optional<ledger::PeriodEntry>> FindPeriod(std::int64_t spec_id,
                                                              base::Instant begin) override {
    return real_->FindPeriod(spec_id, begin);
  }
  base::Result<std::vector<ledger::PeriodEntry>> Unfinished(std::int64_t spec_id) override {
    return real_->Unfinished(spec_id);
  }
  base::Result<std::optional<bool>> LastAnswerHadSeries(std::int64_t spec_id,
                                                        base::Instant begin) override {
    return real_->LastAnswerHadSeries(spec_id, begin);
  }
  base::Status RecordAttempt(const ledger::PeriodEntry& entry) override;
  base::Status RecordAttempts(const std::vector<ledger::PeriodEntry>& entries) override;
  base::Result<ledger::CommitReceipt> Commit(const ledger::PeriodCommit& commit) override;
  base::Result<ledger::RevisionReceipt> Revise(const ledger::PeriodCommit& commit,
                                               const ledger::RevisionRules& rules) override {
    return real_->Revise(commit, rules);
  }
  base::Result<ledger::ExactState> ExactStateAt(std::int64_t spec_id, base::Instant begin,
                                                base::Milliseconds retention) override {
    return real_->ExactStateAt(spec_id, begin, retention);
  }
  base::Result<std::vector<ledger::PeriodSummary>> Provisional(std::int64_t spec_id,
                                                               base::Instant before) override {
    return real_->Provisional(spec_id, before);
  }
  base::Result<ExportState> Export(std::int64_t spec_id, std::size_t max_series) override {
    return real_->Export(spec_id, max_series);
  }
  std::uint64_t SizeBytes() override { return real_->SizeBytes(); }
  base::Result<ledger::AcceptReport> Accept(const ledger::AcceptRequest& request,
                                            base::Instant now) override {
    return real_->Accept(request, now);
  }

 private:
  /// True: this call fails.
  bool Begin();

  std::unique_ptr<ledger::WritableLedger> real_;
  std::shared_ptr<LedgerCalls> calls_;
};

}  // namespace promtally::collector
