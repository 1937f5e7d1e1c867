// SPDX-License-Identifier: Apache-2.0
#include "inference/error_metrics.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inference/baseline.h"

namespace promtally::inference {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(ErrorMetrics, AgreesWithFiguresComputedByHand) {
  const std::vector<double> actual{1, 2, 4, -5};
  const std::vector<double> predicted{2, 2, 2, -4};
  const ErrorMetrics metrics = CompareForecast(actual, predicted);
  EXPECT_DOUBLE_EQ(metrics.mae, 1.0);
  EXPECT_DOUBLE_EQ(metrics.rmse, std::sqrt(6.0 / 4));
  EXPECT_DOUBLE_EQ(metrics.mape, 100 * (1 + 0 + 0.5 + 0.2) / 4);
  EXPECT_DOUBLE_EQ(metrics.smape, 100 * (2.0 / 3 + 0 + 4.0 / 6 + 2.0 / 9) / 4);
  EXPECT_DOUBLE_EQ(metrics.r2, 1 - 6.0 / 45);
  EXPECT_EQ(metrics.count, 4U);
}

TEST(ErrorMetrics, LeavesMissingPairsOutAndZerosOutOfThePercentage) {
  const std::vector<double> actual{0, 2, kNan, 4};
  const std::vector<double> predicted{1, 1, 7, kNan};
  const ErrorMetrics metrics = CompareForecast(actual, predicted);
  EXPECT_EQ(metrics.count, 2U);
  EXPECT_DOUBLE_EQ(metrics.mae, 1.0);
  EXPECT_DOUBLE_EQ(metrics.mape, 50.0);
}

TEST(ErrorMetrics, SaysNothingOfNothingAndNoShareOfAConstant) {
  EXPECT_TRUE(std::isnan(CompareForecast({}, {}).mae));
  const std::vector<double> constant{3, 3};
  const ErrorMetrics metrics = CompareForecast(constant, constant);
  EXPECT_DOUBLE_EQ(metrics.mae, 0);
  EXPECT_TRUE(std::isnan(metrics.r2));
}

TEST(Baseline, ForecastsFromTheEndOfTheTrainingPart) {
  const std::vector<double> train{1, 2, 3, 4, 5, kNan};
  const std::vector<double> test{9, 9, 9, 9};
  EXPECT_THAT(NaiveForecast(train, test, {}), testing::ElementsAre(5, 5, 5, 5));
  EXPECT_THAT(NaiveForecast(train, test, {.period = 3}), testing::ElementsAre(4, 5, 3, 4));
}

TEST(Baseline, RollsWithTheTestPart) {
  const std::vector<double> train{1, 2};
  const std::vector<double> test{3, 4, 5};
  EXPECT_THAT(NaiveForecast(train, test, {.origin = Origin::kRolling}),
              testing::ElementsAre(2, 3, 4));
  EXPECT_THAT(NaiveForecast(train, test, {.origin = Origin::kRolling, .horizon = 2}),
              testing::ElementsAre(1, 2, 3));
  EXPECT_THAT(NaiveForecast(train, test, {.period = 2, .origin = Origin::kRolling, .horizon = 3}),
              testing::ElementsAre(testing::NanSensitiveDoubleEq(kNan),
                                   testing::NanSensitiveDoubleEq(kNan), 1));
}

TEST(Baseline, TakesTheBetterOne) {
  const std::vector<double> train{1, 5, 1, 5};
  const std::vector<double> test{1, 5, 1, 5};
  EXPECT_EQ(BestBaseline(train, test, {.period = 2}).name, "seasonal_naive");
  EXPECT_DOUBLE_EQ(BestBaseline(train, test, {.period = 2}).metrics.mae, 0);
  EXPECT_EQ(BestBaseline(train, test, {.period = 1}).name, "naive");
  EXPECT_DOUBLE_EQ(BestBaseline(train, test, {.period = 1}).metrics.mae, 2);
}

}  // namespace
}  // namespace promtally::inference
