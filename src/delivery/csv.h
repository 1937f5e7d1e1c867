// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ledger/reader.h"
#include "promtally/metering/usage_record.h"

namespace promtally::delivery {

/// RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front; a
/// number is left as it is.
[[nodiscard]] std::string CsvCell(const std::string& cell, bool number);

/// Lines of record lines and totals with a line feed; columns are named as the keys of their JSON
/// lines, labels are a cell of JSON. `committed`: with id, revision, finality and collected_at.
[[nodiscard]] std::string RecordCsvHeader(bool committed);
[[nodiscard]] std::string RecordCsvLine(const metering::UsageRecord& record, bool committed);
/// Totals have a column for each label that they are grouped by.
[[nodiscard]] std::string TotalCsvHeader(const ledger::UsageGrouping& grouping);
[[nodiscard]] std::string TotalCsvLine(const ledger::UsageTotal& total,
                                       const ledger::UsageGrouping& grouping);

}  // namespace promtally::delivery
