// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/multiprecision/cpp_int.hpp>

#include "promtally/base/decimal.h"

/// What a Decimal is made of, for the sources that implement it: a coefficient of 128 bits up to 38
/// digits, a cpp_int above.
namespace promtally::base {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;
using boost::multiprecision::cpp_int;

inline constexpr int kSmallDigits = 38;  // 10^38 - 1 fits into 127 bits

constexpr std::array<Int128, kSmallDigits + 1> MakePowers() {
  std::array<Int128, kSmallDigits + 1> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) {
    powers[i] = powers[i - 1] * 10;
  }
  return powers;
}
inline constexpr std::array<Int128, kSmallDigits + 1> kPowers = MakePowers();

inline Int128 SmallPower(int exponent) { return kPowers[static_cast<std::size_t>(exponent)]; }

/// 10^exponent; powers that arithmetic of quantities meets are computed once.
inline cpp_int BigPower(int exponent) {
  static const auto kKnown = [] {
    std::array<cpp_int, 128> powers;
    powers[0] = 1;
    for (std::size_t i = 1; i < powers.size(); ++i) {
      powers[i] = powers[i - 1] * 10;
    }
    return powers;
  }();
  const auto index = static_cast<std::size_t>(exponent);
  return index < kKnown.size()
             ? kKnown[index]
             : boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(exponent));
}

inline UInt128 Magnitude(Int128 value) {
  return value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

inline std::string DigitsOf(UInt128 value) {
  constexpr std::uint64_t kChunk = 1'000'000'000'000'000'000;  // a 128-bit division costs ten of 64
  char buffer[40];
  char* const end = buffer + sizeof buffer;
  char* begin = end;
  while (value >= kChunk) {
    auto low = static_cast<std::uint64_t>(value % kChunk);
    value /= kChunk;
    for (int i = 0; i < 18; ++i, low /= 10) {
      *--begin = static_cast<char>('0' + low % 10);
    }
  }
  auto high = static_cast<std::uint64_t>(value);
  do {
    *--begin = static_cast<char>('0' + high % 10);
    high /= 10;
  } while (high != 0);
  return {begin, end};
}

inline bool FitsSmall(Int128 value) {
  return value < SmallPower(kSmallDigits) && value > -SmallPower(kSmallDigits);
}

struct Decimal::Big {
  cpp_int value;
};

/// Builds and reads decimals for the sources of this room; others see the public interface.
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
    // Below 2^126 there is nothing to compare: 2^126 < 10^38.
    if (coefficient.is_zero() ||
        boost::multiprecision::msb(boost::multiprecision::abs(coefficient)) < 126 ||
        boost::multiprecision::abs(coefficient) < BigPower(kSmallDigits)) {
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

}  // namespace promtally::base
