// SPDX-License-Identifier: Apache-2.0
#include "promtally/base/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include <boost/multiprecision/cpp_int.hpp>

namespace promtally::base {

namespace {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;
using boost::multiprecision::cpp_int;

constexpr int kSmallDigits = 38;  // 10^38 - 1 fits into 127 bits

constexpr std::array<Int128, kSmallDigits + 1> MakePowers() {
  std::array<Int128, kSmallDigits + 1> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) {
    powers[i] = powers[i - 1] * 10;
  }
  return powers;
}
constexpr std::array<Int128, kSmallDigits + 1> kPowers = MakePowers();

Int128 SmallPower(int exponent) { return kPowers[static_cast<std::size_t>(exponent)]; }

cpp_int BigPower(int exponent) {
  if (exponent <= kSmallDigits) {
    return cpp_int(SmallPower(exponent));
  }
  return boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(exponent));
}

UInt128 Magnitude(Int128 value) {
  return value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

int CountDigits(UInt128 value) {
  int digits = 1;
  while (digits <= kSmallDigits && value >= static_cast<UInt128>(SmallPower(digits))) {
    ++digits;
  }
  return digits;
}

std::string DigitsOf(UInt128 value) {
  char buffer[40];
  char* end = buffer + sizeof buffer;
  char* begin = end;
  do {
    *--begin = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  return {begin, end};
}

bool FitsSmall(Int128 value) {
  return value < SmallPower(kSmallDigits) && value > -SmallPower(kSmallDigits);
}

/// Rounds a quotient by its remainder: -1, 0 or 1 is to be added to `quotient` (away from zero).
bool RoundsUp(int compared_with_half, bool quotient_is_odd, Rounding rounding) {
  if (compared_with_half != 0) {
    return compared_with_half > 0;
  }
  return rounding == Rounding::kHalfUp || quotient_is_odd;
}

/// numerator / denominator (both positive) as a whole number, rounded.
cpp_int DivideRounded(const cpp_int& numerator, const cpp_int& denominator, Rounding rounding,
                      bool* exact) {
  cpp_int quotient;
  cpp_int remainder;
  boost::multiprecision::divide_qr(numerator, denominator, quotient, remainder);
  *exact = remainder.is_zero();
  const cpp_int twice = remainder * 2;
  if (RoundsUp(twice.compare(denominator), boost::multiprecision::bit_test(quotient, 0),
               rounding)) {
    ++quotient;
  }
  return quotient;
}

int CountDigits(const cpp_int& magnitude) { return static_cast<int>(magnitude.str().size()); }

}  // namespace

struct Decimal::Big {
  cpp_int value;
};

/// Builds and reads decimals for the functions of this file.
struct DecimalAccess {
  static bool IsSmall(const Decimal& decimal) { return decimal.big_ == nullptr; }
  static Int128 Small(const Decimal& decimal) { return decimal.small_; }
  static cpp_int Coefficient(const Decimal& decimal) {
    return decimal.big_ ? decimal.big_->value : cpp_int(decimal.small_);
  }
  static int Exponent(const Decimal& decimal) { return decimal.exponent_; }

  static Decimal Make(Int128 coefficient, int exponent) {
    if (!FitsSmall(coefficient)) {
      return Make(cpp_int(coefficient), exponent);
    }
    Decimal result;
    result.small_ = coefficient;
    result.exponent_ = exponent;
    return result;
  }
  static Decimal Make(const cpp_int& coefficient, int exponent) {
    Decimal result;
    result.exponent_ = exponent;
    if (boost::multiprecision::abs(coefficient) < BigPower(kSmallDigits)) {
      result.small_ = coefficient.convert_to<Int128>();
    } else {
      result.big_ = std::make_shared<const Decimal::Big>(Decimal::Big{coefficient});
    }
    return result;
  }
  static std::string MagnitudeText(const Decimal& decimal) {
    return IsSmall(decimal) ? DigitsOf(Magnitude(decimal.small_))
                            : cpp_int(boost::multiprecision::abs(decimal.big_->value)).str();
  }
};

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

Decimal Decimal::FromDouble(double value) {
  if (value == 0 || !std::isfinite(value)) {
    return {};
  }
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  auto mantissa = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  exponent -= 53;
  while (mantissa % 2 == 0) {
    mantissa /= 2;
    ++exponent;
  }
  if (exponent >= 0) {
    return Access::Make(cpp_int(mantissa) << static_cast<unsigned>(exponent), 0);
  }
  // m / 2^k = m × 5^k / 10^k
  const cpp_int fives = boost::multiprecision::pow(cpp_int(5), static_cast<unsigned>(-exponent));
  return Access::Make(cpp_int(mantissa * fives), exponent);
}

Decimal Decimal::Divide(const Decimal& numerator, const Decimal& denominator, int digits,
                        Rounding rounding) {
  if (numerator.IsZero()) {
    return {};
  }
  const cpp_int n = boost::multiprecision::abs(Access::Coefficient(numerator));
  const cpp_int d = boost::multiprecision::abs(Access::Coefficient(denominator));
  // Enough digits that the quotient has at least `digits` + 1 of them, so that one more rounding is
  // exact.
  const int shift = std::max(0, digits + 2 - CountDigits(n) + CountDigits(d));
  const int exponent = numerator.exponent_ - denominator.exponent_ - shift;
  const bool negative = numerator.Sign() * denominator.Sign() < 0;
  cpp_int quotient;
  cpp_int remainder;
  boost::multiprecision::divide_qr(n * BigPower(shift), d, quotient, remainder);
  int scale = exponent;
  if (!remainder.is_zero()) {
    // A sticky digit: what is left of the remainder only decides on which side of a half the value
    // lies.
    quotient = quotient * 10 + 1;
    --scale;
  }
  const Decimal result = Access::Make(negative ? cpp_int(-quotient) : quotient, scale);
  return result.Rounded(digits, rounding);
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

std::optional<std::int64_t> Decimal::ToInt64() const {
  if (!IsInteger() || exponent_ + Digits() > 19) {
    return IsZero() ? std::optional<std::int64_t>(0) : std::nullopt;
  }
  const std::string text = ToText();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

int Decimal::Sign() const {
  if (big_) {
    return big_->value.sign();
  }
  return small_ == 0 ? 0 : (small_ < 0 ? -1 : 1);
}

bool Decimal::IsInteger() const {
  if (exponent_ >= 0 || IsZero()) {
    return true;
  }
  if (big_) {
    return (big_->value % BigPower(-exponent_)).is_zero();
  }
  return -exponent_ <= kSmallDigits && small_ % SmallPower(-exponent_) == 0;
}

int Decimal::Digits() const {
  if (big_) {
    return static_cast<int>(Access::MagnitudeText(*this).size());
  }
  return CountDigits(Magnitude(small_));
}

Decimal Decimal::Rounded(int digits, Rounding rounding) const {
  const int drop = Digits() - digits;
  if (drop <= 0) {
    return *this;
  }
  bool exact = false;
  cpp_int quotient = DivideRounded(boost::multiprecision::abs(Access::Coefficient(*this)),
                                   BigPower(drop), rounding, &exact);
  int exponent = exponent_ + drop;
  if (quotient == BigPower(digits)) {  // 999.9 became 1000: one digit too many
    quotient /= 10;
    ++exponent;
  }
  return Access::Make(Sign() < 0 ? cpp_int(-quotient) : quotient, exponent);
}

Decimal Decimal::Floor() const {
  if (exponent_ >= 0) {
    return Access::Make(Access::Coefficient(*this) * BigPower(exponent_), 0);
  }
  const cpp_int quotient = Access::Coefficient(*this) / BigPower(-exponent_);  // towards zero
  return Access::Make(Sign() < 0 && !IsInteger() ? cpp_int(quotient - 1) : quotient, 0);
}

Decimal Decimal::Ceil() const { return -(-*this).Floor(); }

Decimal Decimal::Nearest() const {
  const Decimal half = Access::Make(Int128{5}, -1);
  return Sign() < 0 ? -(Abs() + half).Floor() : (*this + half).Floor();
}

Decimal Decimal::operator-() const {
  if (big_) {
    return Access::Make(cpp_int(-big_->value), exponent_);
  }
  return Access::Make(-small_, exponent_);
}

Decimal operator+(const Decimal& a, const Decimal& b) {
  const int exponent = std::min(a.exponent_, b.exponent_);
  const int shift_a = a.exponent_ - exponent;
  const int shift_b = b.exponent_ - exponent;
  if (!a.big_ && !b.big_ && shift_a <= kSmallDigits && shift_b <= kSmallDigits) {
    Int128 left = 0;
    Int128 right = 0;
    Int128 sum = 0;
    if (!__builtin_mul_overflow(a.small_, SmallPower(shift_a), &left) &&
        !__builtin_mul_overflow(b.small_, SmallPower(shift_b), &right) &&
        !__builtin_add_overflow(left, right, &sum)) {
      return Access::Make(sum, exponent);
    }
  }
  const cpp_int sum =
      Access::Coefficient(a) * BigPower(shift_a) + Access::Coefficient(b) * BigPower(shift_b);
  return Access::Make(sum, exponent);
}

Decimal operator*(const Decimal& a, const Decimal& b) {
  const int exponent = a.exponent_ + b.exponent_;
  Int128 product = 0;
  if (!a.big_ && !b.big_ && !__builtin_mul_overflow(a.small_, b.small_, &product)) {
    return Access::Make(product, exponent);
  }
  return Access::Make(Access::Coefficient(a) * Access::Coefficient(b), exponent);
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  if (a.Sign() != b.Sign()) {
    return a.Sign() <=> b.Sign();
  }
  if (a.exponent_ == b.exponent_ && !a.big_ && !b.big_) {
    return a.small_ == b.small_
               ? std::strong_ordering::equal
               : (a.small_ < b.small_ ? std::strong_ordering::less : std::strong_ordering::greater);
  }
  // The place of the first digit decides before anything is multiplied up: exponents may lie far
  // apart.
  const int place_a = a.exponent_ + a.Digits();
  const int place_b = b.exponent_ + b.Digits();
  if (place_a != place_b && !a.IsZero()) {
    return a.Sign() > 0 ? place_a <=> place_b : place_b <=> place_a;
  }
  return (a - b).Sign() <=> 0;
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
