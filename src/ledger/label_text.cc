// SPDX-License-Identifier: Apache-2.0
#include "ledger/label_text.h"

#include <algorithm>
#include <utility>

namespace promtally::ledger {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

bool IsPlain(std::string_view text) {
  bool special = false;  // no early end: the loop is then done on many bytes at once
  for (const char c : text) {
    special |= (c == '"') | (c == '\\') | (static_cast<unsigned char>(c) < 0x20);
  }
  return !special;
}

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  if (IsPlain(text)) {
    out.append(text) += '"';
    return;
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      out += c;
    }
  }
  out += '"';
}

/// A cursor over our own JSON.
class TextReader {
 public:
  explicit TextReader(std::string_view text) : text_(text) {}

  bool Take(char c) {
    if (at_ < text_.size() && text_[at_] == c) {
      ++at_;
      return true;
    }
    return false;
  }
  [[nodiscard]] bool AtEnd() const { return at_ == text_.size(); }

  bool TakeQuoted(std::string& out) {
    if (!Take('"')) {
      return false;
    }
    while (at_ < text_.size()) {
      const std::size_t plain = text_.find_first_of("\"\\", at_);
      if (plain == std::string_view::npos) {
        return false;
      }
      out.append(text_.substr(at_, plain - at_));
      at_ = plain + 1;
      if (text_[plain] == '"') {
        return true;
      }
      if (!TakeEscape(out)) {
        return false;
      }
    }
    return false;
  }

 private:
  bool TakeEscape(std::string& out) {
    if (Take('"')) {
      out += '"';
      return true;
    }
    if (Take('\\')) {
      out += '\\';
      return true;
    }
    if (text_.substr(at_, 3) != "u00" || text_.size() - at_ < 5) {
      return false;
    }
    const std::size_t high = kHex.find(text_[at_ + 3]);
    const std::size_t low = kHex.find(text_[at_ + 4]);
    if (high > 1 || low == std::string_view::npos) {
      return false;
    }
    out += static_cast<char>(high * 16 + low);
    at_ += 5;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

void AppendLabels(const metering::LabelViews& labels, std::string& out) {
  char separator = '{';
  for (const auto& [name, value] : labels) {
    out += separator;
    separator = ',';
    AppendQuoted(name, out);
    out += ':';
    AppendQuoted(value, out);
  }
  out += labels.empty() ? "{}" : "}";
}

std::string ToLabelText(const base::LabelSet& labels) {
  std::string out;
  AppendLabels({labels.begin(), labels.end()}, out);
  return out;
}

std::optional<base::LabelSet> ParseLabelText(std::string_view text) {
  TextReader reader(text);
  base::LabelSet labels;
  if (!reader.Take('{')) {
    return std::nullopt;
  }
  while (!reader.Take('}')) {
    auto& [name, value] = labels.emplace_back();
    if ((labels.size() > 1 && !reader.Take(',')) || !reader.TakeQuoted(name) || !reader.Take(':') ||
        !reader.TakeQuoted(value)) {
      return std::nullopt;
    }
  }
  return reader.AtEnd() ? std::optional(std::move(labels)) : std::nullopt;
}

std::string ToNameList(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) {
    if (out.size() > 1) {
      out += ',';
    }
    AppendQuoted(name, out);
  }
  return out += ']';
}

std::optional<std::vector<std::string>> ParseNameList(std::string_view text) {
  TextReader reader(text);
  std::vector<std::string> names;
  if (!reader.Take('[')) {
    return std::nullopt;
  }
  while (!reader.Take(']')) {
    if ((!names.empty() && !reader.Take(',')) || !reader.TakeQuoted(names.emplace_back())) {
      return std::nullopt;
    }
  }
  return reader.AtEnd() ? std::optional(std::move(names)) : std::nullopt;
}

}  // namespace promtally::ledger
