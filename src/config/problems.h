// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/diagnostic.h"

namespace promtally::config {

/// A place in a file: line and column count from 1, the column in bytes. Line 0: the whole file.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
};

/// `"text"`, cut to a length that a message can bear.
[[nodiscard]] std::string Quoted(std::string_view text);
/// `a, b, c`
[[nodiscard]] std::string Joined(const std::vector<std::string_view>& words);

/// Collects what is wrong with one file. Keeps at most 20 errors and 100 warnings and says when
/// there were more. Refers to the bytes of the file, which outlive it.
class Problems {
 public:
  Problems(std::string_view bytes, std::string_view file);

  void Error(Place place, std::string message, std::string hint = {});
  void Warn(Place place, std::string message, std::string hint = {});

  /// Prints stars in the place of a secret: `bytes` from `place`, at most to the end of its line.
  void Hide(Place place, std::size_t bytes);

  /// Further errors are counted only: a suggestion for them need not be looked for.
  [[nodiscard]] bool IsFull() const;
  [[nodiscard]] bool HasErrors() const { return errors_ > 0; }
  /// `4:7`, the column counted in characters, for a message that names a second place.
  [[nodiscard]] std::string ToText(Place place) const;
  [[nodiscard]] std::string_view Line(std::size_t line) const;
  /// An error without a message, for somebody who looks further than into the file.
  [[nodiscard]] base::Diagnostic ErrorAt(Place place) const;
  /// Everything found, in the order of the file.
  [[nodiscard]] base::Diagnostics Take();

 private:
  void Add(base::Severity severity, Place place, std::string message, std::string hint);
  [[nodiscard]] std::size_t CharacterColumn(Place place) const;
  [[nodiscard]] std::string ShownLine(std::size_t line) const;

  struct HiddenRange {
    Place place;
    std::size_t bytes;
  };

  std::string file_;
  std::vector<std::string_view> lines_;
  std::vector<HiddenRange> hidden_;
  base::Diagnostics diagnostics_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

}  // namespace promtally::config
