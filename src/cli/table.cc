// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <algorithm>
#include <ostream>
#include <string_view>

#include <fmt/format.h>

#include "delivery/csv.h"
#include "promtally/base/labels.h"

namespace promtally::cli {

namespace {

/// Columns on a screen: bytes that do not continue a UTF-8 character.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Pad(const std::string& cell, std::size_t width, bool right, bool last) {
  const std::string blanks(width - std::min(width, Width(cell)), ' ');
  if (right) {
    return blanks + cell;
  }
  return last ? cell : cell + blanks;
}

}  // namespace

std::string Printable(std::string_view text) {
  const bool raw = !base::IsUtf8(text);
  std::string printable;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F || (raw && byte > 0x7F)) {
      printable += byte == '\n' ? "\\n" : fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      printable += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
    } else {
      printable += text[i];
    }
  }
  return printable;
}

void Table::Print(std::ostream& out, Format format) const {
  if (format == Format::kCsv) {
    PrintCsv(out);
  } else {
    PrintAligned(out);
  }
}

void Table::PrintAligned(std::ostream& out) const {
  std::vector<std::size_t> widths;
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns_) {
    lines.front().push_back(column.name);
    widths.push_back(Width(column.name));
  }
  for (const auto& row : rows_) {
    std::vector<std::string> line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.push_back(Printable(row[i]));
      widths[i] = std::max(widths[i], Width(line.back()));
    }
    lines.push_back(std::move(line));
  }
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += i == 0 ? "" : "  ";
      text += Pad(line[i], widths[i], columns_[i].number, i + 1 == line.size());
    }
    out << text << '\n';
  }
}

void Table::PrintCsv(std::ostream& out) const {
  std::vector<std::string> header;
  for (const Column& column : columns_) {
    header.push_back(column.name);
  }
  out << CsvLine(columns_, header);
  for (const auto& row : rows_) {
    out << CsvLine(columns_, row);
  }
}

std::string CsvLine(const std::vector<Column>& columns, const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += i == 0 ? "" : ",";
    line += delivery::CsvCell(cells[i], columns[i].number);
  }
  return line + "\n";
}

}  // namespace promtally::cli
