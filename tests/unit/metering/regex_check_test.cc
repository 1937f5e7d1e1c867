// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/regex_check.h"

#include <string>

#include <gtest/gtest.h>

namespace promtally::metering {
namespace {

TEST(RegexCheck, RefusesWhatRe2Refuses) {
  EXPECT_NE(CheckRegex("(").error, "");
  EXPECT_NE(CheckRegex("(?=x)").error, "");
  EXPECT_NE(CheckRegex("x{2000}").error, "");
  EXPECT_NE(CheckRegex("\xFF.").error, "");
  EXPECT_EQ(CheckRegex("a|b.*").error, "");
}

TEST(RegexCheck, TakesPlainTextOfAnyBytes) {
  EXPECT_EQ(CheckRegex("\xFF").error, "");
  EXPECT_FALSE(CheckRegex("\xFF").matches_empty);
}

TEST(RegexCheck, KnowsWhatMatchesTheEmptyText) {
  EXPECT_TRUE(CheckRegex("").matches_empty);
  EXPECT_TRUE(CheckRegex(".*").matches_empty);
  EXPECT_TRUE(CheckRegex("a|").matches_empty);
  EXPECT_FALSE(CheckRegex(".+").matches_empty);
  EXPECT_FALSE(CheckRegex("a").matches_empty);
}

TEST(RegexCheck, TakesAnAlternationOfThousandsOfScopes) {
  std::string alternation = "scope-0000";
  for (int i = 1; i < 5000; ++i) {
    alternation += "|scope-" + std::to_string(10000 + i) + "\\.x";
  }
  EXPECT_EQ(CheckRegex(alternation).error, "");
}

}  // namespace
}  // namespace promtally::metering
