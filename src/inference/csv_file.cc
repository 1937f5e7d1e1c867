// SPDX-License-Identifier: Apache-2.0
#include "inference/csv_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace promtally::inference {
namespace {

/// Takes the fields of a table one line at a time.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {
    if (bytes_.starts_with("\xEF\xBB\xBF")) {
      bytes_.remove_prefix(3);
    }
  }

  [[nodiscard]] bool IsAtEnd() const { return bytes_.empty(); }
  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }

  /// The fields of the next line, which a quoted field may continue.
  std::vector<std::string> Take() {
    std::vector<std::string> fields;
    ++line_;
    while (true) {
      fields.push_back(TakeField());
      if (!problem_.empty() || bytes_.empty()) {
        return fields;
      }
      const bool is_end = bytes_.front() != ',';
      bytes_.remove_prefix(bytes_.starts_with("\r\n") ? 2 : 1);
      if (is_end) {
        return fields;
      }
    }
  }

 private:
  std::string TakeField() {
    if (bytes_.starts_with('"')) {
      return TakeQuoted();
    }
    std::string_view field = bytes_.substr(0, bytes_.find_first_of(",\n"));
    bytes_.remove_prefix(field.size());
    if (field.ends_with('\r') && !bytes_.starts_with(',')) {
      field.remove_suffix(1);
    }
    return std::string(field);
  }

  std::string TakeQuoted() {
    std::string field;
    bytes_.remove_prefix(1);
    while (!bytes_.empty()) {
      const char c = bytes_.front();
      bytes_.remove_prefix(1);
      if (c != '"') {
        line_ += c == '\n' ? 1 : 0;
        field += c;
      } else if (bytes_.starts_with('"')) {
        field += '"';
        bytes_.remove_prefix(1);
      } else {
        const bool is_ended = bytes_.empty() || bytes_.front() == ',' || bytes_.front() == '\n' ||
                              bytes_.starts_with("\r\n");
        problem_ = is_ended ? "" : "there is something behind a quoted field";
        return field;
      }
    }
    problem_ = "a quoted field has no end";
    return field;
  }

  std::string_view bytes_;
  std::size_t line_ = 0;
  std::string problem_;
};

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) {
    text.remove_prefix(1);
  }
  while (text.ends_with(' ') || text.ends_with('\t')) {
    text.remove_suffix(1);
  }
  return text;
}

tl::unexpected<base::Error> Wrong(const std::string& name, std::size_t line,
                                  std::string_view what) {
  return base::Fail(base::ErrorCode::kParse, fmt::format("{}:{}: {}", name, line, what));
}

}  // namespace

base::Result<CsvFile> CsvFile::Parse(std::string_view bytes, std::string name) {
  CsvFile file;
  file.name_ = std::move(name);
  Reader reader(bytes);
  if (reader.IsAtEnd()) {
    return Wrong(file.name_, 1, "the file is empty; it must begin with a header line");
  }
  for (const std::string& column : reader.Take()) {
    file.columns_.emplace_back(Trimmed(column));
  }
  const std::size_t width = file.columns_.size();
  while (reader.problem().empty() && !reader.IsAtEnd()) {
    std::vector<std::string> fields = reader.Take();
    const bool is_blank = fields.size() == 1 && Trimmed(fields[0]).empty();
    if (is_blank && width > 1 && reader.IsAtEnd()) {
      break;
    }
    if (reader.problem().empty() && fields.size() != width) {
      return Wrong(file.name_, reader.line(),
                   fmt::format("{} fields, the header has {}", fields.size(), width));
    }
    std::move(fields.begin(), fields.end(), std::back_inserter(file.fields_));
    file.lines_.push_back(reader.line());
  }
  if (!reader.problem().empty()) {
    return Wrong(file.name_, reader.line(), reader.problem());
  }
  return file;
}

base::Result<double> CsvFile::Number(std::size_t row, std::size_t column) const {
  const std::string_view text = Trimmed(fields_[row * columns_.size() + column]);
  if (text.empty()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  double value = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || stop != digits.data() + digits.size() || !std::isfinite(value)) {
    return Wrong(name_, lines_[row],
                 fmt::format("column \"{}\": \"{}\" is no finite number; a missing value is empty",
                             columns_[column], text.substr(0, 40)));
  }
  return value;
}

base::Result<std::vector<double>> CsvFile::Series(std::size_t column) const {
  std::vector<double> values;
  values.reserve(rows());
  for (std::size_t row = 0; row < rows(); ++row) {
    const auto value = Number(row, column);
    if (!value) {
      return tl::unexpected(value.error());
    }
    values.push_back(*value);
  }
  return values;
}

base::Result<std::size_t> CsvFile::Find(const std::string& name) const {
  if (name.empty() && columns_.size() == 1) {
    return 0;
  }
  const std::string wanted = name.empty() ? "value" : name;
  const auto found = std::find(columns_.begin(), columns_.end(), wanted);
  if (found == columns_.end()) {
    return base::Fail(base::ErrorCode::kNotFound,
                      fmt::format("{} has no column \"{}\"; it has {}", name_, wanted,
                                  fmt::join(columns_, ", ")));
  }
  if (std::find(found + 1, columns_.end(), wanted) != columns_.end()) {
    return Wrong(name_, 1, fmt::format("the column \"{}\" is there twice", wanted));
  }
  return static_cast<std::size_t>(found - columns_.begin());
}

base::Result<Rows> CsvFile::Select(const std::vector<std::size_t>& columns) const {
  Rows selected;
  selected.columns = columns.size();
  selected.values.reserve(rows() * columns.size());
  for (const std::size_t column : columns) {
    selected.names.push_back(columns_[column]);
  }
  for (std::size_t row = 0; row < rows(); ++row) {
    for (const std::size_t column : columns) {
      const auto value = Number(row, column);
      if (!value) {
        return tl::unexpected(value.error());
      }
      selected.values.push_back(*value);
    }
  }
  return selected;
}

base::Result<Rows> SelectRows(const CsvFile& file, const std::vector<std::string>& features,
                              std::size_t columns, bool must_match) {
  std::vector<std::size_t> places;
  std::optional<base::Error> missing;
  for (const std::string& feature : features) {
    const auto place = file.Find(feature);
    if (place) {
      places.push_back(*place);
    } else if (!missing) {
      missing = place.error();
    }
  }
  if (!features.empty() && !missing) {
    return file.Select(places);
  }
  if (missing && must_match) {
    return tl::unexpected(*missing);
  }
  if (columns != 0 && file.columns().size() != columns) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      fmt::format("the rows have {} columns, the model takes {}",
                                  file.columns().size(), columns));
  }
  places.clear();
  for (std::size_t place = 0; place < file.columns().size(); ++place) {
    places.push_back(place);
  }
  return file.Select(places);
}

}  // namespace promtally::inference
