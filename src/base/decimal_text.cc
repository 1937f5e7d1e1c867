// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <utility>

#include "base/decimal_access.h"

namespace promtally::base {

namespace {

using Access = DecimalAccess;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// The digits of `mantissa` (digits and at most one point) as a coefficient; `scale` is what stood
/// behind the point.
bool ReadMantissa(std::string_view mantissa, std::string* digits, int* scale) {
  bool point = false;
  for (const char c : mantissa) {
    if (c == '.' && !point) {
      point = true;
    } else if (IsDigit(c)) {
      digits->push_back(c);
      *scale += point ? 1 : 0;
    } else {
      return false;
    }
  }
  return !digits->empty();
}

tl::unexpected<Error> NotANumber(std::string_view text) {
  return Fail(ErrorCode::kParse, "\"" + std::string(text.substr(0, 64)) + "\" is not a number");
}

}  // namespace

Result<Decimal> Decimal::Parse(std::string_view text) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    rest.remove_prefix(1);
  }
  const std::size_t e = rest.find_first_of("eE");
  int exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view exponent_text = rest.substr(e + 1);
    if (exponent_text.size() > 1 && exponent_text.front() == '+' && IsDigit(exponent_text[1])) {
      exponent_text.remove_prefix(1);
    }
    const auto [end, error] = std::from_chars(
        exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
    if (error != std::errc{} || end != exponent_text.data() + exponent_text.size() ||
        std::abs(exponent) > kMaxExponent) {
      return NotANumber(text);
    }
  }
  std::string digits;
  int scale = 0;
  if (!ReadMantissa(rest.substr(0, e), &digits, &scale) || digits.size() > kMaxExponent) {
    return NotANumber(text);
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  exponent -= scale;
  if (digits.size() <= kSmallDigits) {
    Int128 coefficient = 0;
    for (const char c : digits) {
      coefficient = coefficient * 10 + (c - '0');
    }
    return Access::Make(negative ? -coefficient : coefficient, exponent);
  }
  cpp_int coefficient(digits);
  return Access::Make(negative ? cpp_int(-coefficient) : coefficient, exponent);
}

std::string Decimal::ToText() const {
  std::string digits = Access::MagnitudeText(*this);
  if (digits == "0") {
    return "0";
  }
  int exponent = exponent_;
  const std::size_t last = digits.find_last_not_of('0');
  if (exponent < 0) {
    const auto zeros = std::min(digits.size() - 1 - last, static_cast<std::size_t>(-exponent));
    digits.resize(digits.size() - zeros);
    exponent += static_cast<int>(zeros);
  }
  if (exponent >= 0) {
    digits.append(static_cast<std::size_t>(exponent), '0');
  } else if (const auto places = static_cast<std::size_t>(-exponent); digits.size() > places) {
    digits.insert(digits.size() - places, 1, '.');
  } else {
    digits.insert(0, "0." + std::string(places - digits.size(), '0'));
  }
  return Sign() < 0 ? "-" + digits : digits;
}

std::string Decimal::ToPythonText() const {
  std::string digits = Access::MagnitudeText(*this);
  const int left = exponent_ + static_cast<int>(digits.size());  // digits before the point
  std::string tail;
  int point = left;
  if (exponent_ > 0 || left <= -6) {
    point = 1;
    if (left != 1) {
      tail = (left - 1 < 0 ? "E" : "E+") + std::to_string(left - 1);
    }
  }
  if (point <= 0) {
    digits.insert(0, "0." + std::string(static_cast<std::size_t>(-point), '0'));
  } else if (static_cast<std::size_t>(point) < digits.size()) {
    digits.insert(static_cast<std::size_t>(point), 1, '.');
  }
  return (Sign() < 0 ? "-" : "") + digits + tail;
}

double Decimal::ToDouble() const {
  const std::string text =
      (Sign() < 0 ? "-" : "") + Access::MagnitudeText(*this) + "e" + std::to_string(exponent_);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    const bool huge = exponent_ + Digits() > 0;
    value = huge ? std::numeric_limits<double>::infinity() : 0.0;
    return Sign() < 0 ? -value : value;
  }
  return value;
}

Result<Fraction> Fraction::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    auto value = Decimal::Parse(text);
    if (!value) {
      return tl::unexpected(value.error());
    }
    return Fraction{*value, 1};
  }
  const std::string_view above = text.substr(0, slash);
  const std::string_view below = text.substr(slash + 1);
  const auto numerator = Decimal::Parse(above);
  const auto denominator = Decimal::Parse(below);
  const bool plain = above.find_first_of(".eE") == std::string_view::npos && !below.empty() &&
                     std::all_of(below.begin(), below.end(), IsDigit);
  if (!numerator || !denominator || !plain) {
    return Fail(ErrorCode::kParse, "\"" + std::string(text.substr(0, 64)) +
                                       "\" is neither a number nor a fraction of whole numbers");
  }
  if (denominator->IsZero()) {
    return Fail(ErrorCode::kInvalidArgument,
                "the denominator of \"" + std::string(text.substr(0, 64)) + "\" is zero");
  }
  return Fraction{*numerator, *denominator};
}

std::string Fraction::ToText() const {
  return denominator == Decimal(1) ? numerator.ToText()
                                   : numerator.ToText() + "/" + denominator.ToText();
}

double Fraction::ToDouble() const {
  return Decimal::Divide(numerator, denominator, 60, Rounding::kHalfEven).ToDouble();
}

}  // namespace promtally::base
