// SPDX-License-Identifier: Apache-2.0
#include "inference/series_model.h"

#include <cmath>
#include <limits>
#include <memory>

#include <gmock/gmock.h>

#include "inference/open_model.h"
#include "inference/trainer.h"
#include "reference_series.h"

namespace promtally::inference {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TrainedModel Trained(const char* type, const SeriesTraining& training) {
  const SeriesTrainer* const trainer = FindSeriesTrainer(type);
  EXPECT_NE(trainer, nullptr) << type;
  auto trained = trainer->train(training);
  EXPECT_TRUE(trained) << trained.error().message;
  return trained ? *std::move(trained) : TrainedModel{};
}

base::Result<std::unique_ptr<Model>> Opened(const std::string& type, const std::string& payload) {
  ModelRecord record;
  record.type = type;
  record.payload = payload;
  return OpenModel(record);
}

SeriesTraining Air(std::size_t test_steps) {
  SeriesTraining training;
  training.values = SeriesOf("arima.jsonl", "airpassengers-airline");
  training.test_steps = test_steps;
  training.order = "0,1,1";
  training.seasonal = "0,1,1,12";
  training.period = 12;
  return training;
}

TEST(SeriesModel, ReportsTheErrorBesideTheBestBaseline) {
  const TrainedModel trained = Trained("arima", Air(24));
  ASSERT_TRUE(trained.metrics && trained.baseline);
  EXPECT_EQ(trained.metrics->count, 24U);
  EXPECT_EQ(trained.baseline->name, "seasonal_naive");
  EXPECT_LT(trained.metrics->mae, trained.baseline->metrics.mae);
  EXPECT_EQ(trained.details.at("n_used"), 120 - 13);
  EXPECT_EQ(trained.details.at("forecast").size(), 12U);
}

TEST(SeriesModel, HasNoMetricsWithoutATestPart) {
  const TrainedModel trained = Trained("arima", Air(0));
  EXPECT_FALSE(trained.metrics);
  EXPECT_FALSE(trained.baseline);
  EXPECT_EQ(trained.details.at("seasonal").dump(), "[0,1,1,12]");
  EXPECT_NEAR(trained.details.at("coefficients").at("sma1").get<double>(), -0.5569, 1e-3);
  EXPECT_NEAR(trained.details.at("forecast")[0].at("mean").get<double>(), 6.1102, 1e-3);
}

TEST(SeriesModel, PredictsAStoredModelAsTheTrainedOne) {
  for (const char* type : {"arima", "naive", "seasonal_naive", "holt_winters"}) {
    SCOPED_TRACE(type);
    const SeriesTraining training = Air(0);
    const TrainedModel trained = Trained(type, training);
    EXPECT_EQ(trained.type, type);
    const auto model = Opened(type, trained.payload);
    ASSERT_TRUE(model) << model.error().message;
    PredictOptions options;
    options.horizon = 12;
    const auto predictions =
        (*model)->Predict({training.values.size(), {}, training.values}, options);
    ASSERT_TRUE(predictions);
    const Prediction& prediction = predictions->at(0);
    ASSERT_EQ(prediction.values.size(), 12U);
    for (std::size_t h = 0; h < 12; ++h) {
      EXPECT_DOUBLE_EQ(prediction.values[h],
                       trained.details.at("forecast")[h].at("mean").get<double>());
    }
    const auto& first = trained.details.at("forecast")[0];
    EXPECT_DOUBLE_EQ(*prediction.lower, first.at("lower95").get<double>());
    EXPECT_DOUBLE_EQ(*prediction.upper, first.at("upper95").get<double>());
  }
}

TEST(SeriesModel, SaysWhyARowHasNoForecastAndPredictsTheOthers) {
  const auto arima = Opened("arima", Trained("arima", Air(0)).payload);
  ASSERT_TRUE(arima);
  std::vector<double> rows(60, kNan);
  for (std::size_t i = 0; i < 30; ++i) {
    rows[i] = std::sin(static_cast<double>(i));
  }
  rows[4] = kNan;
  const auto predictions = (*arima)->Predict({30, {}, rows}, {});
  ASSERT_TRUE(predictions);
  EXPECT_EQ((*predictions)[0].values.size(), 1U);
  EXPECT_TRUE((*predictions)[1].values.empty());
  EXPECT_THAT((*predictions)[1].reason, testing::HasSubstr("at least 14 values, there are 0"));
}

TEST(SeriesModel, NaiveStepsOverMissingValues) {
  const auto naive = Opened("naive", R"({"period":1,"sigma2":4})");
  const auto seasonal = Opened("seasonal_naive", R"({"period":3,"sigma2":0})");
  ASSERT_TRUE(naive && seasonal);
  PredictOptions options;
  options.horizon = 4;
  const Rows rows{5, {}, {1, 2, 3, 4, kNan}};
  EXPECT_THAT((*naive)->Predict(rows, options)->at(0).values, testing::ElementsAre(4, 4, 4, 4));
  EXPECT_THAT((*seasonal)->Predict(rows, options)->at(0).values, testing::ElementsAre(3, 4, 2, 3));
  EXPECT_NEAR(*(*naive)->Predict(rows, options)->at(0).upper, 4 + 2 * 1.96, 0.001);
}

TEST(SeriesModel, RefusesPayloadsThatItDidNotWrite) {
  const auto message = [](const char* type, const char* payload) {
    const auto model = Opened(type, payload);
    EXPECT_FALSE(model) << payload;
    return model ? std::string() : model.error().message;
  };
  EXPECT_THAT(message("arima", "[]"), testing::HasSubstr("no JSON object"));
  EXPECT_THAT(message("arima", R"({"order":[1,0,0],"seasonal":[0,0,0,1],"mean":false,)"
                               R"("coefficients":[1.5],"sigma2":1})"),
              testing::HasSubstr("not stationary"));
  EXPECT_THAT(message("arima", R"({"order":[1,0,0],"seasonal":[0,0,0,1],"mean":false,)"
                               R"("coefficients":[],"sigma2":1})"),
              testing::HasSubstr("/coefficients: an array of 1"));
  EXPECT_THAT(message("arima", R"({"order":[9999,0,0],"seasonal":[0,0,0,1],"mean":false,)"
                               R"("coefficients":[],"sigma2":1})"),
              testing::HasSubstr("from 0 to 24"));
  EXPECT_THAT(message("arima", R"({"order":[0,0,0],"seasonal":[0,0,0,1],"mean":false,)"
                               R"("coefficients":[],"sigma2":1,"more":1})"),
              testing::HasSubstr("/more"));
  EXPECT_THAT(message("naive", R"({"period":2,"sigma2":0})"), testing::HasSubstr("/period"));
  EXPECT_THAT(message("seasonal_naive", R"({"period":4})"), testing::HasSubstr("/sigma2"));
  EXPECT_THAT(message("holt_winters", R"({"period":4,"seasonal_kind":"additive","alpha":2,)"
                                      R"("beta":0,"gamma":0,"error":1})"),
              testing::HasSubstr("/alpha: a number from 0 to 1"));
}

TEST(SeriesModel, SaysWhatIsWrongWithTheTraining) {
  const auto message = [](const char* type, const SeriesTraining& training) {
    const auto trained = FindSeriesTrainer(type)->train(training);
    EXPECT_FALSE(trained);
    return trained ? std::string() : trained.error().message;
  };
  SeriesTraining training = Air(0);
  training.order = "1,1";
  EXPECT_THAT(message("arima", training), testing::HasSubstr("--order"));
  training.seasonal_kind = "some";
  EXPECT_THAT(message("holt_winters", training), testing::HasSubstr("--seasonal-kind"));
  training.period = 1;
  EXPECT_THAT(message("seasonal_naive", training), testing::HasSubstr("--period"));
  training = Air(0);
  training.values.resize(20);
  EXPECT_THAT(message("holt_winters", training), testing::HasSubstr("at least 24"));
  EXPECT_EQ(FindSeriesTrainer("prophet"), nullptr);
}

}  // namespace
}  // namespace promtally::inference
