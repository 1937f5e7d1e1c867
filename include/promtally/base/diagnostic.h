// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace promtally::base {

enum class Severity { kError, kWarning };

/// One problem of a configuration file, with its place. `line` and `column` count from 1; 0 means
/// that the problem belongs to the file as a whole. `source_line` is the text of that line as it
/// stands in the file, `hint` says what would be right (it may be empty).
struct Diagnostic {
  Severity severity = Severity::kError;
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
  std::string message;
  std::string source_line;
  std::string hint;
};

using Diagnostics = std::vector<Diagnostic>;

/// `file:line:col: error: message`, the source line, a caret below the column, `hint: …`; ends with
/// a newline. Control characters of the source line are shown as blanks, so that a file cannot
/// drive a terminal.
[[nodiscard]] std::string ToText(const Diagnostic& diagnostic);

[[nodiscard]] bool HasErrors(const Diagnostics& diagnostics);

/// The candidate nearest to `word` by edit distance (Damerau-Levenshtein), or empty when none is
/// near enough to be meant (more than a third of the longer word, at least one edit).
[[nodiscard]] std::string_view Nearest(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

}  // namespace promtally::base
