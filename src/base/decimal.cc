// SPDX-License-Identifier: Apache-2.0
#include "promtally/base/decimal.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/decimal_access.h"

namespace promtally::base {

namespace {

using Access = DecimalAccess;

/// Of a number of so many bits: bits × log10(2), never above the number of digits.
int AtLeastDigits(std::size_t bits) {
  return static_cast<int>(static_cast<double>(bits) * 0.30102999566398);
}

int CountDigits(UInt128 value) {
  const auto high = static_cast<std::uint64_t>(value >> 64U);
  const auto low = static_cast<std::uint64_t>(value);
  const std::size_t bits = high != 0 ? 64 + std::bit_width(high) : std::bit_width(low);
  int digits = std::max(1, AtLeastDigits(bits));
  while (digits <= kSmallDigits && value >= static_cast<UInt128>(SmallPower(digits))) {
    ++digits;
  }
  return digits;
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

int CountDigits(const cpp_int& magnitude) {
  if (magnitude.is_zero()) {
    return 1;
  }
  int digits = std::max(1, AtLeastDigits(boost::multiprecision::msb(magnitude) + 1));
  while (magnitude >= BigPower(digits)) {
    ++digits;
  }
  return digits;
}

}  // namespace

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

Decimal Decimal::FromScaled(Int128 coefficient, int exponent) {
  return Access::Make(coefficient, exponent);
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
    return CountDigits(cpp_int(boost::multiprecision::abs(big_->value)));
  }
  return CountDigits(Magnitude(small_));
}

Decimal Decimal::RoundedSmall(int digits, int drop, Rounding rounding) const {
  const auto power = static_cast<UInt128>(SmallPower(drop));
  const UInt128 magnitude = Magnitude(small_);
  UInt128 quotient = magnitude / power;
  const UInt128 remainder = magnitude % power;
  const UInt128 half = power / 2;  // drop is at least 1: a power of ten is even
  const int compared = remainder == half ? 0 : (remainder > half ? 1 : -1);
  if (RoundsUp(compared, quotient % 2 != 0, rounding)) {
    ++quotient;
  }
  int exponent = exponent_ + drop;
  if (quotient == static_cast<UInt128>(SmallPower(digits))) {  // 999.9 became 1000
    quotient /= 10;
    ++exponent;
  }
  const auto value = static_cast<Int128>(quotient);
  return Access::Make(small_ < 0 ? -value : value, exponent);
}

Decimal Decimal::Rounded(int digits, Rounding rounding) const {
  const int drop = Digits() - digits;
  if (drop <= 0) {
    return *this;
  }
  if (!big_ && drop < kSmallDigits) {
    return RoundedSmall(digits, drop, rounding);
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
  if (!big_ && -exponent_ <= kSmallDigits) {
    const Int128 power = SmallPower(-exponent_);
    const Int128 towards_zero = small_ / power;
    return Access::Make(towards_zero - (small_ < 0 && small_ % power != 0 ? 1 : 0), 0);
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

}  // namespace promtally::base
