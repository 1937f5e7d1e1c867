// SPDX-License-Identifier: Apache-2.0
#include "cli/record_table.h"

#include <iostream>

#include "delivery/csv.h"
#include "delivery/json_lines.h"

namespace promtally::cli {

namespace {

std::string Flat(const metering::OrderedLabels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += text.empty() ? "" : " ";
    text += name + "=" + value;
  }
  return text;
}

}  // namespace

RecordTable::RecordTable(Format format, bool committed)
    : format_(format),
      committed_(committed),
      table_({{"name"}, {"scope"}, {"begin"}, {"quantity", true}, {"unit"}, {"labels"}}) {
  if (format_ == Format::kCsv) {
    std::cout << delivery::RecordCsvHeader(committed_);
  }
}

void RecordTable::Add(const metering::UsageRecord& record) {
  switch (format_) {
    case Format::kJson:
      std::cout << delivery::ToJson(record, committed_) << '\n';
      return;
    case Format::kCsv:
      std::cout << delivery::RecordCsvLine(record, committed_);
      return;
    case Format::kTable:
      table_.Add(
          {record.name, record.scope.value_or(""), base::ToText(record.period.begin),
           record.quantity, record.unit,
           Flat(record.groupby) + (record.metadata.empty() ? "" : " | " + Flat(record.metadata))});
  }
}

void RecordTable::Finish() {
  if (format_ == Format::kTable && !table_.empty()) {
    table_.Print(std::cout, Format::kTable);
  }
  std::cout.flush();
}

}  // namespace promtally::cli
