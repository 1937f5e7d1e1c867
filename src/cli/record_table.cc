// SPDX-License-Identifier: Apache-2.0
#include "cli/record_table.h"

#include <iostream>

#include "cli/json_lines.h"

namespace promtally::cli {

namespace {

/// The keys of a record line, in its order.
std::vector<Column> CsvColumns(bool committed) {
  std::vector<Column> columns;
  if (committed) {
    columns = {{"id"}};
  }
  for (const char* name : {"job", "metric", "name", "scope", "begin", "end", "unit"}) {
    columns.push_back({name});
  }
  columns.push_back({"quantity", true});
  columns.push_back({"groupby"});
  columns.push_back({"metadata"});
  if (committed) {
    columns.push_back({"revision", true});
    columns.push_back({"finality"});
  }
  columns.push_back({"kind"});
  columns.push_back({"source"});
  if (committed) {
    columns.push_back({"collected_at"});
  }
  return columns;
}

std::vector<std::string> CsvCells(const metering::UsageRecord& record, bool committed) {
  std::vector<std::string> cells;
  if (committed) {
    cells.push_back(record.id);
  }
  cells.insert(cells.end(),
               {record.job, record.metric, record.name, record.scope.value_or(""),
                base::ToText(record.period.begin), base::ToText(record.period.end), record.unit,
                record.quantity, LabelsJson(record.groupby), LabelsJson(record.metadata)});
  if (committed) {
    cells.push_back(std::to_string(record.revision));
    cells.push_back(record.final_period ? "final" : "provisional");
  }
  cells.emplace_back(metering::ToText(record.kind));
  cells.push_back(record.source);
  if (committed) {
    cells.push_back(base::ToText(record.collected_at));
  }
  return cells;
}

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
    std::vector<std::string> header;
    for (const Column& column : CsvColumns(committed_)) {
      header.push_back(column.name);
    }
    std::cout << CsvLine(CsvColumns(committed_), header);
  }
}

void RecordTable::Add(const metering::UsageRecord& record) {
  switch (format_) {
    case Format::kJson:
      std::cout << ToJson(record, committed_) << '\n';
      return;
    case Format::kCsv:
      std::cout << CsvLine(CsvColumns(committed_), CsvCells(record, committed_));
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
