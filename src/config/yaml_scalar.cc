// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>

namespace promtally::config {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kTrueWords{"true"sv, "True"sv, "TRUE"sv, "yes"sv, "Yes"sv,
                                "YES"sv,  "on"sv,   "On"sv,   "ON"sv};
constexpr std::array kFalseWords{"false"sv, "False"sv, "FALSE"sv, "no"sv, "No"sv,
                                 "NO"sv,    "off"sv,   "Off"sv,   "OFF"sv};
constexpr std::array kNullWords{""sv, "~"sv, "null"sv, "Null"sv, "NULL"sv};
constexpr std::array kInfinityWords{".inf"sv, ".Inf"sv, ".INF"sv};
constexpr std::array kNanWords{".nan"sv, ".NaN"sv, ".NAN"sv};
// More digits than any factor has; the work grows with their square.
constexpr std::size_t kMostDigits = 400;

bool IsOneOf(std::string_view text, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Eats a text from its front.
struct Cursor {
  std::string_view rest;

  bool Eat(char c) {
    if (rest.empty() || rest.front() != c) {
      return false;
    }
    rest.remove_prefix(1);
    return true;
  }
  bool EatSign() { return Eat('-') || Eat('+'); }
  std::size_t EatAll(std::string_view set) {
    const std::size_t count = std::min(rest.find_first_not_of(set), rest.size());
    rest.remove_prefix(count);
    return count;
  }
  std::size_t EatDigits() { return EatAll("0123456789"); }
};

bool IsNotFinite(std::string_view plain) {
  const bool sign = !plain.empty() && (plain.front() == '-' || plain.front() == '+');
  return IsOneOf(sign ? plain.substr(1) : plain, kInfinityWords) || IsOneOf(plain, kNanWords);
}

// (:[0-5]?[0-9])+
bool EatBase60Places(Cursor& cursor) {
  std::size_t places = 0;
  while (cursor.Eat(':')) {
    const std::string_view place = cursor.rest.substr(0, cursor.rest.find_first_of(":."));
    if (place.empty() || place.size() > 2 || !std::all_of(place.begin(), place.end(), IsDigit) ||
        (place.size() == 2 && place.front() > '5')) {
      return false;
    }
    cursor.rest.remove_prefix(place.size());
    ++places;
  }
  return places > 0;
}

std::optional<ScalarKind> PyYamlInteger(Cursor cursor) {
  cursor.EatSign();
  const bool zero = cursor.rest.starts_with('0');
  if (zero && cursor.rest.size() > 1) {
    cursor.Eat('0');
    const bool hex = cursor.Eat('x');
    const bool binary = !hex && cursor.Eat('b');
    const std::size_t digits = cursor.EatAll(hex      ? "0123456789abcdefABCDEF_"
                                             : binary ? "01_"
                                                      : "01234567_");
    if (digits == 0 || !cursor.rest.empty()) {
      return std::nullopt;
    }
    return hex || binary ? ScalarKind::kInteger : ScalarKind::kOctal;
  }
  if (cursor.rest.empty() || !IsDigit(cursor.rest.front())) {
    return std::nullopt;
  }
  cursor.EatAll("0123456789_");
  if (cursor.rest.empty()) {
    return ScalarKind::kInteger;
  }
  return !zero && EatBase60Places(cursor) && cursor.rest.empty()
             ? std::optional(ScalarKind::kBase60)
             : std::nullopt;
}

// An exponent needs its sign and a point before it: PyYAML takes 1e-6 as text, 1.0e-6 as a number.
bool EatPyYamlExponent(Cursor& cursor) {
  if (!cursor.Eat('e') && !cursor.Eat('E')) {
    return true;
  }
  return cursor.EatSign() && cursor.EatDigits() > 0;
}

std::optional<ScalarKind> PyYamlReal(Cursor cursor) {
  if (cursor.rest.starts_with('.')) {
    cursor.Eat('.');
    const bool digit = !cursor.rest.empty() && IsDigit(cursor.rest.front());
    cursor.EatAll("0123456789_");
    return digit && EatPyYamlExponent(cursor) && cursor.rest.empty()
               ? std::optional(ScalarKind::kReal)
               : std::nullopt;
  }
  cursor.EatSign();
  if (cursor.rest.empty() || !IsDigit(cursor.rest.front())) {
    return std::nullopt;
  }
  cursor.EatAll("0123456789_");
  const bool base60 = cursor.rest.starts_with(':');
  if (base60 && !EatBase60Places(cursor)) {
    return std::nullopt;
  }
  if (!cursor.Eat('.')) {
    return std::nullopt;
  }
  cursor.EatAll("0123456789_");
  if (!base60 && !EatPyYamlExponent(cursor)) {
    return std::nullopt;
  }
  if (!cursor.rest.empty()) {
    return std::nullopt;
  }
  return base60 ? ScalarKind::kBase60 : ScalarKind::kReal;
}

// 2025-06-01, or with a time behind it.
bool IsTimestamp(std::string_view plain) {
  Cursor cursor{plain};
  if (cursor.EatDigits() != 4 || !cursor.Eat('-')) {
    return false;
  }
  const std::size_t month = cursor.EatDigits();
  if (month < 1 || month > 2 || !cursor.Eat('-')) {
    return false;
  }
  const std::size_t day = cursor.EatDigits();
  if (cursor.rest.empty()) {
    return month == 2 && day == 2;
  }
  if (day < 1 || day > 2 || cursor.EatAll("Tt \t") == 0) {
    return false;
  }
  const std::size_t hour = cursor.EatDigits();
  if (hour < 1 || hour > 2 || !cursor.Eat(':') || cursor.EatDigits() != 2 || !cursor.Eat(':') ||
      cursor.EatDigits() != 2) {
    return false;
  }
  return cursor.rest.find_first_not_of("0123456789.:+-Z \t") == std::string_view::npos;
}

std::string WithoutUnderscores(std::string_view plain) {
  std::string text(plain);
  std::erase(text, '_');
  return text;
}

std::optional<base::Decimal> InBase(std::string_view digits, std::int64_t base) {
  base::Decimal value = 0;
  for (const char c : digits) {
    const int digit = IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * base::Decimal(base) + base::Decimal(digit);
  }
  return value;
}

// [sign]digits[.digits][exponent], each part possibly absent as PyYAML allows it.
std::optional<base::Decimal> InTens(std::string text) {
  const std::size_t first = text.find_first_of(".0123456789");
  if (first != std::string::npos && text[first] == '.') {
    text.insert(first, "0");
  }
  const std::size_t point = text.find('.');
  if (point != std::string::npos && (point + 1 == text.size() || !IsDigit(text[point + 1]))) {
    text.insert(point + 1, "0");
  }
  const auto value = base::Decimal::Parse(text);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<base::Decimal> InBase60(std::string_view text) {
  base::Decimal value = 0;
  while (true) {
    const std::size_t colon = text.find(':');
    const auto place = InTens(std::string(text.substr(0, colon)));
    if (!place) {
      return std::nullopt;
    }
    value = value * base::Decimal(60) + *place;
    if (colon == std::string_view::npos) {
      return value;
    }
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

ScalarKind PyYamlKind(std::string_view plain) {
  if (IsOneOf(plain, kNullWords)) {
    return ScalarKind::kNull;
  }
  if (IsOneOf(plain, kTrueWords) || IsOneOf(plain, kFalseWords)) {
    return ScalarKind::kBool;
  }
  if (const auto integer = PyYamlInteger({plain})) {
    return *integer;
  }
  if (const auto real = PyYamlReal({plain})) {
    return *real;
  }
  if (IsNotFinite(plain)) {
    return ScalarKind::kNotFinite;
  }
  return IsTimestamp(plain) ? ScalarKind::kTimestamp : ScalarKind::kText;
}

ScalarKind CoreKind(std::string_view plain) {
  if (IsOneOf(plain, kNullWords)) {
    return ScalarKind::kNull;
  }
  if (IsOneOf(plain, std::span(kTrueWords).first(3)) ||
      IsOneOf(plain, std::span(kFalseWords).first(3))) {
    return ScalarKind::kBool;
  }
  if (IsNotFinite(plain)) {
    return ScalarKind::kNotFinite;
  }
  Cursor cursor{plain};
  if (cursor.rest.starts_with("0x") || cursor.rest.starts_with("0o")) {
    cursor.rest.remove_prefix(2);
    const std::size_t digits =
        cursor.EatAll(plain[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567");
    return digits > 0 && cursor.rest.empty() ? ScalarKind::kOctal : ScalarKind::kText;
  }
  cursor.EatSign();
  const bool leading_zero =
      cursor.rest.size() > 1 && cursor.rest[0] == '0' && IsDigit(cursor.rest[1]);
  std::size_t digits = cursor.EatDigits();
  if (digits > 0 && cursor.rest.empty()) {
    return leading_zero ? ScalarKind::kOctal : ScalarKind::kInteger;
  }
  if (cursor.Eat('.')) {
    digits += cursor.EatDigits();
  }
  bool exponent = true;
  if (cursor.Eat('e') || cursor.Eat('E')) {
    cursor.EatSign();
    exponent = cursor.EatDigits() > 0;
  }
  return digits > 0 && exponent && cursor.rest.empty() ? ScalarKind::kReal : ScalarKind::kText;
}

std::optional<base::Decimal> NumberOf(std::string_view plain, ScalarKind kind) {
  std::string text = WithoutUnderscores(plain);
  if (text.size() > kMostDigits) {
    return std::nullopt;
  }
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) {
    text.erase(0, 1);
  }
  std::optional<base::Decimal> value;
  if (text.starts_with("0x") || text.starts_with("0b")) {
    value = InBase(std::string_view(text).substr(2), text[1] == 'x' ? 16 : 2);
  } else {
    value = kind == ScalarKind::kBase60 ? InBase60(text) : InTens(text);
  }
  return value && negative ? -*value : value;
}

bool BoolOf(std::string_view plain) { return IsOneOf(plain, kTrueWords); }

std::string PythonText(const base::Decimal& number, ScalarKind kind) {
  if (kind != ScalarKind::kReal && number.IsInteger()) {
    return number.ToText();
  }
  // repr() of a float: the shortest digits that read back, plain from 1e-4 to below 1e16.
  std::array<char, 64> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                          number.ToDouble(), std::chars_format::scientific);
  const std::string_view scientific(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = scientific.find('e');
  if (error != std::errc{} || e == std::string_view::npos) {
    return number.ToText();
  }
  int exponent = 0;
  const std::size_t digits_at = e + (scientific[e + 1] == '+' ? 2 : 1);
  std::from_chars(scientific.data() + digits_at, scientific.data() + scientific.size(), exponent);
  if (exponent < -4 || exponent >= 16) {
    return std::string(scientific);
  }
  const auto [plain_end, plain_error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                                      number.ToDouble(), std::chars_format::fixed);
  std::string text(buffer.data(), plain_end);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::string DoubleQuoted(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += "\\x";
      quoted += kDigits[byte >> 4U];
      quoted += kDigits[byte & 0xFU];
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace promtally::config
