// SPDX-License-Identifier: Apache-2.0
#include "inference/anomaly.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>

namespace promtally::inference {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(AnomalyScore, CountsStandardDeviationsFromTheMean) {
  EXPECT_DOUBLE_EQ(*ZScore(std::vector<double>{1, 2, 3, 4, 5}, 6), 3 / std::sqrt(2.5));
  EXPECT_DOUBLE_EQ(*ZScore(std::vector<double>{1, kNan, 3}, 2), 0);
}

TEST(AnomalyScore, IsNotMovedByAnOutlierInTheWindow) {
  const std::vector<double> window{10, 11, 9, 10, 12, 8, 1000};
  EXPECT_LT(*ZScore(window, 100), 0.5);
  EXPECT_NEAR(*MadScore(window, 100), 90 / 1.4826022185056018, 1e-9);
}

TEST(AnomalyScore, TakesTheMeanDeviationWhereMostValuesAreEqual) {
  EXPECT_NEAR(*MadScore(std::vector<double>{5, 5, 5, 5, 7}, 9), 4 / (1.2533141373155001 * 0.4),
              1e-9);
}

TEST(AnomalyScore, SaysNothingWithoutAScale) {
  const std::vector<double> flat{2, 2, 2};
  EXPECT_FALSE(ZScore(flat, 3));
  EXPECT_FALSE(MadScore(flat, 3));
  EXPECT_DOUBLE_EQ(*ZScore(flat, 2), 0);
  EXPECT_DOUBLE_EQ(*MadScore(flat, 2), 0);
  EXPECT_FALSE(ZScore(std::vector<double>{1}, 2));
  EXPECT_FALSE(ZScore(std::vector<double>{1, 2}, kNan));
  EXPECT_FALSE(MadScore(std::vector<double>{kNan, 1}, 2));
}

TEST(AnomalyModel, ScoresTheNewestValueOfEachRow) {
  const auto model = MakeAnomalyModel(AnomalyKind::kZScore);
  const auto predictions = model->Predict({4, {}, {1, 2, 3, 4, 2, 2, 2, 9}}, {});
  ASSERT_TRUE(predictions);
  ASSERT_EQ(predictions->size(), 2U);
  EXPECT_DOUBLE_EQ((*predictions)[0].values.at(0), 2);
  EXPECT_TRUE((*predictions)[1].values.empty());
  EXPECT_THAT((*predictions)[1].reason, testing::HasSubstr("all equal"));
  EXPECT_EQ(MakeAnomalyModel(AnomalyKind::kMad)->type(), "mad");
}

}  // namespace
}  // namespace promtally::inference
