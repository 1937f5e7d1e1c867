// SPDX-License-Identifier: Apache-2.0
#include "collector/model_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collector/model_training.h"

namespace promtally::collector {
namespace {

using source::RangeSeries;
using testing::HasSubstr;

constexpr base::Seconds kStep{60};

base::Instant At(std::int64_t step) { return base::Instant(kStep * step); }

/// Samples at whole steps; a value of NaN is left out.
RangeSeries Series(base::LabelSet labels, std::int64_t first, const std::vector<double>& values) {
  RangeSeries series;
  series.labels = std::move(labels);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == values[i]) {
      series.samples.emplace_back(At(first + static_cast<std::int64_t>(i)), values[i]);
    }
  }
  return series;
}

constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

WindowOptions Options(std::size_t steps) {
  WindowOptions options;
  options.steps = steps;
  options.step = kStep;
  options.end = At(13);
  return options;
}

TEST(Windows, EndWithTheNewestSampleOfEachSeries) {
  const auto windows = MakeWindows({"q"},
                                   {{Series({{"__name__", "up"}, {"a", "1"}}, 10, {0, 1, 2, 3}),
                                     Series({{"a", "2"}}, 11, {4, 5, 6})}},
                                   Options(3));
  ASSERT_TRUE(windows) << windows.error().message;
  ASSERT_EQ(windows->size(), 2U);
  EXPECT_EQ((*windows)[0].labels, (base::LabelSet{{"a", "1"}}));
  EXPECT_EQ((*windows)[0].inputs, (std::vector<std::vector<double>>{{1, 2, 3}}));
  EXPECT_EQ((*windows)[1].inputs, (std::vector<std::vector<double>>{{4, 5, 6}}));
}

TEST(Windows, AreNotMadeOverAGap) {
  for (const auto& values : std::vector<std::vector<double>>{
           {2, 3}, {0, kGap, 2, 3}, {0, 1, kGap, 3}, {kGap, 1, 2, kGap}}) {
    const auto windows = MakeWindows(
        {"q"}, {{Series({}, 14 - static_cast<std::int64_t>(values.size()), values)}}, Options(3));
    ASSERT_FALSE(windows) << values.size();
    EXPECT_EQ(windows.error().code, base::ErrorCode::kInvalidArgument);
    EXPECT_THAT(windows.error().message, HasSubstr("of 3 samples"));
  }
}

TEST(Windows, HoldTheValueBeforeAGapWhereTheyMay) {
  WindowOptions options = Options(3);
  options.fill_gaps = true;
  const auto held = MakeWindows({"q"}, {{Series({}, 11, {1, kGap, 3})}}, options);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->front().inputs.front(), (std::vector<double>{1, 1, 3}));
  const auto older = MakeWindows({"q"}, {{Series({}, 9, {7, kGap, kGap, kGap, 3})}}, options);
  ASSERT_TRUE(older);
  EXPECT_EQ(older->front().inputs.front(), (std::vector<double>{7, 7, 3}));
  EXPECT_FALSE(MakeWindows({"q"}, {{Series({}, 12, {2, 3})}}, options));
  options.history = {{8, 9}};
  const auto known = MakeWindows({"q"}, {{Series({}, 12, {2, 3})}}, options);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->front().inputs.front(), (std::vector<double>{9, 2, 3}));
}

TEST(Windows, FollowTheStepThatTheServerTook) {
  RangeSeries series;
  series.step = base::Seconds(120);
  for (std::int64_t i = 0; i < 3; ++i) {
    series.samples.emplace_back(At(8 + 2 * i), static_cast<double>(i));
  }
  const auto windows = MakeWindows({"q"}, {{series}}, Options(3));
  ASSERT_TRUE(windows);
  EXPECT_EQ(windows->front().inputs.front(), (std::vector<double>{0, 1, 2}));
}

TEST(Windows, JoinTheSeriesOfSeveralQueriesByTheirLabels) {
  const std::vector<RangeSeries> two{Series({{"a", "1"}}, 12, {1, 2}),
                                     Series({{"a", "2"}}, 12, {3, 4})};
  const std::vector<RangeSeries> turned{Series({{"a", "2"}}, 12, {7, 8}),
                                        Series({{"a", "1"}}, 12, {5, 6})};
  const std::vector<RangeSeries> one{Series({{"b", "x"}}, 12, {0, 9})};
  const auto joined = MakeWindows({"p", "q", "r"}, {one, two, turned}, Options(2));
  ASSERT_TRUE(joined) << joined.error().message;
  ASSERT_EQ(joined->size(), 2U);
  EXPECT_EQ((*joined)[0].labels, (base::LabelSet{{"a", "1"}}));
  EXPECT_EQ((*joined)[0].inputs, (std::vector<std::vector<double>>{{0, 9}, {1, 2}, {5, 6}}));
  EXPECT_EQ((*joined)[1].inputs, (std::vector<std::vector<double>>{{0, 9}, {3, 4}, {7, 8}}));
}

TEST(Windows, KeepTheLabelsThatAllQueriesShare) {
  const auto joined = MakeWindows({"p", "q"},
                                  {{Series({{"a", "1"}, {"b", "x"}}, 12, {1, 2})},
                                   {Series({{"a", "1"}, {"b", "y"}}, 12, {3, 4})}},
                                  Options(2));
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->front().labels, (base::LabelSet{{"a", "1"}}));
}

TEST(Windows, AreRefusedWhereASeriesWouldBeDropped) {
  const std::vector<RangeSeries> two{Series({{"a", "1"}}, 12, {1, 2}),
                                     Series({{"a", "2"}}, 12, {3, 4})};
  const std::vector<RangeSeries> others{Series({{"a", "1"}}, 12, {1, 2}),
                                        Series({{"a", "3"}}, 12, {3, 4})};
  const std::vector<RangeSeries> three{two[0], two[1], Series({{"a", "3"}}, 12, {5, 6})};
  EXPECT_FALSE(MakeWindows({"p", "q"}, {two, others}, Options(2)));
  EXPECT_FALSE(MakeWindows({"p", "q"}, {two, three}, Options(2)));
  const auto nothing = MakeWindows({"p", "q"}, {two, {}}, Options(2));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, base::ErrorCode::kNotFound);
}

TEST(WindowQuery, AsksForOneStepMoreThanTheWindowHas) {
  const source::RangeQuery query = WindowQuery("up", At(13) + base::Seconds(59), kStep, 3, 2);
  EXPECT_EQ(query.end, At(13));
  EXPECT_EQ(query.begin, At(8));
}

TEST(TrainingSeries, StandOnOneGridWithGaps) {
  const auto data = JoinSeries(
      {"p", "q"},
      {{Series({{"a", "1"}}, 10, {0, 1, kGap, 3})}, {Series({{"b", "2"}}, 11, {5, 6, 7, 8})}},
      kStep);
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->times, (std::vector<std::int64_t>{660, 720, 780, 840}));
  EXPECT_EQ(data->series[0][0], 1);
  EXPECT_TRUE(std::isnan(data->series[0][1]));
  EXPECT_EQ(data->series[0][2], 3);
  EXPECT_TRUE(std::isnan(data->series[0][3]));
  EXPECT_EQ(data->series[1], (std::vector<double>{5, 6, 7, 8}));
  EXPECT_FALSE(
      JoinSeries({"p"}, {{Series({{"a", "1"}}, 1, {1}), Series({{"a", "2"}}, 1, {1})}}, kStep));
  EXPECT_FALSE(JoinSeries({"p"}, {{}}, kStep));
}

TEST(TrainBody, HasEveryFieldAndNoNull) {
  TrainingRequest request;
  request.model_name = "m";
  request.type = TrainedType::kArima;
  request.queries = {"a", "b"};
  request.parameters = {{"p", 2}};
  const std::string body = TrainBody(request);
  EXPECT_THAT(body, HasSubstr(R"("model_type":"ARIMA")"));
  EXPECT_THAT(body, HasSubstr(R"("arima_model_parameters":{"p":2,"d":1,"q":0})"));
  EXPECT_THAT(body, HasSubstr(R"("num_variables":2)"));
  EXPECT_THAT(body, HasSubstr(R"("max_models_count":5,"max_mlruns_count":10,"shap_samples":100)"));
  EXPECT_EQ(body.find("null"), std::string::npos);
}

}  // namespace
}  // namespace promtally::collector
