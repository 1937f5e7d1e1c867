// SPDX-License-Identifier: Apache-2.0
#include "cli/csv_reader.h"

#include <utility>

namespace promtally::cli {

namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.starts_with(kByteOrderMark)) {
      text_.remove_prefix(kByteOrderMark.size());
    }
  }

  base::Result<CsvFile> Parse() {
    CsvFile file;
    while (at_ < text_.size()) {
      const std::size_t line = line_;
      auto row = ReadRow();
      if (!row) {
        return tl::unexpected(std::move(row).error());
      }
      if (row->size() == 1 && row->front().empty()) {
        continue;
      }
      if (file.header.empty()) {
        file.header = *std::move(row);
      } else if (row->size() != file.header.size()) {
        return Wrong(line, "a row of " + std::to_string(row->size()) + " cells below a header of " +
                               std::to_string(file.header.size()));
      } else {
        file.rows.push_back(*std::move(row));
        file.lines.push_back(line);
      }
    }
    if (file.header.empty()) {
      return Wrong(1, "no header line");
    }
    return file;
  }

 private:
  static tl::unexpected<base::Error> Wrong(std::size_t line, const std::string& what) {
    return base::Fail(base::ErrorCode::kParse, "line " + std::to_string(line) + ": " + what);
  }

  base::Result<std::vector<std::string>> ReadRow() {
    std::vector<std::string> row;
    while (true) {
      auto cell = ReadCell();
      if (!cell) {
        return tl::unexpected(std::move(cell).error());
      }
      row.push_back(WithoutGuard(*std::move(cell)));
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (text_.substr(at_).starts_with("\r\n")) {
        ++at_;
      }
      if (at_ < text_.size() && text_[at_] == '\n') {
        ++at_;
        ++line_;
      } else if (at_ < text_.size()) {
        return Wrong(line_, "text behind a quoted cell");
      }
      return row;
    }
  }

  base::Result<std::string> ReadCell() {
    std::string cell;
    if (at_ >= text_.size() || text_[at_] != '"') {
      while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n') {
        cell += text_[at_++];
      }
      if (!cell.empty() && cell.back() == '\r') {
        cell.pop_back();
        --at_;
      }
      return cell;
    }
    const std::size_t line = line_;
    for (++at_; at_ < text_.size(); ++at_) {
      const bool is_quote = text_[at_] == '"';
      if (is_quote && text_.substr(at_ + 1).starts_with('"')) {
        ++at_;
      } else if (is_quote) {
        ++at_;
        return cell;
      }
      line_ += text_[at_] == '\n' ? 1U : 0U;
      cell += text_[at_];
    }
    return Wrong(line, "a quote that does not end");
  }

  static std::string WithoutGuard(std::string cell) {
    constexpr std::string_view kFormula = "=+-@\t\r";
    if (cell.size() > 1 && cell.front() == '\'' &&
        kFormula.find(cell[1]) != std::string_view::npos) {
      cell.erase(0, 1);
    }
    return cell;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

base::Result<CsvFile> ParseCsv(std::string_view text) { return Parser(text).Parse(); }

}  // namespace promtally::cli
