// SPDX-License-Identifier: Apache-2.0
#include "inference/holt_winters.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include "reference_series.h"

namespace promtally::inference {
namespace {

TEST(HoltWinters, AgreesWithRWhereRFindsTheSmallestError) {
  for (const nlohmann::json& line : ReadLines("baselines.jsonl")) {
    if (line.at("type") != "holt_winters") {
      continue;
    }
    SCOPED_TRACE(line.at("id").get<std::string>());
    const auto kind =
        line.at("kind") == "additive" ? SeasonalKind::kAdditive : SeasonalKind::kMultiplicative;
    const std::vector<double> series = SeriesOf(line);
    const auto model = FitHoltWinters(line.at("period"), kind, series);
    ASSERT_TRUE(model) << model.error().message;
    const auto smooth = Smooth(*model, series);
    ASSERT_TRUE(smooth);
    const double sse = line.at("sse");
    EXPECT_LT(smooth->squared_error, sse * (1 + 1e-6));
    if (smooth->squared_error > sse * (1 - 1e-4)) {
      const nlohmann::json& parameters = line.at("parameters");
      EXPECT_NEAR(model->alpha, parameters.at("alpha").get<double>(), 0.01);
      EXPECT_NEAR(model->beta, parameters.at("beta").get<double>(), 0.01);
      EXPECT_NEAR(model->gamma, parameters.at("gamma").get<double>(), 0.01);
      for (std::size_t h = 1; h <= 12; ++h) {
        const double expected = line.at("forecast")[h - 1];
        EXPECT_NEAR(smooth->Forecast(*model, h), expected, 2e-3 * std::fabs(expected)) << h;
      }
    }
  }
}

TEST(HoltWinters, SmoothsAsRDoesAtGivenParameters) {
  for (const nlohmann::json& line : ReadLines("baselines.jsonl")) {
    if (line.at("type") != "holt_winters") {
      continue;
    }
    SCOPED_TRACE(line.at("id").get<std::string>());
    const nlohmann::json& parameters = line.at("parameters");
    const HoltWinters model{
        line.at("period"),
        line.at("kind") == "additive" ? SeasonalKind::kAdditive : SeasonalKind::kMultiplicative,
        parameters.at("alpha"), parameters.at("beta"), parameters.at("gamma")};
    const auto smooth = Smooth(model, SeriesOf(line));
    ASSERT_TRUE(smooth);
    EXPECT_NEAR(smooth->squared_error / line.at("sse").get<double>(), 1, 1e-5);
    for (std::size_t h = 1; h <= 12; ++h) {
      const double expected = line.at("forecast")[h - 1];
      EXPECT_NEAR(smooth->Forecast(model, h), expected, 1e-4 * std::fabs(expected)) << h;
    }
  }
}

TEST(HoltWinters, FollowsAStraightLineWithoutASeason) {
  const std::vector<double> series{1, 3, 5, 7, 9, 11};
  const auto model = FitHoltWinters(1, SeasonalKind::kAdditive, series);
  ASSERT_TRUE(model);
  const auto smooth = Smooth(*model, series);
  ASSERT_TRUE(smooth);
  EXPECT_NEAR(smooth->Forecast(*model, 2), 15, 1e-9);
  EXPECT_NEAR(smooth->squared_error, 0, 1e-18);
}

TEST(HoltWinters, RefusesWhatItCannotSmooth) {
  const auto message = [](std::size_t period, SeasonalKind kind, std::vector<double> series) {
    const auto model = FitHoltWinters(period, kind, series);
    EXPECT_FALSE(model);
    return model ? std::string() : model.error().message;
  };
  std::vector<double> series(24, 1.0);
  EXPECT_THAT(message(12, SeasonalKind::kAdditive, std::vector<double>(23, 1.0)),
              testing::HasSubstr("at least 24 values, the series has 23"));
  series[20] = 0;
  EXPECT_THAT(message(12, SeasonalKind::kMultiplicative, series), testing::HasSubstr("no zeros"));
  series[20] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(message(12, SeasonalKind::kAdditive, series), testing::HasSubstr("no missing"));
}

}  // namespace
}  // namespace promtally::inference
