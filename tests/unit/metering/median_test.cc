// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/median.h"

#include <gtest/gtest.h>

namespace promtally::metering {
namespace {

TEST(Median, IsTheMiddleOneOfAnOddNumber) {
  EXPECT_EQ(Median({9, 1, 5}), 5);
  EXPECT_EQ(Median({7}), 7);
}

TEST(Median, IsTheMeanOfTheTwoMiddleOnesOfAnEvenNumber) {
  EXPECT_EQ(Median({4, 1}), 2.5);
  EXPECT_EQ(Median({100, 3, 4, 0}), 3.5);
}

TEST(Median, OfNothingIsNothing) { EXPECT_EQ(Median({}), std::nullopt); }

}  // namespace
}  // namespace promtally::metering
