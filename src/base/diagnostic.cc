// SPDX-License-Identifier: Apache-2.0
#include "promtally/base/diagnostic.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace promtally::base {
namespace {

// A longer source line is cut to this many characters around the column.
constexpr std::size_t kShownCharacters = 160;
// Nobody means a known key by a longer word, and the distance costs the product of the lengths.
constexpr std::size_t kLongestWord = 64;

// Bytes of the character that starts at `at`; 1 for what is no UTF-8.
std::size_t CharacterLength(std::string_view text, std::size_t at) {
  const auto lead = static_cast<std::uint8_t>(text[at]);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || at + length > text.size()) {
    return 1;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<std::uint8_t>(text[at + i]) & 0xC0U) != 0x80U) {
      return 1;
    }
  }
  return length;
}

// The characters of a text, each as it may be shown: controls (C0, DEL, C1) are blanks, bytes that
// are no UTF-8 question marks.
std::vector<std::string_view> ShownCharacters(std::string_view text) {
  std::vector<std::string_view> characters;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = CharacterLength(text, at);
    const auto lead = static_cast<std::uint8_t>(text[at]);
    const auto second = length == 2 ? static_cast<std::uint8_t>(text[at + 1]) : std::uint8_t{0};
    if (lead < 0x20 || lead == 0x7F || (lead == 0xC2 && second < 0xA0)) {
      characters.emplace_back(" ");
    } else if (length == 1 && lead >= 0x80) {
      characters.emplace_back("?");
    } else {
      characters.push_back(text.substr(at, length));
    }
    at += length;
  }
  return characters;
}

std::string Shown(std::string_view text) {
  std::string shown;
  for (const std::string_view character : ShownCharacters(text)) {
    shown += character;
  }
  return shown;
}

std::string SourceAndCaret(std::string_view source_line, std::size_t column) {
  const std::vector<std::string_view> characters = ShownCharacters(source_line);
  const std::size_t place = std::min(column > 0 ? column - 1 : 0, characters.size());
  std::size_t first = 0;
  if (characters.size() > kShownCharacters && place > kShownCharacters / 2) {
    first = std::min(place - kShownCharacters / 2, characters.size() - kShownCharacters);
  }
  const std::size_t last = std::min(characters.size(), first + kShownCharacters);
  std::string text = first > 0 ? "…" : "";
  for (std::size_t i = first; i < last; ++i) {
    text += characters[i];
  }
  text += last < characters.size() ? "…\n" : "\n";
  if (column > 0) {
    text += std::string(place - first + (first > 0 ? 1 : 0), ' ') + "^\n";
  }
  return text;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Insertions, deletions, replacements and swaps of neighbours; upper and lower case are the same.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = Lower(a[i - 1]) == Lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && Lower(a[i - 1]) == Lower(b[j - 2]) &&
          Lower(a[i - 2]) == Lower(b[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string ToText(const Diagnostic& diagnostic) {
  std::string text = Shown(diagnostic.file);
  if (diagnostic.line > 0) {
    text += ":" + std::to_string(diagnostic.line) + ":" + std::to_string(diagnostic.column);
  }
  text += diagnostic.severity == Severity::kError ? ": error: " : ": warning: ";
  text += Shown(diagnostic.message) + "\n";
  if (diagnostic.line > 0 && !diagnostic.source_line.empty()) {
    text += SourceAndCaret(diagnostic.source_line, diagnostic.column);
  }
  if (!diagnostic.hint.empty()) {
    text += "hint: " + Shown(diagnostic.hint) + "\n";
  }
  return text;
}

bool HasErrors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Severity::kError;
  });
}

std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > kLongestWord) {
    return {};
  }
  std::string_view nearest;
  std::size_t least = kLongestWord;
  for (const std::string_view candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t distance = EditDistance(word, candidate);
    if (distance <= std::max<std::size_t>(1, longer / 3) && distance < longer && distance < least) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

}  // namespace promtally::base
