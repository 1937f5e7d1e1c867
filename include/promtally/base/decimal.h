// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "promtally/base/result.h"

namespace promtally::base {

enum class Rounding { kHalfEven, kHalfUp };

/// An exact decimal number: coefficient × 10^exponent. Quantities, factors and totals are Decimals
/// and are never added as doubles, so that sums are conserved.
///
/// Sums, differences and products are exact. Up to 127 bits a coefficient lives inside the object;
/// larger ones are on the heap, shared and immutable. Values are compared by what they are worth
/// (1.0 == 1); the exponent is kept as arithmetic leaves it (Python's rules), because `rounding:
/// cloudkitty` prints it. Immutable but for assignment; any thread may read.
class Decimal {
 public:
  /// Parse refuses texts whose value would need more digits or a larger exponent than this.
  static constexpr int kMaxExponent = 5000;

  __extension__ typedef __int128 Int128;

  Decimal() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a whole number is a Decimal
  Decimal(std::int64_t value) : small_(value) {}

  /// `[+-]digits[.digits][(e|E)[+-]digits]`; NaN and infinities are kParse.
  [[nodiscard]] static Result<Decimal> Parse(std::string_view text);
  /// The exact value of a finite double (0.1 has 55 digits).
  [[nodiscard]] static Decimal FromDouble(double value);
  /// coefficient × 10^exponent; for those who add many numbers of one scale as integers.
  [[nodiscard]] static Decimal FromScaled(Int128 coefficient, int exponent);
  /// numerator / denominator rounded to `digits` significant digits; denominator must not be 0.
  [[nodiscard]] static Decimal Divide(const Decimal& numerator, const Decimal& denominator,
                                      int digits, Rounding rounding);

  /// Plain: no exponent, no trailing zeros behind the point, `-0` as `0`.
  [[nodiscard]] std::string ToText() const;
  /// As Python's str(Decimal): trailing zeros and exponent as arithmetic left them.
  [[nodiscard]] std::string ToPythonText() const;
  [[nodiscard]] double ToDouble() const;
  /// The value if it is a whole number that fits.
  [[nodiscard]] std::optional<std::int64_t> ToInt64() const;

  [[nodiscard]] int Sign() const;
  [[nodiscard]] bool IsZero() const { return Sign() == 0; }
  [[nodiscard]] bool IsInteger() const;
  /// Significant digits of the coefficient as it stands (0 has one).
  [[nodiscard]] int Digits() const;

  [[nodiscard]] Decimal Rounded(int digits, Rounding rounding) const;
  [[nodiscard]] Decimal Floor() const;
  [[nodiscard]] Decimal Ceil() const;
  [[nodiscard]] Decimal Abs() const { return Sign() < 0 ? -*this : *this; }
  /// The nearest whole number, halves away from zero.
  [[nodiscard]] Decimal Nearest() const;

  [[nodiscard]] Decimal operator-() const;
  friend Decimal operator+(const Decimal& a, const Decimal& b);
  friend Decimal operator-(const Decimal& a, const Decimal& b) { return a + -b; }
  friend Decimal operator*(const Decimal& a, const Decimal& b);
  Decimal& operator+=(const Decimal& other) { return *this = *this + other; }
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
  friend bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }

 private:
  [[nodiscard]] Decimal RoundedSmall(int digits, int drop, Rounding rounding) const;

  struct Big;  // a cpp_int; only decimal.cc knows it
  friend struct DecimalAccess;

  Int128 small_ = 0;
  std::shared_ptr<const Big> big_;  // set: the coefficient is here and small_ is unused
  std::int32_t exponent_ = 0;
};

/// An exact fraction, as `factor: 1/1048576` means it. The denominator is never 0.
struct Fraction {
  Decimal numerator = 1;
  Decimal denominator = 1;

  /// `1`, `0.5`, `1e-6`, `3600/1000000`, `-7/2`: what Python's Fraction() takes, blanks around the
  /// slash excepted.
  [[nodiscard]] static Result<Fraction> Parse(std::string_view text);
  /// `3600/1000000`, or `0.5` when the denominator is 1.
  [[nodiscard]] std::string ToText() const;
  /// Nearest double of the fraction (what CloudKitty computes with).
  [[nodiscard]] double ToDouble() const;
  [[nodiscard]] int Sign() const { return numerator.Sign() * denominator.Sign(); }
  friend bool operator==(const Fraction& a, const Fraction& b) {
    return a.numerator * b.denominator == b.numerator * a.denominator;
  }
};

}  // namespace promtally::base
