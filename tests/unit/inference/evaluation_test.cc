// SPDX-License-Identifier: Apache-2.0
#include "inference/evaluation.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include "inference/evaluation_page.h"
#include "inference/naive_model.h"
#include "inference/svg_chart.h"
#include "reference_series.h"

namespace promtally::inference {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Says the sum of its two columns.
class SumModel final : public Model {
 public:
  [[nodiscard]] const std::string& type() const override { return type_; }
  [[nodiscard]] const std::vector<std::string>& features() const override { return features_; }
  [[nodiscard]] std::size_t columns() const override { return 2; }
  [[nodiscard]] base::Result<std::vector<Prediction>> Predict(
      const Rows& rows, const PredictOptions& /*options*/) const override {
    std::vector<Prediction> predictions(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      predictions[i].values = {rows.row(i)[0] + rows.row(i)[1]};
      predictions[i].lower = predictions[i].values[0] - 0.5;
      predictions[i].upper = predictions[i].values[0] + 0.5;
    }
    return predictions;
  }

 private:
  std::string type_ = "sum";
  std::vector<std::string> features_;
};

TEST(Evaluation, ForecastsTheWholeTestPartFromItsBegin) {
  const NaiveModel model(1, 4);
  const auto evaluation =
      Evaluate(model, {.values = {1, 2, 3, 3, 9, 3}, .test_steps = 3, .ahead = 2});
  ASSERT_TRUE(evaluation) << evaluation.error().message;
  ASSERT_EQ(evaluation->test.size(), 3U);
  EXPECT_DOUBLE_EQ(evaluation->test[2].mean, 3);
  EXPECT_DOUBLE_EQ(evaluation->errors[0].metrics.mae, 2);
  EXPECT_EQ(evaluation->errors[1].name, "naive");
  EXPECT_NEAR(*evaluation->coverage, 2.0 / 3, 1e-12);
  EXPECT_THAT(evaluation->residuals,
              testing::ElementsAre(testing::NanSensitiveDoubleEq(kNan), 1, 1, 0, 6, -6));
  ASSERT_EQ(evaluation->ahead.size(), 2U);
  EXPECT_DOUBLE_EQ(evaluation->ahead[0].mean, 3);
}

TEST(Evaluation, RollsAModelOfWindowsThroughTheSeries) {
  const auto evaluation =
      Evaluate(SumModel(), {.values = {1, 1, 2, 3, 5, 8, 13}, .test_steps = 2, .lead = 1});
  ASSERT_TRUE(evaluation) << evaluation.error().message;
  EXPECT_TRUE(evaluation->is_rolling);
  EXPECT_DOUBLE_EQ(evaluation->errors[0].metrics.mae, 0);
  EXPECT_DOUBLE_EQ(*evaluation->coverage, 1);
  EXPECT_FALSE(evaluation->coverage80);
  ASSERT_EQ(evaluation->ahead.size(), 1U);
  EXPECT_DOUBLE_EQ(evaluation->ahead[0].mean, 21);
}

TEST(Evaluation, RefusesSeriesThatAreTooShort) {
  EXPECT_FALSE(Evaluate(NaiveModel(1, 0), {.values = {1, 2}, .test_steps = 2}));
  EXPECT_FALSE(Evaluate(NaiveModel(1, 0), {.values = {1, 2}, .test_steps = 0}));
  const auto windows = Evaluate(SumModel(), {.values = {1, 2, 3}, .test_steps = 1});
  ASSERT_FALSE(windows);
  EXPECT_THAT(windows.error().message, testing::HasSubstr("needs more than 3 values, it has 3"));
}

TEST(Evaluation, KnowsTheAutocorrelationsOfAWave) {
  const std::vector<double> correlations = Autocorrelations({1, -1, 1, -1, kNan, -1, 1, -1}, 2);
  ASSERT_EQ(correlations.size(), 2U);
  EXPECT_LT(correlations[0], -0.6);
  EXPECT_GT(correlations[1], 0.3);
}

std::string PageOf(const std::string& name, const std::string& series_name,
                   const EvaluationInput& input) {
  ModelRecord record;
  record.name = name;
  record.version = 3;
  record.type = "naive";
  record.details = {{"order", Json::array({1, 0, 0})}, {"<b>", "\"&<script>"}};
  const NaiveModel model(1, 4);
  const auto evaluation = Evaluate(model, input);
  EXPECT_TRUE(evaluation);
  return EvaluationPage(record, series_name, input, *evaluation);
}

TEST(EvaluationPage, EscapesAllThatItIsGiven) {
  const std::string page = PageOf("cpu", "</svg><script>alert(1)</script>",
                                  {.values = {1, 2, 3, 4, 5}, .test_steps = 2});
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("<script")));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("<b>\"")));
  EXPECT_THAT(page, testing::HasSubstr("&lt;/svg&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(page, testing::HasSubstr("&quot;&amp;&lt;script&gt;"));
}

TEST(EvaluationPage, AsksForNothing) {
  const std::string page = PageOf("cpu", "usage", {.values = {1, 2, kNan, 4, 5}, .test_steps = 2});
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("http://")));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("https://")));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("url(")));
  EXPECT_THAT(page, testing::HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("nan")));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("inf\"")));
}

TEST(EvaluationPage, DrawsAConstantSeriesAndAnEmptyTestPart) {
  const std::string flat = PageOf("a", "b", {.values = {2, 2, 2, 2}, .test_steps = 1});
  EXPECT_THAT(flat, testing::HasSubstr("</svg>"));
  EXPECT_THAT(flat, testing::Not(testing::HasSubstr("nan")));
  const std::string far = PageOf("a", "b", {.values = {1e17, 1e17 + 16, 1e17}, .test_steps = 1});
  EXPECT_LT(far.size(), 100'000U);
  const std::string gap = PageOf("a", "b", {.values = {2, 2, 2, kNan}, .test_steps = 1});
  EXPECT_THAT(gap, testing::Not(testing::HasSubstr("nan")));
}

TEST(SvgChart, BreaksALineAtAGap) {
  SvgChart chart({"t", "x", "y", {0, 4}, {0, 4}});
  const std::vector<double> x{0, 1, 2, 3};
  chart.Line(x, std::vector<double>{1, kNan, 2, 3}, "c");
  const std::string svg = chart.Finish();
  const std::size_t path = svg.find("<path class=\"c\"");
  ASSERT_NE(path, std::string::npos);
  const std::string drawn = svg.substr(path);
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), 'M'), 2);
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), 'L'), 1);
}

}  // namespace
}  // namespace promtally::inference
