// SPDX-License-Identifier: Apache-2.0
#include "inference/arma_filter.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "inference/arima_forecast.h"
#include "inference/arima_likelihood.h"
#include "inference/diffuse_filter.h"
#include "reference_series.h"

namespace promtally::inference {
namespace {

struct Recorded {
  std::vector<double> innovations;
  std::vector<double> variances;

  void Transient(double innovation, double variance, double inverse) {
    EXPECT_DOUBLE_EQ(variance * inverse, 1);
    innovations.push_back(innovation);
    variances.push_back(variance);
  }
  void Steady(double innovation) {
    innovations.push_back(innovation);
    variances.push_back(1);
  }
};

std::vector<double> Noise(unsigned seed, std::size_t size) {
  std::mt19937_64 source(seed);
  std::normal_distribution<double> normal;
  std::vector<double> series(size);
  for (double& value : series) {
    value = normal(source);
  }
  return series;
}

ArimaOrder RandomOrder() {
  const int period = *rc::gen::element(1, 4, 12);
  ArimaOrder order;
  order.p = *rc::gen::inRange(0, 4);
  order.q = *rc::gen::inRange(0, 4);
  order.d = *rc::gen::inRange(0, 3);
  order.period = period;
  if (period > 1) {
    order.seasonal_p = *rc::gen::inRange(0, 3);
    order.seasonal_q = *rc::gen::inRange(0, 3);
    order.seasonal_d = *rc::gen::inRange(0, 2);
  }
  order.mean = order.differences() == 0 && *rc::gen::arbitrary<bool>();
  return order;
}

std::vector<double> RandomCoefficients(const ArimaOrder& order) {
  std::vector<double> values(order.arma_coefficients());
  for (double& value : values) {
    value = *rc::gen::inRange(-150, 150) / 100.0;
  }
  FreeToCoefficients<double>(order, values);
  return values;
}

RC_GTEST_PROP(ArmaFilter, HasTheInnovationsOfTheKalmanFilter, ()) {
  ArimaOrder order = RandomOrder();
  order.d = order.seasonal_d = 0;
  order.mean = false;
  const ArmaTerms<double> terms = ExpandedTerms<double>(order, RandomCoefficients(order));
  const std::vector<double> series = Noise(*rc::gen::arbitrary<unsigned>(), 80);
  auto fast = ArmaFilter<double>::Make(terms);
  auto kalman = DiffuseFilter::Make(order, terms);
  RC_ASSERT(fast.has_value());
  RC_ASSERT(kalman.has_value());
  Recorded recorded;
  fast->Run(series, 0, recorded);
  for (std::size_t t = 0; t < series.size(); ++t) {
    const DiffuseFilter::Step step = kalman->Filter(series[t]);
    RC_ASSERT(std::fabs(recorded.innovations[t] - step.innovation) < 1e-7);
    RC_ASSERT(std::fabs(recorded.variances[t] / step.variance - 1) < 1e-8);
  }
}

RC_GTEST_PROP(ArmaFilter, ForecastsAsTheKalmanFilterInLevels, ()) {
  const ArimaOrder order = RandomOrder();
  std::vector<double> coefficients = RandomCoefficients(order);
  const ArmaTerms<double> terms = ExpandedTerms<double>(order, coefficients);
  const double mean = order.mean ? 5.0 : 0.0;
  if (order.mean) {
    coefficients.push_back(mean);
  }
  const std::vector<double> series = Noise(*rc::gen::arbitrary<unsigned>(), 70);
  const auto forecast = Forecast(order, coefficients, 1, series, 15);
  RC_ASSERT(forecast.has_value());
  auto kalman = DiffuseFilter::Make(order, terms);
  RC_ASSERT(kalman.has_value());
  for (const double value : series) {
    static_cast<void>(kalman->Filter(value - mean));
  }
  RC_ASSERT(kalman->has_levels());
  for (const ForecastStep& step : forecast->steps) {
    const double prediction = kalman->Prediction() + mean;
    const double error = std::sqrt(kalman->Filter(std::nan("")).variance);
    RC_ASSERT(std::fabs(step.mean - prediction) < 1e-6 * (1 + std::fabs(prediction)));
    RC_ASSERT(std::fabs(step.error / error - 1) < 1e-6);
  }
}

RC_GTEST_PROP(ArimaLikelihood, IsTheSameInLevelsAndDifferenced, ()) {
  const ArimaOrder order = RandomOrder();
  const std::vector<double> coefficients = RandomCoefficients(order);
  const std::vector<double> series = Noise(*rc::gen::arbitrary<unsigned>(), 90);
  std::vector<double> with_gap = series;
  with_gap.push_back(std::nan(""));  // says nothing, but takes the way of series with gaps
  const auto complete = ArimaLikelihood::Make(order, series);
  const auto gaps = ArimaLikelihood::Make(order, with_gap);
  RC_ASSERT(complete.has_value() && gaps.has_value());
  const auto fast = complete->Evaluate(coefficients, std::nullopt);
  const auto slow = gaps->Evaluate(coefficients, std::nullopt);
  RC_ASSERT(fast.has_value() && slow.has_value());
  RC_ASSERT(std::fabs(complete->ToLogLikelihood(*fast) - gaps->ToLogLikelihood(*slow)) < 1e-4);
  RC_ASSERT(std::fabs(fast->mean - slow->mean) < 1e-6);
}

RC_GTEST_PROP(ArimaLikelihood, HasTheGradientOfItsValue, ()) {
  ArimaOrder order = RandomOrder();
  order.p += order.arma_coefficients() == 0 ? 1 : 0;
  const auto likelihood = ArimaLikelihood::Make(order, Noise(*rc::gen::arbitrary<unsigned>(), 90));
  RC_ASSERT(likelihood.has_value());
  std::vector<double> at(order.arma_coefficients());
  for (double& value : at) {
    value = *rc::gen::inRange(-120, 120) / 100.0;
  }
  std::vector<double> gradient(at.size());
  std::vector<double> ignored(at.size());
  static_cast<void>(likelihood->FromFree(at, gradient));
  for (std::size_t i = 0; i < at.size(); ++i) {
    constexpr double kStep = 1e-5;
    const double centre = at[i];
    at[i] = centre + kStep;
    const double above = likelihood->FromFree(at, ignored);
    at[i] = centre - kStep;
    const double below = likelihood->FromFree(at, ignored);
    at[i] = centre;
    RC_ASSERT(std::fabs((above - below) / (2 * kStep) - gradient[i]) < 1e-5);
  }
}

TEST(ArmaFilter, KnowsTheVarianceOfAnAutoregressionNearTheUnitRoot) {
  const double root = 1 - 1e-9;
  const ArmaTerms<double> terms{{root}, {}};
  const std::vector<double> column = StateCovarianceColumn(terms);
  ASSERT_EQ(column.size(), 1U);
  EXPECT_NEAR(column[0] * (1 - root) * (1 + root), 1, 1e-12);
}

TEST(ArmaFilter, RefusesWhatIsNotStationary) {
  EXPECT_FALSE(ArmaFilter<double>::Make({{1.0}, {}}));
  EXPECT_FALSE(ArmaFilter<double>::Make({{0.5, 0.6}, {}}));
  EXPECT_TRUE(ArmaFilter<double>::Make({{0.5, 0.4}, {2.0}}));  // invertible is not asked for
}

TEST(DiffuseFilter, WaitsForLevelsThatGapsHide) {
  const ArimaOrder order{0, 0, 0, 0, 1, 0, 4, false};
  auto filter = DiffuseFilter::Make(order, {});
  ASSERT_TRUE(filter);
  for (const double value : {1.0, 2.0, std::nan(""), 4.0, 1.0, 2.0}) {
    static_cast<void>(filter->Filter(value));
  }
  EXPECT_FALSE(filter->has_levels());
  EXPECT_TRUE(filter->Filter(3).diffuse);
  EXPECT_TRUE(filter->has_levels());
  EXPECT_FALSE(filter->Filter(4).diffuse);
}

}  // namespace
}  // namespace promtally::inference
