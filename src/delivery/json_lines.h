// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "delivery/prediction_line.h"
#include "delivery/query_line.h"
#include "ledger/reader.h"
#include "promtally/metering/exact_usage.h"
#include "promtally/metering/usage_record.h"

namespace promtally::delivery {

/// The JSON lines that scripts read: one object, without a line feed. Text that is not UTF-8 is
/// replaced, never sent raw.
[[nodiscard]] std::string ToJson(const QueryLine& line);
[[nodiscard]] std::string ToJson(const PredictionLine& line);
/// `committed`: with id, revision, finality and collected_at.
[[nodiscard]] std::string ToJson(const metering::UsageRecord& record, bool committed);
[[nodiscard]] std::string ToJson(const ledger::UsageTotal& total, bool by_scope);
[[nodiscard]] std::string ToJson(const ledger::SpecStatus& status);
/// A period that is open or failed.
[[nodiscard]] std::string ToJson(const ledger::SpecStatus& status,
                                 const ledger::PeriodEntry& period);
/// A period in any state.
[[nodiscard]] std::string ToJson(const ledger::PeriodLine& line);
[[nodiscard]] std::string ToJson(const ledger::Violation& violation);

/// One record that differs from what was read again; null where there is none.
struct ChangeLine {
  std::string metric;
  std::string name;
  std::optional<std::string> scope;
  metering::OrderedLabels groupby;
  metering::Period period;
  std::optional<std::string> old_quantity;
  std::optional<std::string> new_quantity;
  std::string correction;
  std::int64_t revision = 0;
  std::string reason;
};
[[nodiscard]] std::string ToJson(const ChangeLine& line);

/// A record's way from samples to quantity.
struct Explanation {
  std::string name;
  std::optional<std::string> scope;
  metering::OrderedLabels groupby;
  metering::Period period;
  std::vector<metering::SeriesSteps> series;
  std::string function;
  std::string factor;
  std::string offset;
  std::string mutate;
  std::string quantity;
  std::optional<std::string> increase;  ///< what PromQL would have billed
  std::optional<std::string> delta;
  std::optional<std::string> anchored;
  metering::RecordEvidence evidence;
};
[[nodiscard]] std::string ToJson(const Explanation& explanation);

/// An object of labels, for a cell of a table or CSV.
[[nodiscard]] std::string LabelsJson(const metering::OrderedLabels& labels);

[[nodiscard]] std::string_view ToText(ledger::PeriodState state);

}  // namespace promtally::delivery
