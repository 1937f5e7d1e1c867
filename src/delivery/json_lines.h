// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "delivery/query_line.h"
#include "ledger/reader.h"
#include "promtally/metering/usage_record.h"

namespace promtally::delivery {

/// The JSON lines that scripts read: one object, without a line feed. Text that is not UTF-8 is
/// replaced, never sent raw.
[[nodiscard]] std::string ToJson(const QueryLine& line);
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

/// An object of labels, for a cell of a table or CSV.
[[nodiscard]] std::string LabelsJson(const metering::OrderedLabels& labels);

[[nodiscard]] std::string_view ToText(ledger::PeriodState state);

}  // namespace promtally::delivery
