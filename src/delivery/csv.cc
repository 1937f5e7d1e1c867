// SPDX-License-Identifier: Apache-2.0
#include "delivery/csv.h"

#include <string_view>
#include <utility>

#include "delivery/json_lines.h"

namespace promtally::delivery {
namespace {

/// Cells of one line.
class Line {
 public:
  void Text(const std::string& cell) { Add(CsvCell(cell, false)); }
  void Number(const std::string& cell) { Add(CsvCell(cell, true)); }
  [[nodiscard]] std::string End() && { return std::move(text_) + "\n"; }

 private:
  void Add(const std::string& cell) {
    text_ += std::exchange(is_first_, false) ? cell : "," + cell;
  }
  std::string text_;
  bool is_first_ = true;
};

}  // namespace

std::string CsvCell(const std::string& cell, bool number) {
  constexpr std::string_view kFormula = "=+-@\t\r";
  std::string text = cell;
  if (!number && !text.empty() && kFormula.find(text.front()) != std::string_view::npos) {
    text.insert(0, 1, '\'');
  }
  if (text.find_first_of("\",\r\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + "\"";
}

std::string RecordCsvHeader(bool committed) {
  return committed ? "id,job,metric,name,scope,begin,end,unit,quantity,groupby,metadata,revision,"
                     "finality,kind,source,collected_at\n"
                   : "job,metric,name,scope,begin,end,unit,quantity,groupby,metadata,kind,source\n";
}

std::string RecordCsvLine(const metering::UsageRecord& record, bool committed) {
  Line line;
  if (committed) {
    line.Text(record.id);
  }
  line.Text(record.job);
  line.Text(record.metric);
  line.Text(record.name);
  line.Text(record.scope.value_or(""));
  line.Text(base::ToText(record.period.begin));
  line.Text(base::ToText(record.period.end));
  line.Text(record.unit);
  line.Number(record.quantity);
  line.Text(LabelsJson(record.groupby));
  line.Text(LabelsJson(record.metadata));
  if (committed) {
    line.Number(std::to_string(record.revision));
    line.Text(record.final_period ? "final" : "provisional");
  }
  line.Text(std::string(metering::ToText(record.kind)));
  line.Text(record.source);
  if (committed) {
    line.Text(base::ToText(record.collected_at));
  }
  return std::move(line).End();
}

std::string TotalCsvHeader(const ledger::UsageGrouping& grouping) {
  Line line;
  for (const char* column : {"job", "name", "unit", "kind"}) {
    line.Text(column);
  }
  if (grouping.by_scope) {
    line.Text("scope");
  }
  for (const std::string& label : grouping.labels) {
    line.Text(label);
  }
  for (const char* column : {"quantity", "records", "begin", "end"}) {
    line.Text(column);
  }
  return std::move(line).End();
}

std::string TotalCsvLine(const ledger::UsageTotal& total, const ledger::UsageGrouping& grouping) {
  Line line;
  line.Text(total.job);
  line.Text(total.name);
  line.Text(total.unit);
  line.Text(std::string(metering::ToText(total.kind)));
  if (grouping.by_scope) {
    line.Text(total.scope.value_or(""));
  }
  for (const auto& label : total.groupby) {
    line.Text(label.second);
  }
  line.Number(total.quantity.ToText());
  line.Number(std::to_string(total.records));
  line.Text(base::ToText(total.extent.begin));
  line.Text(base::ToText(total.extent.end));
  return std::move(line).End();
}

}  // namespace promtally::delivery
