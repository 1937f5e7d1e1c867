// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "promtally/base/decimal.h"
#include "promtally/base/labels.h"
#include "promtally/base/sha256.h"
#include "promtally/base/time.h"
#include "promtally/metering/exact_usage.h"
#include "promtally/metering/period.h"
#include "promtally/metering/period_result.h"
#include "promtally/metering/usage_record.h"

namespace promtally::ledger {

/// Evidence of one query; one for each answer of a PeriodResult, in the same order.
struct QueryEvidence {
  std::string text;
  base::Instant time;
  std::int64_t server_id = 0;
  std::uint64_t series = 0;
  std::uint64_t bytes = 0;
  std::chrono::microseconds wall{0};
  std::string annotations;  ///< one a line
};

/// What made the predictions of a period.
struct PredictionEvidence {
  std::string model;        ///< its name
  std::string version;      ///< as the model store, or the remote server, says it
  base::Instant input_end;  ///< end of the newest period that it looked at
  base::Digest input;       ///< of all windows
  base::Instant predicted_at;
};

/// What a model looks at of one series: its quantities, oldest first, a missing one where the
/// period has no record of it.
struct UsageWindow {
  std::optional<std::string> scope;
  base::LabelSet labels;
  std::vector<std::optional<base::Decimal>> values;
};

/// What exact usage adds to a commit.
struct ExactCommit {
  std::vector<metering::UsageEvidence> evidence;  ///< by series number of the one answer
  std::vector<metering::Checkpoint> checkpoints;  ///< of the things whose state changed
  std::vector<std::string> warnings;
  base::Milliseconds retention{0};  ///< of checkpoints; 0: for ever
};

/// What is known of a spec at the begin of a period, by checkpoints.
struct ExactState {
  bool adjacent = false;       ///< the period that ends here was computed exactly
  std::int64_t server_id = 0;  ///< that answered it; 0: none
  /// Of every thing that was seen up to here; what stands too long ago is Checkpoint::kForgotten.
  std::vector<metering::Checkpoint> checkpoints;
};

/// Everything that is committed for one spec and period, in one transaction. State: kCommitted when
/// any series was answered, else kEmpty.
struct PeriodCommit {
  std::int64_t spec_id = 0;
  std::int64_t version_id = 0;
  metering::Period period;
  metering::UsageKind kind = metering::UsageKind::kMeasured;
  const metering::ConversionContext* context = nullptr;
  const metering::PeriodResult* result = nullptr;
  std::vector<QueryEvidence> queries;
  int attempts = 1;
  base::Instant committed_at;
  std::string reason;  ///< why a held one was closed (`accepted`, `low_coverage`), else empty
  std::optional<PredictionEvidence> prediction;  ///< of a predicted period
  metering::Evaluation evaluation = metering::Evaluation::kPromql;
  const ExactCommit* exact = nullptr;  ///< of exact evaluation
  bool final_period = true;            ///< nothing is to be read again
};

/// How one record of an answered period differs from what was read again.
struct RecordChange {
  std::optional<std::string> scope;
  base::LabelSet labels;
  std::optional<base::Decimal> old_quantity;  ///< absent: no record
  std::optional<base::Decimal> new_quantity;
  std::int64_t revision = 0;  ///< that the change is, or would be, committed as
  bool lost = false;          ///< the data behind it are gone: it stays as it was
};

/// How an answered period is changed.
struct RevisionRules {
  std::string reason;    ///< that the revision carries
  bool dry_run = false;  ///< only says what would change
  /// An audit: a record whose samples became fewer, or that another kind of server answers, is
  /// never lowered.
  bool keeps_usage = false;
  bool make_final = false;
};

struct RevisionReceipt {
  std::vector<RecordChange> changes;
  /// Where things stand after the period is not what it was: the next one is to be computed again.
  bool state_changed = false;
};

struct CommitReceipt {
  bool already_committed = false;  ///< the period was there; nothing was written
  std::int64_t records = 0;
  std::chrono::microseconds wall{0};
};

}  // namespace promtally::ledger
