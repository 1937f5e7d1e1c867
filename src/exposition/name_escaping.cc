// SPDX-License-Identifier: Apache-2.0
#include "exposition/name_escaping.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "promtally/base/labels.h"

namespace promtally::exposition {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
};

// The text is valid UTF-8.
Character FirstCharacter(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1};
  }
  const std::size_t bytes = lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : 2);
  std::uint32_t code = lead & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes && i < text.size(); ++i) {
    code = (code << 6U) | (byte(i) & 0x3FU);
  }
  return {code, bytes};
}

bool IsClassic(char c, bool first, bool colon_allowed) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (c == ':' && colon_allowed) || (c >= '0' && c <= '9' && !first);
}

void AppendOther(std::string& out, std::uint32_t code, Escaping escaping) {
  if (escaping == Escaping::kUnderscores) {
    out += '_';
  } else if (escaping == Escaping::kDots) {
    out += code == '.' ? "_dot_" : "__";
  } else {
    std::array<char, 8> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), code, 16).ptr;
    out.append("_").append(digits.data(), end).append("_");
  }
}

std::string Escaped(std::string_view name, Escaping escaping, bool is_label) {
  const bool classic = is_label ? base::IsLabelName(name) : base::IsMetricName(name);
  if (escaping == Escaping::kAllowUtf8 || (classic && escaping != Escaping::kDots)) {
    return std::string(name);
  }
  std::string out = escaping == Escaping::kValues ? "U__" : "";
  for (std::string_view rest = name; !rest.empty();) {
    const Character character = FirstCharacter(rest);
    const char c = rest.front();
    if (c == '_' && escaping != Escaping::kUnderscores) {
      out += "__";
    } else if (character.bytes == 1 && IsClassic(c, rest.size() == name.size(), !is_label)) {
      out += c;
    } else {
      AppendOther(out, character.code, escaping);
    }
    rest.remove_prefix(std::min(character.bytes, rest.size()));
  }
  return out;
}

}  // namespace

std::string_view ToText(Escaping escaping) {
  switch (escaping) {
    case Escaping::kUnderscores:
      return "underscores";
    case Escaping::kDots:
      return "dots";
    case Escaping::kValues:
      return "values";
    case Escaping::kAllowUtf8:
      break;
  }
  return "allow-utf-8";
}

std::optional<Escaping> EscapingFromText(std::string_view text) {
  for (const Escaping escaping :
       {Escaping::kUnderscores, Escaping::kDots, Escaping::kValues, Escaping::kAllowUtf8}) {
    if (text == ToText(escaping)) {
      return escaping;
    }
  }
  return text == "allow-utf8" ? std::optional(Escaping::kAllowUtf8) : std::nullopt;
}

std::string EscapedMetricName(std::string_view name, Escaping escaping) {
  return Escaped(name, escaping, false);
}

std::string EscapedLabelName(std::string_view name, Escaping escaping) {
  return Escaped(name, escaping, true);
}

}  // namespace promtally::exposition
