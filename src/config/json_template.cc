// SPDX-License-Identifier: Apache-2.0
#include "config/json_template.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace promtally::config {
namespace {

std::string JsonText(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      json += c;
    }
  }
  return json + "\"";
}

/// `-12.5e3` as RFC 8259 has it: no plus in front, no bare point, no leading zero.
bool IsJsonNumber(std::string_view text) {
  const auto digits = [&text] {
    const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(end);
    return end;
  };
  const auto skip = [&text](std::string_view any) {
    const bool there = !text.empty() && any.find(text.front()) != std::string_view::npos;
    text.remove_prefix(there ? 1 : 0);
    return there;
  };
  skip("-");
  const bool zero = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1) || (skip(".") && digits() == 0)) {
    return false;
  }
  if (skip("eE")) {
    skip("+-");
    if (digits() == 0) {
      return false;
    }
  }
  return text.empty();
}

std::optional<std::string> ScalarTemplate(ValueReader& reader, const Node& value) {
  if (value.kind == NodeKind::kNull) {
    return "null";
  }
  const std::optional<Scalar> scalar = reader.AnyScalar(value, "a value");
  if (!scalar) {
    return std::nullopt;
  }
  if (scalar->kind == ScalarKind::kText || scalar->from_environment) {
    return JsonText(scalar->text);
  }
  if (scalar->kind == ScalarKind::kNull) {
    return "null";
  }
  if (scalar->text == "true" || scalar->text == "false" || IsJsonNumber(scalar->text)) {
    return scalar->text;
  }
  reader.Wrong(value, "has " + Quoted(scalar->text) + ", which JSON does not know",
               "write a number as JSON has it, or put it in quotes");
  return std::nullopt;
}

}  // namespace

std::optional<std::string> JsonTemplate(ValueReader& reader, const Node& value) {
  if (value.kind != NodeKind::kMap && value.kind != NodeKind::kSequence) {
    return ScalarTemplate(reader, value);
  }
  const bool map = value.kind == NodeKind::kMap;
  std::string json(1, map ? '{' : '[');
  const auto add = [&](const std::string& front, const Node& item) {
    const std::optional<std::string> text = JsonTemplate(reader, item);
    json += (json.size() > 1 ? "," : "") + front + text.value_or("");
    return text.has_value();
  };
  for (const Entry& entry : value.entries) {
    if (!add(JsonText(entry.key->text) + ":", *entry.value)) {
      return std::nullopt;
    }
  }
  for (const Node* const item : value.items) {
    if (!add("", *item)) {
      return std::nullopt;
    }
  }
  return json + (map ? '}' : ']');
}

std::size_t CountPlaces(std::string_view json, std::string_view word) {
  const std::string wanted = "\"$" + std::string(word) + "\"";
  std::size_t count = 0;
  // A quote inside a text is written \", so that the place cannot begin in the middle of one that
  // ends there; a member's name is followed by a colon.
  for (std::size_t at = json.find(wanted); at != std::string_view::npos;
       at = json.find(wanted, at + 1)) {
    const bool name = json.substr(at + wanted.size()).starts_with(':');
    const bool inside = at > 0 && json[at - 1] == '\\';
    count += name || inside ? 0 : 1;
  }
  return count;
}

}  // namespace promtally::config
