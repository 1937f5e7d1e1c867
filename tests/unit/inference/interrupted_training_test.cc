// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <stop_token>
#include <vector>

#include <gtest/gtest.h>

#include "inference/trainer.h"
#include "inference/xgboost_training.h"

namespace promtally::inference {
namespace {

std::vector<double> Wave(std::size_t size) {
  std::vector<double> values(size);
  for (std::size_t i = 0; i < size; ++i) {
    values[i] = 10 + 3 * std::sin(static_cast<double>(i) / 3) + static_cast<double>((i * 7) % 5);
  }
  return values;
}

std::stop_token Stopped() {
  std::stop_source source;
  source.request_stop();
  return source.get_token();
}

TEST(InterruptedTraining, OfTreesGivesNoModel) {
  XgboostTraining training;
  training.names = {"value"};
  training.series = {Wave(200)};
  training.n_estimators = 100'000;
  training.stop = Stopped();
  const auto trained = TrainXgboost(training);
  ASSERT_FALSE(trained);
  EXPECT_EQ(trained.error().code, base::ErrorCode::kCancelled);
}

TEST(InterruptedTraining, OfArimaGivesNoModelForGivenAndForSearchedOrders) {
  for (const char* const order : {"2,1,2", "auto"}) {
    SeriesTraining training;
    training.values = Wave(200);
    training.order = order;
    training.stop = Stopped();
    const auto trained = FindSeriesTrainer("arima")->train(training);
    ASSERT_FALSE(trained) << order;
    EXPECT_EQ(trained.error().code, base::ErrorCode::kCancelled) << trained.error().message;
  }
}

}  // namespace
}  // namespace promtally::inference
