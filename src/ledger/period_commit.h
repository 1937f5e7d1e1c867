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
};

struct CommitReceipt {
  bool already_committed = false;  ///< the period was there; nothing was written
  std::int64_t records = 0;
  std::chrono::microseconds wall{0};
};

}  // namespace promtally::ledger
