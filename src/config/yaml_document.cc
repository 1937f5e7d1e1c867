// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_document.h"

#include <algorithm>
#include <cstdint>

#include "config/yaml_builder.h"
#include "config/yaml_scalar.h"
#include "promtally/base/labels.h"

namespace promtally::config {
namespace {

constexpr std::size_t kMostBytes = 4 * 1024 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The place of the first byte for which `is_bad` holds; line 0 when there is none.
template <typename Predicate>
Place FirstBad(std::string_view bytes, const Predicate& is_bad) {
  Place place{1, 1};
  for (const char c : bytes) {
    if (is_bad(c)) {
      return place;
    }
    place = c == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
  }
  return {};
}

bool IsControl(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

bool CheckBytes(std::string_view bytes, Problems& problems) {
  if (bytes.size() > kMostBytes) {
    problems.Error({}, "the file has " + std::to_string(bytes.size()) +
                           " bytes, more than a configuration file may have (4 MiB)");
    return false;
  }
  if (!base::IsUtf8(bytes)) {
    std::size_t line = 1;
    while (base::IsUtf8(problems.Line(line))) {
      ++line;
    }
    problems.Error({line, 1}, "the line is not valid UTF-8");
    return false;
  }
  if (const Place place = FirstBad(bytes, IsControl); place.line > 0) {
    problems.Error(place, "a control character is not allowed",
                   "in a quoted text it is written as an escape such as \\x07");
    return false;
  }
  return true;
}

}  // namespace

std::string_view WithoutByteOrderMark(std::string_view bytes) {
  if (bytes.starts_with(kByteOrderMark)) {
    bytes.remove_prefix(kByteOrderMark.size());
  }
  return bytes;
}

YamlDocument ReadYaml(std::string_view bytes, Aliases aliases, Problems& problems) {
  if (!CheckBytes(bytes, problems)) {
    return {};
  }
  return BuildDocument(bytes, aliases, problems);
}

bool IsText(const Node& node) {
  return node.kind == NodeKind::kScalar &&
         (node.quoted || PyYamlKind(node.text) == ScalarKind::kText);
}

const Node* FindKey(const Node& map, std::string_view key) {
  const auto at = std::find_if(map.entries.begin(), map.entries.end(), [key](const Entry& entry) {
    return IsText(*entry.key) && entry.key->text == key;
  });
  return at == map.entries.end() ? nullptr : at->key;
}

const Node* Find(const Node& map, std::string_view key) {
  const auto at = std::find_if(map.entries.begin(), map.entries.end(), [key](const Entry& entry) {
    return IsText(*entry.key) && entry.key->text == key;
  });
  return at == map.entries.end() ? nullptr : at->value;
}

}  // namespace promtally::config
