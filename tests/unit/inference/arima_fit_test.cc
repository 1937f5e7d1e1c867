// SPDX-License-Identifier: Apache-2.0
#include "inference/arima_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <gmock/gmock.h>

#include "inference/arima_forecast.h"
#include "reference_series.h"

namespace promtally::inference {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// R's diffuse prior is 1e6, ours is exact: likelihoods of differenced models differ by this much.
constexpr double kLikelihood = 0.005;

double Tolerance(double value, double error) {
  return std::max(1e-4 * std::fabs(value), 0.01 * error);
}

void ExpectCoefficients(const ArimaFit& fit, const nlohmann::json& line) {
  const std::vector<std::string> names = CoefficientNames(fit.order);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double value = line.at("coefficients").at(names[i]);
    const double error = line.at("stderr").at(names[i]);
    EXPECT_NEAR(fit.coefficients[i], value, Tolerance(value, error)) << names[i];
    EXPECT_NEAR(fit.standard_errors[i], error, 0.1 * error) << names[i];
  }
  const double sigma2 = line.at("sigma2");
  EXPECT_NEAR(fit.sigma2, sigma2, 0.002 * sigma2);
}

void ExpectForecast(const ArimaFit& fit, const nlohmann::json& line) {
  const auto forecast = Forecast(fit.order, fit.coefficients, fit.sigma2, SeriesOf(line), 12);
  ASSERT_TRUE(forecast) << forecast.error().message;
  const nlohmann::json& expected = line.at("forecast");
  for (std::size_t h = 0; h < 12; ++h) {
    const ForecastStep& step = forecast->steps[h];
    const double mean = expected.at("mean")[h];
    const double error = expected.at("se")[h];
    EXPECT_NEAR(step.mean, mean, Tolerance(mean, error)) << h;
    EXPECT_NEAR(step.error, error, 0.002 * error) << h;
    EXPECT_NEAR(step.Limit(-kNormal80), expected.at("lower80")[h].get<double>(), 0.02 * error);
    EXPECT_NEAR(step.Limit(kNormal95), expected.at("upper95")[h].get<double>(), 0.02 * error);
  }
}

void ExpectAgreement(const nlohmann::json& line, double best) {
  const ArimaOrder order = OrderOf(line);
  const auto fit = FitArima(order, SeriesOf(line), StandardErrors::kCompute);
  ASSERT_TRUE(fit) << fit.error().message;
  EXPECT_EQ(fit->used, line.at("n_used").get<std::size_t>());
  EXPECT_GT(fit->log_likelihood, best - kLikelihood);
  EXPECT_LT(fit->log_likelihood, best + kLikelihood);
  EXPECT_NEAR(fit->aic,
              -2 * fit->log_likelihood + 2.0 * static_cast<double>(order.coefficients() + 1), 1e-9);
  // A better optimum has other coefficients.
  if (fit->log_likelihood < line.at("loglik").get<double>() + kLikelihood) {
    EXPECT_NEAR(fit->aicc, line.at("aicc").get<double>(), 0.02);
    ExpectCoefficients(*fit, line);
    ExpectForecast(*fit, line);
  }
}

TEST(ArimaFit, AgreesWithRAndStatsmodels) {
  for (const nlohmann::json& line : ReadLines("arima.jsonl")) {
    SCOPED_TRACE(line.at("id").get<std::string>());
    ExpectAgreement(line, line.at("loglik_best"));
    const auto fit = FitArima(OrderOf(line), SeriesOf(line), StandardErrors::kSkip);
    ASSERT_TRUE(fit);
    EXPECT_NEAR(fit->log_likelihood, line.at("loglik_best").get<double>(), 1e-5);
  }
}

TEST(ArimaFit, AgreesWithROnGapsAndSeasons) {
  for (const nlohmann::json& line : ReadLines("arima_more.jsonl")) {
    // Of these two R's own likelihood is wrong or not the largest; they have tests below.
    if (line.at("id") != "lh" && line.at("id") != "nile212") {
      SCOPED_TRACE(line.at("id").get<std::string>());
      ExpectAgreement(line, line.at("loglik"));
    }
  }
}

TEST(ArimaFit, HoldsNearTheUnitRootWhereRDoesNot) {
  const auto fit = FitArima({1, 0, 0, 0, 0, 0, 1, false}, SeriesOf("arima_more.jsonl", "lh"),
                            StandardErrors::kSkip);
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->log_likelihood, -36.544, 0.001);
  EXPECT_NEAR(fit->coefficients[0], 0.98077, 1e-4);
}

TEST(ArimaFit, FindsTheBetterOptimumOfNearlyCancellingRoots) {
  const auto fit = FitArima({2, 1, 2, 0, 0, 0, 1, false}, SeriesOf("arima_more.jsonl", "nile212"),
                            StandardErrors::kSkip);
  ASSERT_TRUE(fit);
  EXPECT_GT(fit->log_likelihood, -630.1547);
}

TEST(ArimaFit, NamesCoefficientsAsRDoes) {
  EXPECT_THAT(CoefficientNames({2, 0, 1, 1, 0, 1, 12, true}),
              testing::ElementsAre("ar1", "ar2", "ma1", "sar1", "sma1", "intercept"));
  EXPECT_EQ(ToText(ArimaOrder{2, 1, 1, 0, 1, 1, 12, false}), "(2,1,1)(0,1,1)12");
  EXPECT_EQ(ToText(ArimaOrder{1, 0, 0, 0, 0, 0, 1, true}), "(1,0,0)");
}

std::string MessageOf(const ArimaOrder& order, std::span<const double> series) {
  const auto fit = FitArima(order, series, StandardErrors::kSkip);
  EXPECT_FALSE(fit);
  return fit ? "" : fit.error().message;
}

TEST(ArimaFit, RefusesSeriesThatItCannotFit) {
  const std::vector<double> constant(50, 3.0);
  std::vector<double> line(50);
  for (std::size_t i = 0; i < line.size(); ++i) {
    line[i] = static_cast<double>(i);
  }
  const ArimaOrder plain{1, 0, 0, 0, 0, 0, 1, true};
  const ArimaOrder differenced{1, 1, 0, 0, 0, 0, 1, false};
  EXPECT_THAT(MessageOf(plain, constant), testing::HasSubstr("the series is constant"));
  EXPECT_THAT(MessageOf(differenced, line), testing::HasSubstr("differenced series is constant"));
  EXPECT_THAT(MessageOf(plain, std::span(line).first(4)),
              testing::HasSubstr("needs at least 5 values, the series has 4"));
  EXPECT_THAT(MessageOf(plain, std::vector<double>(20, kNan)),
              testing::HasSubstr("needs at least 5 values, the series has 0"));
  line[7] = std::numeric_limits<double>::infinity();
  EXPECT_THAT(MessageOf(plain, line), testing::HasSubstr("infinite"));
}

TEST(ArimaFit, RefusesOrdersThatDoNotExist) {
  const std::vector<double> series = SeriesOf("arima.jsonl", "nile-011");
  EXPECT_THAT(MessageOf({1, 3, 0, 0, 0, 0, 1, false}, series), testing::HasSubstr("0 to 2"));
  EXPECT_THAT(MessageOf({-1, 0, 0, 0, 0, 0, 1, false}, series), testing::HasSubstr("0 to 24"));
  EXPECT_THAT(MessageOf({0, 0, 0, 1, 0, 0, 1, false}, series), testing::HasSubstr("period"));
  EXPECT_THAT(MessageOf({0, 1, 0, 0, 0, 0, 1, true}, series), testing::HasSubstr("no mean"));
}

TEST(ArimaFit, NeedsNoCoefficientsAtAll) {
  const auto walk = FitArima({0, 1, 0, 0, 0, 0, 1, false}, SeriesOf("arima.jsonl", "nile-011"),
                             StandardErrors::kCompute);
  ASSERT_TRUE(walk);
  EXPECT_TRUE(walk->coefficients.empty());
  EXPECT_EQ(walk->used, 99U);
}

}  // namespace
}  // namespace promtally::inference
