// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/export_state.h"
#include "ledger/period_commit.h"
#include "ledger/seen_store.h"
#include "promtally/base/result.h"
#include "promtally/metering/period.h"
#include "promtally/metering/period_result.h"
#include "promtally/metering/usage_record.h"

namespace promtally::ledger {

enum class PeriodState { kOpen = 0, kFailed = 1, kEmpty = 2, kCommitted = 3 };

/// A job as the ledger knows it. Period and scope key are its identity; the others are the last
/// ones seen (status needs them to tell what is due).
struct Job {
  std::int64_t id = 0;
  std::string name;
  metering::SchedulePolicy schedule;
  std::optional<std::string> scope_key;
  std::optional<base::Instant> start;
  std::string settings;  ///< reads back by config::JobFromYaml; empty: of an older promtally
};

/// What of a job's identity differs from what the ledger knows, for people; empty: nothing.
[[nodiscard]] std::string IdentityChange(const Job& known, const Job& job);

/// One definition of a spec and from which period on it holds. `definition` reads back by
/// config::FromDefinition.
struct SpecVersion {
  std::int64_t id = 0;
  base::Instant valid_from;
  std::string name;
  std::string metric;
  std::string unit;
  std::vector<std::string> groupby;   ///< with the scope key, each once, in order
  std::vector<std::string> metadata;  ///< each once, in order
  metering::RoundingMode rounding = metering::RoundingMode::kExact;
  std::string definition;
};

struct Spec {
  std::int64_t id = 0;
  std::int64_t job_id = 0;
  std::string name;
  base::Instant first_period;
  std::optional<base::Instant> retired_at;
  /// Set: its periods are what a model predicts from the usage of that spec.
  std::optional<std::int64_t> predicts;
  std::vector<SpecVersion> versions;  ///< oldest first; the last one is the newest

  [[nodiscard]] metering::UsageKind kind() const {
    return predicts ? metering::UsageKind::kPredicted : metering::UsageKind::kMeasured;
  }
};

/// The version that holds for a period: the newest with valid_from <= begin, else the oldest.
[[nodiscard]] const SpecVersion& VersionFor(const Spec& spec, base::Instant begin);

/// One row of the period table that is not committed, or about to change.
struct PeriodEntry {
  std::int64_t spec_id = 0;
  std::int64_t version_id = 0;
  metering::Period period;
  PeriodState state = PeriodState::kOpen;
  std::string reason;  ///< surface.md's words; empty for committed and plainly empty periods
  std::string detail;
  int attempts = 0;
  std::optional<base::Instant>
      first_empty_at;  ///< since when it is held (suspect_empty, low_coverage)
  std::optional<base::Instant> next_retry;
  std::optional<base::Instant> accepted_at;  ///< by an operator, as it comes; only Accept sets it
};

/// What the planner must know of a spec: rows from `from` on, in period order.
struct PeriodSummary {
  base::Instant begin;
  base::Instant end;
  PeriodState state = PeriodState::kOpen;
};

/// The collector's view of the durable ledger: identities, states, commits. Not thread-safe: one
/// thread (the ledger thread) uses an object. Every changing call is one durable transaction: when
/// it returns a value, the change survives a power cut; when it returns an error, nothing was
/// changed.
class Ledger {
 public:
  virtual ~Ledger() = default;

  /// Runs `body`, whose changes become one transaction: its error undoes them all.
  virtual base::Status Atomically(const std::function<base::Status()>& body) = 0;

  // --- configuration
  virtual base::Result<std::int64_t> RecordConfig(std::string_view text,
                                                  base::Instant loaded_at) = 0;
  virtual base::Result<std::optional<Job>> FindJob(std::string_view name) = 0;
  virtual base::Result<std::vector<Job>> Jobs() = 0;  ///< by name
  /// Inserts or updates; kConflict when the identity differs, unless accepted. Returns the id.
  virtual base::Result<std::int64_t> PutJob(const Job& job, bool accept_identity_change) = 0;
  virtual base::Result<std::vector<Spec>> Specs(std::int64_t job_id) = 0;  ///< measured ones
  /// Those whose periods a model predicts.
  virtual base::Result<std::vector<Spec>> PredictedSpecs(std::int64_t job_id) = 0;
  /// Inserts a spec with its first version; returns it with ids.
  virtual base::Result<Spec> AddSpec(const Spec& spec, std::int64_t config_id) = 0;
  /// Adds a version; one with the same valid_from that no period uses is replaced.
  virtual base::Result<SpecVersion> AddVersion(std::int64_t spec_id, const SpecVersion& version,
                                               std::int64_t config_id) = 0;
  /// What was committed keeps its name. kConflict: the job has a spec of that name.
  virtual base::Status RenameSpec(std::int64_t spec_id, std::string_view name) = 0;
  virtual base::Status SetRetired(std::int64_t spec_id,
                                  std::optional<base::Instant> retired_at) = 0;
  virtual base::Status RecordRequestedRange(std::int64_t job_id, metering::Period range,
                                            base::Instant now) = 0;
  /// Finds or inserts the row of a server (source, kind, version, edge rule); returns its id.
  virtual base::Result<std::int64_t> RecordServer(std::string_view source, std::string_view kind,
                                                  std::string_view version,
                                                  std::optional<bool> closed_edges,
                                                  base::Instant seen_at) = 0;
  /// The earliest time at which a source is known to have had `up` samples; nullopt: never seen.
  virtual base::Result<std::optional<base::Instant>> UpSamplesSince(std::string_view source) = 0;
  /// How many `up` samples a source has in a period; those of periods before it, newest first.
  virtual base::Status RecordCoverage(std::string_view source, metering::Period period,
                                      std::int64_t samples) = 0;
  virtual base::Result<std::vector<std::int64_t>> CoverageBefore(std::string_view source,
                                                                 metering::Period period,
                                                                 int most) = 0;

  /// Notes that these stores of a source answer now; returns all that were seen after `since`.
  virtual base::Result<std::vector<SeenStore>> SeeStores(std::string_view source,
                                                         const std::vector<std::string>& labels,
                                                         base::Instant now,
                                                         base::Instant since) = 0;

  // --- periods
  /// Those that end after `from`, by begin.
  virtual base::Result<std::vector<PeriodSummary>> Periods(std::int64_t spec_id,
                                                           base::Instant from) = 0;
  virtual base::Result<std::optional<PeriodEntry>> FindPeriod(std::int64_t spec_id,
                                                              base::Instant begin) = 0;
  /// Open and failed rows of a spec, in period order.
  virtual base::Result<std::vector<PeriodEntry>> Unfinished(std::int64_t spec_id) = 0;
  /// Whether the newest answered period before `begin` had series (before skips and rejects);
  /// nullopt: none before.
  virtual base::Result<std::optional<bool>> LastAnswerHadSeries(std::int64_t spec_id,
                                                                base::Instant begin) = 0;
  /// Writes an open or failed row; a committed or empty period is never touched (kConflict).
  virtual base::Status RecordAttempt(const PeriodEntry& entry) = 0;
  /// The same for many rows in one transaction.
  virtual base::Status RecordAttempts(const std::vector<PeriodEntry>& entries) = 0;
  virtual base::Result<CommitReceipt> Commit(const PeriodCommit& commit) = 0;
  /// Makes what was read again a new revision of an answered period, as far as it differs.
  /// kNotFound: the period is not answered.
  virtual base::Result<RevisionReceipt> Revise(const PeriodCommit& commit,
                                               const RevisionRules& rules) = 0;
  /// Where the things of a spec stand at `begin`; `retention` 0: for ever.
  virtual base::Result<ExactState> ExactStateAt(std::int64_t spec_id, base::Instant begin,
                                                base::Milliseconds retention) = 0;
  /// Answered periods that are not final and end at or before `before`, and those of any time that
  /// are to be computed again because what they began with has changed; by begin.
  virtual base::Result<std::vector<PeriodSummary>> Provisional(std::int64_t spec_id,
                                                               base::Instant before) = 0;

  // --- predictions
  /// The windows of a measured spec over `periods` (in order): of each series with a record in the
  /// newest of them, by scope and labels.
  virtual base::Result<std::vector<UsageWindow>> Windows(
      std::int64_t spec_id, const std::vector<metering::Period>& periods) = 0;

  // --- re-export
  using SeriesTotals = ledger::SeriesTotals;
  using ExportState = ledger::ExportState;
  virtual base::Result<ExportState> Export(std::int64_t spec_id, std::size_t max_series) = 0;

  /// Bytes of the ledger's files.
  virtual std::uint64_t SizeBytes() = 0;
};

}  // namespace promtally::ledger
