// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "promtally/base/sha256.h"
#include "promtally/metering/period.h"

namespace promtally::metering {

enum class UsageKind { kMeasured = 0, kPredicted = 1 };

/// Labels in the order in which they are configured, each once.
using OrderedLabels = std::vector<std::pair<std::string, std::string>>;

/// What made a prediction.
struct PredictionSource {
  std::string model;
  std::string version;
  std::string input_digest;  ///< SHA-256, hexadecimal
  base::Instant input_end;
  base::Instant predicted_at;
};

/// What proves a record. What exact usage alone knows is absent for others.
struct RecordEvidence {
  std::string query;  ///< the first, where there were several
  std::string server;
  std::string dialect;  ///< prometheus2, prometheus3, thanos, mimir, victoriametrics, unknown
  std::string evaluation;
  std::optional<std::string> first_sample;
  std::optional<std::string> gap;
  struct Exact {
    std::string raw;
    std::int64_t samples = 0;
    std::optional<base::Instant> first;
    std::optional<base::Instant> last;
    std::int64_t largest_gap_ms = 0;
    std::int64_t resets = 0;
    std::int64_t skipped = 0;
    std::int64_t late = 0;
    std::optional<std::string> replica;
    std::int64_t covered_ms = 0;
    std::int64_t alive_ms = 0;
  };
  std::optional<Exact> exact;
  std::vector<std::string> warnings;
  std::string config_hash;
};

/// One record as users read it (surface: record line).
struct UsageRecord {
  std::string id;  ///< empty where nothing was committed (query --execute)
  std::string job;
  std::string metric;
  std::string name;
  std::optional<std::string> scope;
  Period period;
  std::string unit;
  std::string quantity;
  OrderedLabels groupby;
  OrderedLabels metadata;
  std::int64_t revision = 0;
  bool final_period = false;
  UsageKind kind = UsageKind::kMeasured;
  std::string source;
  base::Instant collected_at;
  std::optional<PredictionSource> prediction;  ///< of a predicted record
  bool removed = false;                        ///< by this revision; there is no quantity then
  std::optional<std::string> correction;   ///< of a later revision: what it changed the quantity by
  std::string reason;                      ///< of a later revision
  std::optional<RecordEvidence> evidence;  ///< where it was asked for
};

/// What a record's id is made of; `series` is SeriesHash of scope and label set.
struct RecordKey {
  std::string_view job;
  std::string_view name;  ///< under which the period was committed
  UsageKind kind = UsageKind::kMeasured;
  std::optional<std::string_view> scope;
  base::Digest series;
  Period period;
  std::int64_t revision = 0;
};

/// SHA-256 of the length-prefixed key, hexadecimal.
[[nodiscard]] std::string RecordId(const RecordKey& key);

[[nodiscard]] std::string_view ToText(UsageKind kind);

}  // namespace promtally::metering
