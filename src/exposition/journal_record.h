// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exposition/metric_family.h"

namespace promtally::exposition {

/// What a record of a metric store's journal says. Values are deltas as they were applied
/// (kChanges) or whole states (kRows); exemplars and the windows of summaries are not kept. The
/// numbers are those in the file.
enum class RecordKind : std::uint8_t {
  kCreate = 1,        ///< id, definition, alias, now, initial, changes
  kChanges = 2,       ///< id, now, changes
  kRemove = 3,        ///< id
  kRemoveSeries = 4,  ///< id, body
  kExpire = 5,        ///< now: everything whose time to live is over
  kRows = 6,          ///< id, rows
};

struct JournalRecord {
  RecordKind kind = RecordKind::kCreate;
  std::uint64_t id = 0;  ///< of the metric; never used again
  base::Instant now;
  MetricDefinition definition;
  std::string alias;     ///< the name it was created by, where the unit was added to it
  bool initial = false;  ///< a metric without labels begins at 0
  std::vector<CheckedChange> changes;
  std::string body;
  std::vector<std::pair<std::string, SeriesState>> rows;
};

/// What a record of a new metric holds besides its definition.
struct CreationFacts {
  std::uint64_t id = 0;
  std::string_view alias;
  base::Instant now;
  bool initial = false;
};

/// Each begins a frame (metric_journal.h) and leaves its head to MetricJournal.
[[nodiscard]] std::string CreateFrame(const CreationFacts& facts,
                                      const MetricDefinition& definition,
                                      std::span<const CheckedChange> changes);
[[nodiscard]] std::string ChangesFrame(std::uint64_t id, base::Instant now,
                                       std::span<const CheckedChange> changes);
[[nodiscard]] std::string RemoveFrame(std::uint64_t id);
[[nodiscard]] std::string RemoveSeriesFrame(std::uint64_t id, std::string_view body);
[[nodiscard]] std::string ExpireFrame(base::Instant now);
[[nodiscard]] std::string RowsFrame(std::uint64_t id,
                                    std::span<const std::pair<std::string, SeriesState>> rows);

/// kParse: the bytes are no record of this version.
[[nodiscard]] base::Result<JournalRecord> ParseRecord(std::string_view bytes);

}  // namespace promtally::exposition
