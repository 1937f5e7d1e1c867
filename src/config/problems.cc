// SPDX-License-Identifier: Apache-2.0
#include "config/problems.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace promtally::config {
namespace {

constexpr std::size_t kMostErrors = 20;
constexpr std::size_t kMostWarnings = 100;
// Every diagnostic holds a copy of its line: a file of one line of 4 MiB must not be multiplied.
constexpr std::size_t kLongestSourceLine = 16 * 1024;
constexpr std::size_t kLongestQuotation = 120;

bool IsCharacterStart(char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U; }

}  // namespace

std::string Quoted(std::string_view text) {
  if (text.size() <= kLongestQuotation) {
    return "\"" + std::string(text) + "\"";
  }
  std::size_t end = kLongestQuotation;
  while (end > 0 && !IsCharacterStart(text[end])) {
    --end;
  }
  return "\"" + std::string(text.substr(0, end)) + "…\"";
}

std::string Joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    text += text.empty() ? "" : ", ";
    text += word;
  }
  return text;
}

Problems::Problems(std::string_view bytes, std::string_view file) : file_(file) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    lines_.push_back(line);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  }
}

void Problems::Error(Place place, std::string message, std::string hint) {
  if (++errors_ <= kMostErrors) {
    Add(base::Severity::kError, place, std::move(message), std::move(hint));
  }
}

void Problems::Warn(Place place, std::string message, std::string hint) {
  if (++warnings_ <= kMostWarnings) {
    Add(base::Severity::kWarning, place, std::move(message), std::move(hint));
  }
}

std::string Problems::ToText(Place place) const {
  return std::to_string(place.line) + ":" + std::to_string(CharacterColumn(place));
}

std::string_view Problems::Line(std::size_t line) const {
  return line > 0 && line <= lines_.size() ? lines_[line - 1] : std::string_view{};
}

bool Problems::IsFull() const { return errors_ >= kMostErrors; }

void Problems::Hide(Place place, std::size_t bytes) { hidden_.push_back({place, bytes}); }

// The line as it stands in the file, secrets as stars of the same number of characters.
std::string Problems::ShownLine(std::size_t line) const {
  std::string text(Line(line));
  if (text.size() > kLongestSourceLine) {
    return {};
  }
  for (auto range = hidden_.rbegin(); range != hidden_.rend(); ++range) {
    const std::size_t begin = range->place.column - 1;
    if (range->place.line != line || begin >= text.size()) {
      continue;
    }
    const std::string secret = text.substr(begin, range->bytes);
    const auto characters = std::count_if(secret.begin(), secret.end(), IsCharacterStart);
    text.replace(begin, secret.size(), static_cast<std::size_t>(characters), '*');
  }
  return text;
}

base::Diagnostic Problems::ErrorAt(Place place) const {
  base::Diagnostic diagnostic;
  diagnostic.file = file_;
  diagnostic.line = place.line;
  diagnostic.column = CharacterColumn(place);
  diagnostic.source_line = ShownLine(place.line);
  return diagnostic;
}

base::Diagnostics Problems::Take() {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(), [](const auto& a, const auto& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  for (base::Diagnostic& diagnostic : diagnostics_) {
    diagnostic.source_line = ShownLine(diagnostic.line);
  }
  if (errors_ > kMostErrors) {
    Add(base::Severity::kWarning, {},
        std::to_string(errors_ - kMostErrors) + " more errors are not shown", {});
  }
  if (warnings_ > kMostWarnings) {
    Add(base::Severity::kWarning, {},
        std::to_string(warnings_ - kMostWarnings) + " more warnings are not shown", {});
  }
  return std::move(diagnostics_);
}

void Problems::Add(base::Severity severity, Place place, std::string message, std::string hint) {
  base::Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.file = file_;
  diagnostic.line = place.line;
  diagnostic.column = CharacterColumn(place);
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  diagnostics_.push_back(std::move(diagnostic));
}

std::size_t Problems::CharacterColumn(Place place) const {
  if (place.line == 0) {
    return 0;
  }
  const std::string_view line = Line(place.line);
  const std::size_t bytes = place.column > 0 ? place.column - 1 : 0;
  const std::string_view before = line.substr(0, std::min(bytes, line.size()));
  const auto characters = std::count_if(before.begin(), before.end(), IsCharacterStart);
  return static_cast<std::size_t>(characters) + (bytes - before.size()) + 1;
}

}  // namespace promtally::config
