// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "inference/rows.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// A table of text with one header line (RFC 4180; line feeds or CRLF, a byte order mark is
/// skipped). An empty field is a missing value; in a file of one column an empty line is. Numbers
/// are looked at column by column, so that a column of times does no harm.
class CsvFile {
 public:
  /// `name` is for messages: kParse with `NAME:line: what is wrong`.
  [[nodiscard]] static base::Result<CsvFile> Parse(std::string_view bytes, std::string name);

  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  [[nodiscard]] std::size_t rows() const { return lines_.size(); }

  /// The values of a column from top to bottom, NaN where one is missing.
  [[nodiscard]] base::Result<std::vector<double>> Series(std::size_t column) const;
  /// The place of a column; kNotFound with the names that there are. An empty name means the only
  /// column, or `value`.
  [[nodiscard]] base::Result<std::size_t> Find(const std::string& name) const;
  /// All rows of some columns, in their order.
  [[nodiscard]] base::Result<Rows> Select(const std::vector<std::size_t>& columns) const;

 private:
  [[nodiscard]] base::Result<double> Number(std::size_t row, std::size_t column) const;

  std::string name_;
  std::vector<std::string> columns_;
  std::vector<std::string> fields_;  ///< row by row
  std::vector<std::size_t> lines_;   ///< of each row in the file, from 1
};

/// The rows that a model takes: by name where all of `features` are in the header, else by place,
/// if there are `columns` of them (0: any number). `must_match`: features that are missing are an
/// error.
[[nodiscard]] base::Result<Rows> SelectRows(const CsvFile& file,
                                            const std::vector<std::string>& features,
                                            std::size_t columns, bool must_match);

}  // namespace promtally::inference
