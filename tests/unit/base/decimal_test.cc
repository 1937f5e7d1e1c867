// SPDX-License-Identifier: Apache-2.0
#include "promtally/base/decimal.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace promtally::base {
namespace {

Decimal D(std::string_view text) {
  const auto value = Decimal::Parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value.value_or(Decimal());
}

TEST(Decimal, PrintsPlainWithoutExponentOrTrailingZeros) {
  EXPECT_EQ(D("240.000000").ToText(), "240");
  EXPECT_EQ(D("1.5e-07").ToText(), "0.00000015");
  EXPECT_EQ(D("1e+21").ToText(), "1000000000000000000000");
  EXPECT_EQ(D("-0").ToText(), "0");
  EXPECT_EQ(D("-0.50").ToText(), "-0.5");
  EXPECT_EQ(D("+7").ToText(), "7");
  EXPECT_EQ(D("100").ToText(), "100");
  EXPECT_EQ(D("0.000").ToText(), "0");
}

TEST(Decimal, KeepsEveryDigitOfTheLargestAndSmallestDouble) {
  EXPECT_EQ(D("1.7976931348623157e+308").ToText(), "17976931348623157" + std::string(292, '0'));
  EXPECT_EQ(D("5e-324").ToText(), "0." + std::string(323, '0') + "5");
}

TEST(Decimal, RefusesWhatIsNoFiniteNumber) {
  for (const char* text : {"", "-", "+", ".", "NaN", "Inf", "+Inf", "abc", "1e", "1e+", "1e5.0",
                           "0x10", "1_000", " 1", "1 ", "1..2", "1e99999", "--1", "1e+-5"}) {
    EXPECT_FALSE(Decimal::Parse(text).has_value()) << text;
  }
}

TEST(Decimal, AddsExactlyWhereDoublesDoNot) {
  EXPECT_EQ((D("0.1") + D("0.2")).ToText(), "0.3");
  EXPECT_EQ((D("9007199254740993") + D("0.0000000001")).ToText(), "9007199254740993.0000000001");
  Decimal sum;
  for (int i = 0; i < 1000; ++i) {
    sum += D("0.001");
  }
  EXPECT_EQ(sum, Decimal(1));
}

TEST(Decimal, GrowsBeyondItsFastPathAndComesBack) {
  const Decimal big = D("123456789012345678901234567890");
  const Decimal product = big * big * big;
  EXPECT_EQ(
      product.ToText(),
      "1881676372353657772546716040589641726257477229849409426207693797722198701224860897069000");
}

TEST(Decimal, ComparesByWorthNotByForm) {
  EXPECT_EQ(D("1.0"), D("1"));
  EXPECT_EQ(D("10e-1"), Decimal(1));
  EXPECT_LT(D("-2"), D("1e-5000"));
  EXPECT_LT(D("1e-5000"), D("1e5000"));
  EXPECT_GT(D("-1e-5000"), D("-1e5000"));
  EXPECT_LT(D("99.9"), D("100"));
}

TEST(Decimal, RoundsHalvesAsAsked) {
  EXPECT_EQ(D("2.5").Rounded(1, Rounding::kHalfEven).ToText(), "2");
  EXPECT_EQ(D("3.5").Rounded(1, Rounding::kHalfEven).ToText(), "4");
  EXPECT_EQ(D("2.5").Rounded(1, Rounding::kHalfUp).ToText(), "3");
  EXPECT_EQ(D("-2.5").Rounded(1, Rounding::kHalfUp).ToText(), "-3");
  EXPECT_EQ(D("999.9").Rounded(3, Rounding::kHalfUp).ToPythonText(), "1.00E+3");
}

TEST(Decimal, DividesToTheDigitsAsked) {
  EXPECT_EQ(Decimal::Divide(1, 3, 34, Rounding::kHalfEven).ToText(), "0." + std::string(34, '3'));
  EXPECT_EQ(Decimal::Divide(2, 3, 5, Rounding::kHalfEven).ToText(), "0.66667");
  EXPECT_EQ(Decimal::Divide(-1, 8, 34, Rounding::kHalfEven).ToText(), "-0.125");
  // 0.5 exactly stays a tie, 0.5000…1 does not.
  EXPECT_EQ(Decimal::Divide(25, 10, 1, Rounding::kHalfEven).ToText(), "2");
  EXPECT_EQ(Decimal::Divide(D("25000000000000000000000000000000000000000000000000000000000001"),
                            D("1e61"), 1, Rounding::kHalfEven)
                .ToText(),
            "3");
}

TEST(Decimal, TakesFloorAndCeilingOfNegativesTowardsTheRightSide) {
  EXPECT_EQ(D("-0.5").Floor().ToText(), "-1");
  EXPECT_EQ(D("-0.5").Ceil().ToText(), "0");
  EXPECT_EQ(D("-2.000").Floor().ToText(), "-2");
  EXPECT_EQ(D("7.000").Ceil().ToPythonText(), "7");
  EXPECT_EQ(D("12e3").Floor().ToPythonText(), "12000");
  EXPECT_EQ(D("2.5").Nearest().ToText(), "3");
  EXPECT_EQ(D("-2.5").Nearest().ToText(), "-3");
}

TEST(Decimal, PrintsLikePythonsDecimal) {
  EXPECT_EQ(D("240.000000").ToPythonText(), "240.000000");
  EXPECT_EQ(D("1e-7").ToPythonText(), "1E-7");
  EXPECT_EQ(D("0.00000858306885").ToPythonText(), "0.00000858306885");
  EXPECT_EQ(D("317101552e5").ToPythonText(), "3.17101552E+13");
  EXPECT_EQ(D("5e3").ToPythonText(), "5E+3");
  EXPECT_EQ(D("-0.50").ToPythonText(), "-0.50");
}

TEST(Decimal, TakesTheExactValueOfADouble) {
  EXPECT_EQ(Decimal::FromDouble(0.1).ToText(),
            "0.1000000000000000055511151231257827021181583404541015625");
  EXPECT_EQ(Decimal::FromDouble(-3.0).ToText(), "-3");
  EXPECT_EQ(Decimal::FromDouble(0x1p60).ToText(), "1152921504606846976");
}

TEST(Decimal, ReturnsEveryDoubleThatItWasMadeOf) {
  std::mt19937_64 random(20260601);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) {
      EXPECT_EQ(Decimal::FromDouble(value).ToDouble(), value) << bits;
    }
  }
}

TEST(Decimal, KnowsWhichValuesFitAnInteger) {
  EXPECT_EQ(D("9223372036854775807").ToInt64(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(D("9223372036854775808").ToInt64(), std::nullopt);
  EXPECT_EQ(D("1e3").ToInt64(), 1000);
  EXPECT_EQ(D("1.5").ToInt64(), std::nullopt);
  EXPECT_EQ(D("7.0").ToInt64(), 7);
  EXPECT_EQ(D("0e4000").ToInt64(), 0);
}

TEST(Decimal, ObeysArithmeticLawsOnRandomValues) {
  std::mt19937_64 random(7);
  const auto next = [&random] {
    const auto digits = std::to_string(static_cast<std::int64_t>(random()));
    return D(digits + "e" + std::to_string(static_cast<int>(random() % 60) - 30));
  };
  for (int i = 0; i < 5000; ++i) {
    const Decimal a = next();
    const Decimal b = next();
    const Decimal c = next();
    EXPECT_EQ(a + b, b + a);
    EXPECT_EQ((a + b) + c, a + (b + c));
    EXPECT_EQ(a * (b + c), a * b + a * c);
    EXPECT_EQ(a - a, Decimal());
    EXPECT_EQ(D(a.ToText()), a);
    EXPECT_EQ(D(a.ToPythonText()), a);
    EXPECT_EQ(a<b, b> a);
  }
}

TEST(Fraction, ReadsNumbersAndFractions) {
  EXPECT_EQ(Fraction::Parse("1/1048576")->ToText(), "1/1048576");
  EXPECT_EQ(Fraction::Parse("-7/2")->Sign(), -1);
  EXPECT_EQ(Fraction::Parse("1e-6")->ToText(), "0.000001");
  EXPECT_EQ(Fraction::Parse("1/3")->ToDouble(), 1.0 / 3);
  EXPECT_EQ(*Fraction::Parse("2/4"), *Fraction::Parse("0.5"));
}

TEST(Fraction, RefusesAZeroDenominatorAndNonsense) {
  EXPECT_EQ(Fraction::Parse("1/0").error().code, ErrorCode::kInvalidArgument);
  for (const char* text : {"", "/", "1/", "/2", "1/2/3", "1.5/2", "1/2.0", "1/-2", "x", "nan"}) {
    EXPECT_FALSE(Fraction::Parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace promtally::base
