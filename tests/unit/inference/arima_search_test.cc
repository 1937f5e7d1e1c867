// SPDX-License-Identifier: Apache-2.0
#include "inference/arima_search.h"

#include <cmath>

#include <gmock/gmock.h>

#include "inference/differencing.h"
#include "reference_series.h"

namespace promtally::inference {
namespace {

/// How much better our optimum may be than R's before the test looks twice: R stops early on these.
constexpr double kAicc = 0.01;

/// The series of auto.jsonl by the name of a case with the same one.
std::vector<double> SeriesNamed(const std::string& name) {
  for (const nlohmann::json& line : ReadLines("arima.jsonl")) {
    if (line.at("series") == name && line.at("missing").empty()) {
      return SeriesOf(line);
    }
  }
  ADD_FAILURE() << name;
  return {};
}

double AiccOf(const std::vector<ArimaCandidate>& candidates, const nlohmann::json& expected) {
  for (const ArimaCandidate& candidate : candidates) {
    const ArimaOrder& order = candidate.order;
    if (order.p == expected[0] && order.q == expected[1] && order.seasonal_p == expected[2] &&
        order.seasonal_q == expected[3] && order.mean == (expected[4] == 1)) {
      return candidate.aicc;
    }
  }
  return std::nan("");
}

TEST(ArimaSearch, AgreesWithAutoArima) {
  for (const nlohmann::json& line : ReadLines("auto.jsonl")) {
    SCOPED_TRACE(line.at("series").get<std::string>());
    const int period = line.at("period");
    const auto search = ParseArimaSearch(
        "auto", period > 1 ? "auto," + std::to_string(period) : std::string(), "auto");
    ASSERT_TRUE(search);
    const auto choice = ChooseArima(*search, SeriesNamed(line.at("series")));
    ASSERT_TRUE(choice) << choice.error().message;
    const nlohmann::json& chosen = line.at("chosen");
    EXPECT_EQ(OrderOf({{"order", chosen.at("order")},
                       {"seasonal", chosen.at("seasonal")},
                       {"mean", chosen.at("constant")}}),
              choice->fit.order);
    EXPECT_NEAR(choice->fit.aicc, chosen.at("aicc").get<double>(), kAicc);
    std::size_t compared = 0;
    for (const nlohmann::json& candidate : line.at("candidates_p_q_P_Q_constant_aicc")) {
      const double ours = AiccOf(choice->candidates, candidate);
      // With a drift (a constant of a differenced series) we have no candidates.
      if (!candidate[5].is_null() && !std::isnan(ours)) {
        EXPECT_LT(ours, candidate[5].get<double>() + kAicc) << candidate;
        ++compared;
      }
    }
    EXPECT_GE(compared, 21U);
  }
}

TEST(Differencing, AgreesWithRsTests) {
  for (const nlohmann::json& line : ReadLines("differencing.jsonl")) {
    SCOPED_TRACE(line.at("id").get<std::string>());
    const std::vector<double> series = SeriesOf(line);
    const std::size_t period = line.at("period");
    EXPECT_NEAR(KpssStatistic(series), line.at("kpss").get<double>(), 1e-7);
    EXPECT_NEAR(SeasonalStrength(series, period), line.at("strength").get<double>(), 1e-7);
    const int seasonal = SeasonalDifferences(series, period);
    EXPECT_EQ(seasonal, line.at("D").get<int>());
    std::vector<double> rest = series;
    if (seasonal == 1) {
      rest.clear();
      for (std::size_t t = period; t < series.size(); ++t) {
        rest.push_back(series[t] - series[t - period]);
      }
    }
    EXPECT_EQ(PlainDifferences(rest), line.at("d").get<int>());
  }
}

TEST(Differencing, SeesTheSeasonBesideGaps) {
  std::vector<double> series = SeriesOf("differencing.jsonl", "accidents");
  for (const std::size_t t : {5U, 20U, 21U, 40U, 71U}) {
    series[t] = std::nan("");
  }
  EXPECT_EQ(SeasonalDifferences(series, 12), 1);
  EXPECT_NEAR(SeasonalStrength(series, 12), 0.945, 0.02);
}

TEST(ArimaSearch, ReadsPartsThatAreGiven) {
  const auto mixed = ParseArimaSearch("auto,1,2", "0,auto,1,24", "none");
  ASSERT_TRUE(mixed);
  EXPECT_FALSE(mixed->p.has_value());
  EXPECT_EQ(mixed->d, 1);
  EXPECT_EQ(mixed->q, 2);
  EXPECT_EQ(mixed->seasonal_p, 0);
  EXPECT_FALSE(mixed->seasonal_d.has_value());
  EXPECT_EQ(mixed->period, 24);
  EXPECT_FALSE(mixed->allow_mean);
  EXPECT_FALSE(mixed->is_fixed());
  EXPECT_TRUE(ParseArimaSearch("2,0,1", "", "")->is_fixed());
}

TEST(ArimaSearch, SaysWhatIsWrongWithAnOrder) {
  const auto message = [](const char* order, const char* seasonal, const char* mean) {
    const auto search = ParseArimaSearch(order, seasonal, mean);
    EXPECT_FALSE(search);
    return search ? std::string() : search.error().message;
  };
  EXPECT_THAT(message("1,1", "", ""), testing::HasSubstr("has 2 parts; the form is p,d,q or auto"));
  EXPECT_THAT(message("1,x,1", "", ""), testing::HasSubstr("\"x\" is neither a whole number"));
  EXPECT_THAT(message("1,-1,1", "", ""), testing::HasSubstr("\"-1\""));
  EXPECT_THAT(message("", "", ""), testing::HasSubstr("--order"));
  EXPECT_THAT(message("1,1,1,", "", ""), testing::HasSubstr("\"\" is neither"));
  EXPECT_THAT(message("1,9,1", "", ""), testing::HasSubstr("d and D are from 0 to 2"));
  EXPECT_THAT(message("1,0,1", "1,1,1", ""), testing::HasSubstr("P,D,Q,s"));
  EXPECT_THAT(message("1,0,1", "auto,auto", ""), testing::HasSubstr("the period is a number"));
  EXPECT_THAT(message("1,0,1", "0,0,0,1", ""), testing::HasSubstr("2 or more"));
  EXPECT_THAT(message("1,0,1", "", "maybe"), testing::HasSubstr("--mean \"maybe\""));
}

TEST(ArimaSearch, KnowsTheSmallestRoot) {
  const ArimaOrder order{2, 0, 1, 1, 0, 0, 4, true};
  // 1 - 0.5 z - 0.24 z² has the roots 1.25 and -3.33; 1 + 0.4 z: 2.5; 1 - 0.5 z⁴: 1.19.
  EXPECT_NEAR(SmallestRoot(order, std::vector<double>{0.5, 0.24, 0.4, 0.5, 9}), std::pow(2.0, 0.25),
              1e-12);
  EXPECT_NEAR(SmallestRoot(order, std::vector<double>{0.5, 0.24, 0.4, 0, 9}), 1.25, 1e-12);
  EXPECT_TRUE(std::isinf(SmallestRoot({}, {})));
}

TEST(ArimaSearch, RefusesASeriesThatNoOrderFits) {
  const auto search = ParseArimaSearch("auto", "", "");
  ASSERT_TRUE(search);
  EXPECT_FALSE(ChooseArima(*search, std::vector<double>(40, 2.5)));
  EXPECT_FALSE(ChooseArima(*search, std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace promtally::inference
