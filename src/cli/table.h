// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace promtally::cli {

enum class Format { kTable, kJson, kCsv };

struct Column {
  std::string name;
  bool number = false;  ///< right-aligned in a table; never taken for a formula in CSV
};

/// Rows of text, printed as an aligned table or as CSV. Cells may hold anything: control characters
/// are escaped in a table; in CSV (RFC 4180) a text cell that a spreadsheet would take for a
/// formula gets a leading apostrophe.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// `format` is kTable or kCsv.
  void Print(std::ostream& out, Format format) const;

 private:
  void PrintAligned(std::ostream& out) const;
  void PrintCsv(std::ostream& out) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Control characters (C0, C1) and bytes that are no UTF-8 as `\xHH`, so that text of others cannot
/// drive a terminal.
[[nodiscard]] std::string Printable(std::string_view text);

/// One CSV line of a row, with its line feed.
[[nodiscard]] std::string CsvLine(const std::vector<Column>& columns,
                                  const std::vector<std::string>& cells);

}  // namespace promtally::cli
