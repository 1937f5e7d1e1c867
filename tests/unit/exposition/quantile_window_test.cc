// SPDX-License-Identifier: Apache-2.0
#include "exposition/quantile_window.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace promtally::exposition {
namespace {

using Targets = std::vector<QuantileTarget>;

const Targets kTargets{{0, 0.01}, {0.1, 0.02}, {0.5, 0.05}, {0.9, 0.01}, {0.99, 0.001}, {1, 0.001}};

/// Values in an order that a seed decides: random, rising, falling, in waves, with many equal ones.
std::vector<double> MakeValues(std::uint32_t seed, std::size_t count) {
  std::mt19937 random(seed);
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto step = static_cast<double>(i);
    switch (seed % 5) {
      case 0:
        values[i] = std::exponential_distribution<>(1)(random);
        break;
      case 1:
        values[i] = step;
        break;
      case 2:
        values[i] = -step;
        break;
      case 3:
        values[i] = std::sin(step / 50) * step;
        break;
      default:
        values[i] = static_cast<double>(random() % 7);
    }
  }
  return values;
}

/// How far the rank of `value` is from the one that is wanted, as a part of all values. Of equal
/// values the nearest rank counts.
double RankError(const std::vector<double>& sorted, double value, double quantile) {
  const auto range = std::equal_range(sorted.begin(), sorted.end(), value);
  const auto low = static_cast<double>(range.first - sorted.begin()) + 1;
  const auto high = static_cast<double>(range.second - sorted.begin());
  const double wanted = std::max(1.0, std::ceil(quantile * static_cast<double>(sorted.size())));
  const double off = wanted < low ? low - wanted : (wanted > high ? wanted - high : 0);
  return off / static_cast<double>(sorted.size());
}

TEST(QuantileStream, KeepsTheErrorOfEachRankInItsBound) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    for (const std::size_t count : {1U, 10U, 129U, 1000U, 20000U}) {
      QuantileStream stream;
      auto values = MakeValues(seed, count);
      for (const double value : values) {
        stream.Insert(kTargets, value);
      }
      std::sort(values.begin(), values.end());
      for (const auto& [quantile, error] : kTargets) {
        const double off = RankError(values, stream.Get(kTargets, quantile), quantile);
        EXPECT_LE(off, error) << "seed " << seed << " count " << count << " quantile " << quantile;
      }
    }
  }
}

TEST(QuantileStream, KeepsFewOfManyValues) {
  const Targets targets{{0.5, 0.05}, {0.9, 0.01}, {0.99, 0.001}};
  for (std::uint32_t seed = 0; seed < 5; ++seed) {
    QuantileStream stream;
    for (const double value : MakeValues(seed, 200000)) {
      stream.Insert(targets, value);
    }
    EXPECT_LT(stream.size(), 2500U) << "seed " << seed;
  }
}

TEST(QuantileStream, KnowsNothingBeforeTheFirstValue) {
  QuantileStream stream;
  EXPECT_TRUE(std::isnan(stream.Get(kTargets, 0.5)));
  stream.Insert(kTargets, 3);
  EXPECT_EQ(stream.Get(kTargets, 0.5), 3);
  stream.Clear();
  EXPECT_TRUE(std::isnan(stream.Get(kTargets, 0.5)));
}

TEST(QuantileWindow, ForgetsWhatIsOlderThanTheWindow) {
  const Targets targets{{0.5, 0.01}};
  const base::Instant start = base::FromUnixSeconds(1000);
  QuantileWindow window(base::Seconds(100), start);
  window.Insert(targets, 1, start);
  EXPECT_EQ(window.Get(targets, 0.5, start + base::Seconds(79)), 1);
  EXPECT_TRUE(std::isnan(window.Get(targets, 0.5, start + base::Seconds(100))));
  window.Insert(targets, 7, start + base::Seconds(100));
  EXPECT_EQ(window.Get(targets, 0.5, start + base::Seconds(101)), 7);
  EXPECT_TRUE(std::isnan(window.Get(targets, 0.5, start + base::Seconds(100000))));
}

TEST(QuantileWindow, SlidesOverAChangingStreamWithinItsBound) {
  const Targets targets{{0.5, 0.02}, {0.95, 0.01}};
  const base::Instant start = base::FromUnixSeconds(0);
  QuantileWindow window(base::Seconds(100), start);
  std::mt19937 random(7);
  std::vector<double> values;
  for (int second = 0; second < 1000; ++second) {
    const double value = std::normal_distribution<>(second, 5)(random);
    values.push_back(value);
    window.Insert(targets, value, start + base::Seconds(second));
    if (second < 120) {
      continue;
    }
    // The stream that is read began on a multiple of 20 s, 80 to 100 s ago.
    const int begin = (second / 20) * 20 - 80;
    std::vector<double> sorted(values.begin() + begin, values.end());
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [quantile, error] : targets) {
      const double got = window.Get(targets, quantile, start + base::Seconds(second));
      EXPECT_LE(RankError(sorted, got, quantile), error + 1.0 / 100) << second;
    }
  }
}

TEST(QuantileWindow, DoesNotMindAClockThatGoesBack) {
  const Targets targets{{0.5, 0.01}};
  QuantileWindow window(base::Seconds(100), base::FromUnixSeconds(1000));
  window.Insert(targets, 1, base::FromUnixSeconds(900));
  EXPECT_EQ(window.Get(targets, 0.5, base::FromUnixSeconds(800)), 1);
}

}  // namespace
}  // namespace promtally::exposition
