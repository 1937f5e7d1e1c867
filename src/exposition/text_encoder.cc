// SPDX-License-Identifier: Apache-2.0
#include "exposition/text_encoder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace promtally::exposition {
namespace {

// Whole numbers below this are written with all their digits; 1e+05 is shorter than 100000.
constexpr double kShortWhole = 100000;

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

void AppendEscapedHelp(std::string& out, std::string_view text, Format format) {
  if (format == Format::kOpenMetrics) {
    AppendEscapedLabelValue(out, text);
    return;
  }
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t quote = std::min(rest.find('"'), rest.size());
    AppendEscapedLabelValue(out, rest.substr(0, quote));
    rest.remove_prefix(quote);
    if (!rest.empty()) {
      out += '"';
      rest.remove_prefix(1);
    }
  }
}

std::string Quoted(std::string_view name) {
  std::string text = "\"";
  AppendEscapedLabelValue(text, name);
  text += '"';
  return text;
}

std::string_view TypeText(FamilyType type, Format format) {
  if (format == Format::kOpenMetrics) {
    if (type == FamilyType::kInfo) {
      return "info";
    }
    if (type == FamilyType::kStateSet) {
      return "stateset";
    }
    if (type == FamilyType::kUntyped) {
      return "unknown";
    }
  }
  return ToText(type);
}

// Samples that are families of their own in the text format are escaped as a whole there; what a
// TYPE line has to match is escaped without the suffix.
std::string StyledName(std::string_view family, std::string_view suffix, const PageStyle& style) {
  const bool own_family = suffix == "_total" || suffix == "_created" || suffix == "_info";
  if (style.format == Format::kText && own_family) {
    return EscapedMetricName(std::string(family) + std::string(suffix), style.escaping);
  }
  return EscapedMetricName(family, style.escaping) + std::string(suffix);
}

std::string_view HeadSuffix(FamilyType type, Format format) {
  if (format == Format::kOpenMetrics) {
    return "";
  }
  return type == FamilyType::kCounter ? "_total" : (type == FamilyType::kInfo ? "_info" : "");
}

struct LabelPart {
  std::string_view name;   // without quotes, escaped if it had some
  std::string_view value;  // escaped
  bool quoted = false;
};

// Up to the quote that ends a text; `text` begins behind the one that begins it.
std::size_t QuotedLength(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && text[i] != '"') {
    i += text[i] == '\\' ? 2U : 1U;
  }
  return std::min(i, text.size());
}

// Takes one label off the front of a body.
LabelPart TakeLabel(std::string_view& body) {
  LabelPart part;
  part.quoted = body.starts_with('"');
  if (part.quoted) {
    body.remove_prefix(1);
  }
  const std::size_t name = part.quoted ? QuotedLength(body) : std::min(body.find('='), body.size());
  part.name = body.substr(0, name);
  body.remove_prefix(std::min(name + (part.quoted ? 3U : 2U), body.size()));
  const std::size_t value = QuotedLength(body);
  part.value = body.substr(0, value);
  body.remove_prefix(std::min(value + 2, body.size()));
  return part;
}

std::string Unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      plain += text[i] == 'n' ? '\n' : text[i];
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

std::string_view ToText(FamilyType type) {
  switch (type) {
    case FamilyType::kCounter:
      return "counter";
    case FamilyType::kGauge:
    case FamilyType::kInfo:
    case FamilyType::kStateSet:
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

void AppendHead(std::string& out, const PageStyle& style, const FamilyHead& head) {
  const std::string plain = StyledName(head.name, HeadSuffix(head.type, style.format), style);
  const std::string name = base::IsMetricName(plain) ? plain : Quoted(plain);
  out.append("# HELP ").append(name).append(" ");
  AppendEscapedHelp(out, head.help, style.format);
  out += '\n';
  out.append("# TYPE ").append(name).append(" ").append(TypeText(head.type, style.format));
  out += '\n';
  const bool may_have_unit = head.type != FamilyType::kInfo && head.type != FamilyType::kStateSet;
  if (style.format == Format::kOpenMetrics && may_have_unit && !head.unit.empty() &&
      plain.ends_with("_" + std::string(head.unit))) {
    out.append("# UNIT ").append(name).append(" ").append(head.unit).append("\n");
  }
}

void AppendFamily(std::string& out, std::string_view name, FamilyType type, std::string_view help) {
  if (type == FamilyType::kCounter && name.ends_with("_total")) {
    name.remove_suffix(std::string_view("_total").size());
  }
  AppendHead(out, {}, {name, type, help, ""});
}

void AppendEnd(std::string& out, const PageStyle& style) {
  if (style.format == Format::kOpenMetrics) {
    out += "# EOF\n";
  }
}

SampleName::SampleName(std::string_view family, std::string_view suffix, const PageStyle& style) {
  const std::string name = StyledName(family, suffix, style);
  if (base::IsMetricName(name)) {
    bare_ = name + " ";
    open_ = name + "{";
  } else {
    bare_ = "{" + Quoted(name) + "} ";
    open_ = "{" + Quoted(name) + ",";
  }
}

void SampleName::AppendOpen(std::string& out, std::string_view body, std::string_view extra,
                            double value) const {
  if (body.empty() && extra.empty()) {
    out += bare_;
  } else {
    out.append(open_).append(body);
    if (!body.empty() && !extra.empty()) {
      out += ',';
    }
    out.append(extra).append("} ");
  }
  AppendNumber(out, value);
}

void SampleName::Append(std::string& out, std::string_view body, std::string_view extra,
                        double value) const {
  AppendOpen(out, body, extra, value);
  out += '\n';
}

void AppendLabel(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) {
    out += ',';
  }
  if (base::IsLabelName(name)) {
    out.append(name);
  } else {
    out += Quoted(name);
  }
  out += "=\"";
  AppendEscapedLabelValue(out, value);
  out += '"';
}

std::string LabelBody(const base::LabelSet& labels) {
  std::string body;
  for (const auto& [name, value] : labels) {
    AppendLabel(body, name, value);
  }
  return body;
}

bool IsRewritten(std::string_view label_name, Escaping escaping) {
  return EscapedLabelName(label_name, escaping) != label_name;
}

std::string StyledBody(std::string_view body, Escaping escaping) {
  if (escaping == Escaping::kAllowUtf8) {
    return std::string(body);
  }
  std::string styled;
  while (!body.empty()) {
    const LabelPart part = TakeLabel(body);
    styled += styled.empty() ? "" : ",";
    styled +=
        EscapedLabelName(part.quoted ? Unescaped(part.name) : std::string(part.name), escaping);
    styled.append("=\"").append(part.value).append("\"");
  }
  return styled;
}

base::LabelSet LabelsOfBody(std::string_view body) {
  base::LabelSet labels;
  while (!body.empty()) {
    const LabelPart part = TakeLabel(body);
    labels.emplace_back(part.quoted ? Unescaped(part.name) : std::string(part.name),
                        Unescaped(part.value));
  }
  return labels;
}

std::size_t CharactersIn(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

void AppendSample(std::string& out, std::string_view name, std::string_view label_text,
                  double value) {
  out.append(name).append(label_text).append(" ");
  AppendNumber(out, value);
  out += '\n';
}

std::string LabelText(const base::LabelSet& labels) {
  return labels.empty() ? "" : "{" + LabelBody(labels) + "}";
}

void AppendNumber(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    std::array<char, 32> digits;
    const auto whole = static_cast<int>(std::fabs(value) < kShortWhole ? value : 0);
    // The same digits in less time: most counts are small.
    const bool is_short = whole == value && (whole != 0 || !std::signbit(value));
    const auto end = is_short
                         ? std::to_chars(digits.data(), digits.data() + digits.size(), whole).ptr
                         : std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
  }
}

std::string NumberText(double value) {
  std::string text;
  AppendNumber(text, value);
  return text;
}

std::string BoundText(double bound, Format format) {
  if (format == Format::kText || !std::isfinite(bound)) {
    return NumberText(bound);
  }
  const double size = std::fabs(bound);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e6);
  std::array<char, 64> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bound,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific)
                       .ptr;
  std::string text(digits.data(), end);
  return plain && text.find('.') == std::string::npos ? text + ".0" : text;
}

}  // namespace promtally::exposition
