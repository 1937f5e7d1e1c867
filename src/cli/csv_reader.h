// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/result.h"

namespace promtally::cli {

/// A CSV file (RFC 4180) with a header line. Every row has as many cells as the header.
struct CsvFile {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> lines;  ///< of each row, from 1
};

/// kParse with the line. An apostrophe before what a spreadsheet would take for a formula, as
/// promtally writes it, is taken away.
[[nodiscard]] base::Result<CsvFile> ParseCsv(std::string_view text);

}  // namespace promtally::cli
