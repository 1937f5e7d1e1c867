// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/table.h"
#include "promtally/metering/usage_record.h"

namespace promtally::cli {

/// Prints records to standard output as they come (json, csv), or as one aligned table at the end.
class RecordTable {
 public:
  /// `committed`: with id, revision, finality and collected_at (json and csv).
  RecordTable(Format format, bool committed);

  void Add(const metering::UsageRecord& record);
  void Finish();

 private:
  Format format_;
  bool committed_;
  Table table_;
};

}  // namespace promtally::cli
