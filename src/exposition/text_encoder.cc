// SPDX-License-Identifier: Apache-2.0
#include "exposition/text_encoder.h"

#include <array>
#include <charconv>
#include <cmath>

namespace promtally::exposition {
namespace {

void AppendEscapedHelp(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\0') {
      out += "\uFFFD";
    } else {
      out += c;
    }
  }
}

// Prometheus' lexer takes a zero byte for the end of the page, so that a single hostile value would
// cost the whole scrape; it becomes the replacement character.
void AppendEscapedLabelValue(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '"') {
      out += "\\\"";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\0') {
      out += "\uFFFD";
    } else {
      out += c;
    }
  }
}

}  // namespace

std::string_view ToText(FamilyType type) {
  switch (type) {
    case FamilyType::kCounter:
      return "counter";
    case FamilyType::kGauge:
      return "gauge";
    case FamilyType::kHistogram:
      return "histogram";
    case FamilyType::kSummary:
      return "summary";
    case FamilyType::kUntyped:
      break;
  }
  return "untyped";
}

void AppendFamily(std::string& out, std::string_view name, FamilyType type, std::string_view help) {
  if (!help.empty()) {
    out.append("# HELP ").append(name).append(" ");
    AppendEscapedHelp(out, help);
    out += '\n';
  }
  out.append("# TYPE ").append(name).append(" ").append(ToText(type)).append("\n");
}

void AppendSample(std::string& out, std::string_view name, std::string_view label_text,
                  double value) {
  out.append(name).append(label_text).append(" ");
  AppendNumber(out, value);
  out += '\n';
}

std::string LabelText(const base::LabelSet& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += text.empty() ? '{' : ',';
    text.append(name).append("=\"");
    AppendEscapedLabelValue(text, value);
    text += '"';
  }
  if (!text.empty()) {
    text += '}';
  }
  return text;
}

void AppendNumber(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
  }
}

std::string NumberText(double value) {
  std::string text;
  AppendNumber(text, value);
  return text;
}

}  // namespace promtally::exposition
