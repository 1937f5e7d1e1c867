// SPDX-License-Identifier: Apache-2.0
#include "unit/collector/failing_ledger.h"

namespace promtally::collector {

namespace {
auto Full() { return base::Fail(base::ErrorCode::kUnavailable, "database or disk is full"); }
}  // namespace

bool LedgerCalls::Count() {
  const std::lock_guard lock(mutex_);
  ++count_;
  return fails_from > 0 && count_ >= fails_from;
}

int LedgerCalls::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

bool FailingLedger::Begin() {
  const bool fails = calls_->Count();
  if (calls_->before) {
    calls_->before(*real_, calls_->count());
  }
  return fails;
}

base::Result<std::int64_t> FailingLedger::RecordConfig(std::string_view text, base::Instant at) {
  return Begin() ? base::Result<std::int64_t>(Full()) : real_->RecordConfig(text, at);
}

base::Result<std::int64_t> FailingLedger::PutJob(const ledger::Job& job, bool accept) {
  return Begin() ? base::Result<std::int64_t>(Full()) : real_->PutJob(job, accept);
}

base::Result<ledger::Spec> FailingLedger::AddSpec(const ledger::Spec& spec,
                                                  std::int64_t config_id) {
  return Begin() ? base::Result<ledger::Spec>(Full()) : real_->AddSpec(spec, config_id);
}

base::Result<ledger::SpecVersion> FailingLedger::AddVersion(std::int64_t spec_id,
                                                            const ledger::SpecVersion& version,
                                                            std::int64_t config_id) {
  return Begin() ? base::Result<ledger::SpecVersion>(Full())
                 : real_->AddVersion(spec_id, version, config_id);
}

base::Status FailingLedger::RenameSpec(std::int64_t id, std::string_view name) {
  return Begin() ? base::Status(Full()) : real_->RenameSpec(id, name);
}

base::Status FailingLedger::SetRetired(std::int64_t id, std::optional<base::Instant> at) {
  return Begin() ? base::Status(Full()) : real_->SetRetired(id, at);
}

base::Status FailingLedger::RecordRequestedRange(std::int64_t job_id, metering::Period range,
                                                 base::Instant now) {
  return Begin() ? base::Status(Full()) : real_->RecordRequestedRange(job_id, range, now);
}

base::Result<std::int64_t> FailingLedger::RecordServer(std::string_view source,
                                                       std::string_view kind,
                                                       std::string_view version,
                                                       std::optional<bool> closed_edges,
                                                       base::Instant seen_at) {
  if (Begin()) {
    return Full();
  }
  return real_->RecordServer(source, kind, version, closed_edges, seen_at);
}

base::Status FailingLedger::RecordCoverage(std::string_view source, metering::Period period,
                                           std::int64_t samples) {
  return Begin() ? base::Status(Full()) : real_->RecordCoverage(source, period, samples);
}

base::Status FailingLedger::RecordAttempt(const ledger::PeriodEntry& entry) {
  return Begin() ? base::Status(Full()) : real_->RecordAttempt(entry);
}

base::Status FailingLedger::RecordAttempts(const std::vector<ledger::PeriodEntry>& entries) {
  return Begin() ? base::Status(Full()) : real_->RecordAttempts(entries);
}

base::Result<ledger::CommitReceipt> FailingLedger::Commit(const ledger::PeriodCommit& commit) {
  if (Begin()) {
    return Full();
  }
  return real_->Commit(commit);
}

}  // namespace promtally::collector
