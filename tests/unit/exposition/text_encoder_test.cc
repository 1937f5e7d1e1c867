// SPDX-License-Identifier: Apache-2.0
#include "exposition/text_encoder.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "rapidcheck.h"

namespace promtally::exposition {
namespace {

TEST(TextEncoder, EscapesBackslashQuoteAndNewlineInLabelValues) {
  EXPECT_EQ(LabelText({{"method", "ge\"t\\x\n"}}), R"({method="ge\"t\\x\n"})");
}

TEST(TextEncoder, EscapesBackslashAndNewlineButNoQuoteInHelp) {
  std::string page;
  AppendFamily(page, "x_total", FamilyType::kCounter, "HTTP \"req\" with \\ back\nslash");
  EXPECT_EQ(page,
            "# HELP x_total HTTP \"req\" with \\\\ back\\nslash\n"
            "# TYPE x_total counter\n");
}

TEST(TextEncoder, WritesAnEmptyHelpLine) {
  std::string page;
  AppendFamily(page, "x", FamilyType::kUntyped, "");
  EXPECT_EQ(page, "# HELP x \n# TYPE x untyped\n");
}

TEST(TextEncoder, ReplacesAZeroByteThatWouldEndThePage) {
  EXPECT_EQ(LabelText({{"a", std::string("x\0y", 3)}}), "{a=\"x\uFFFDy\"}");
  std::string page;
  AppendFamily(page, "x", FamilyType::kGauge, std::string_view("a\0b", 3));
  EXPECT_EQ(page, "# HELP x a\uFFFDb\n# TYPE x gauge\n");
}

TEST(TextEncoder, WritesNoBracesWithoutLabels) {
  std::string page;
  AppendSample(page, "x", LabelText({}), 1);
  EXPECT_EQ(page, "x 1\n");
}

TEST(TextEncoder, KeepsTheOrderOfLabels) {
  std::string page;
  AppendSample(page, "x", LabelText({{"a", "1"}, {"b", ""}}), 2.5);
  EXPECT_EQ(page, "x{a=\"1\",b=\"\"} 2.5\n");
}

TEST(TextEncoder, WritesSpecialNumbersInPrometheusSpelling) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(NumberText(std::nan("")), "NaN");
  EXPECT_EQ(NumberText(-std::nan("")), "NaN");
  EXPECT_EQ(NumberText(kInfinity), "+Inf");
  EXPECT_EQ(NumberText(-kInfinity), "-Inf");
}

TEST(TextEncoder, WritesAllDigitsThatADoubleNeeds) {
  EXPECT_EQ(NumberText(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(NumberText(123456789012345678.0), "123456789012345680");
}

TEST(TextEncoder, WritesWholeNumbersAsShortAsOthers) {
  EXPECT_EQ(NumberText(0), "0");
  EXPECT_EQ(NumberText(-0.0), "-0");
  EXPECT_EQ(NumberText(-99999), "-99999");
  EXPECT_EQ(NumberText(90000), "90000");
  EXPECT_EQ(NumberText(100000), "1e+05");
  EXPECT_EQ(NumberText(100001), "100001");
  EXPECT_EQ(NumberText(99999.5), "99999.5");
}

TEST(TextEncoder, WritesNumbersThatReadBackAsTheSameDouble) {
  rc::check("read back", [](double value) {
    const std::string text = NumberText(value);
    double read = 0;
    std::from_chars(text.data(), text.data() + text.size(), read);
    RC_ASSERT(read == value);
  });
}

TEST(TextEncoder, KeepsEveryLabelValueInsideItsQuotesAndItsLine) {
  rc::check("label value", [](const std::string& value) {
    const std::string text = LabelText({{"a", value}});
    RC_ASSERT(text.starts_with("{a=\""));
    RC_ASSERT(text.ends_with("\"}"));
    const std::string inside = text.substr(4, text.size() - 6);
    for (std::size_t i = 0; i < inside.size(); ++i) {
      RC_ASSERT(inside[i] != '"' && inside[i] != '\n');
      if (inside[i] == '\\') {
        ++i;  // the escaped character belongs to the backslash
        RC_ASSERT(i < inside.size());
      }
    }
  });
}

}  // namespace
}  // namespace promtally::exposition
