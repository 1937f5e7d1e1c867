// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <gtest/gtest.h>

namespace promtally::cli {
namespace {

TEST(ProgressText, HasCountsAloneWhileARateWouldSayLittle) {
  EXPECT_EQ(ProgressText({0, 10, 0, std::chrono::milliseconds(3000)}),
            "0/10 periods, 0 records, 3.0 s");
  EXPECT_EQ(ProgressText({9, 10, 90, std::chrono::milliseconds(900)}),
            "9/10 periods, 90 records, 0.9 s");
}

TEST(ProgressText, HasTheRateAndTheTimeThatIsLeft) {
  EXPECT_EQ(ProgressText({120, 2160, 600, std::chrono::seconds(2)}),
            "120/2160 periods, 600 records, 2.0 s, 60.0 periods/s, 34s left");
  EXPECT_EQ(ProgressText({100, 21600, 5, std::chrono::seconds(50)}),
            "100/21600 periods, 5 records, 50.0 s, 2.0 periods/s, 2h59m10s left");
}

TEST(ProgressText, HasNoTimeLeftAtTheEnd) {
  EXPECT_EQ(ProgressText({10, 10, 0, std::chrono::seconds(2)}),
            "10/10 periods, 0 records, 2.0 s, 5.0 periods/s");
}

}  // namespace
}  // namespace promtally::cli
