// SPDX-License-Identifier: Apache-2.0
#include "inference/stl.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace promtally::inference {
namespace {

constexpr int kInnerRounds = 2;

struct Smoother {
  std::size_t window;
  int degree;
  std::size_t jump;
};

std::size_t NextOdd(double value) {
  const auto rounded = static_cast<std::size_t>(std::lround(value));
  return rounded % 2 == 0 ? rounded + 1 : rounded;
}

std::size_t JumpOf(std::size_t window) { return (window + 9) / 10; }

/// The local regression at position `at` from the values [left, right], all counted from one as in
/// the paper's program. Nothing: no value has a weight.
std::optional<double> Estimate(std::span<const double> series, const Smoother& smoother, double at,
                               std::size_t left, std::size_t right) {
  const std::size_t size = series.size();
  double reach = std::max(at - static_cast<double>(left), static_cast<double>(right) - at);
  if (smoother.window > size) {
    reach += static_cast<double>((smoother.window - size) / 2);
  }
  std::vector<double> weights(right - left + 1, 0);
  double total = 0;
  for (std::size_t j = left; j <= right; ++j) {
    const double distance = std::fabs(static_cast<double>(j) - at);
    if (distance <= 0.999 * reach) {
      const double cube = std::pow(distance / std::max(reach, 1e-300), 3);
      weights[j - left] = distance <= 0.001 * reach ? 1 : std::pow(1 - cube, 3);
      total += weights[j - left];
    }
  }
  if (!(total > 0)) {
    return std::nullopt;
  }
  double centre = 0;
  for (std::size_t j = left; j <= right; ++j) {
    weights[j - left] /= total;
    centre += weights[j - left] * static_cast<double>(j);
  }
  double tilt = 0;
  if (reach > 0 && smoother.degree > 0) {
    double spread = 0;
    for (std::size_t j = left; j <= right; ++j) {
      const double offset = static_cast<double>(j) - centre;
      spread += weights[j - left] * offset * offset;
    }
    if (std::sqrt(spread) > 0.001 * static_cast<double>(size - 1)) {
      tilt = (at - centre) / spread;
    }
  }
  double value = 0;
  for (std::size_t j = left; j <= right; ++j) {
    value += weights[j - left] * (1 + tilt * (static_cast<double>(j) - centre)) * series[j - 1];
  }
  return value;
}

struct Range {
  std::size_t left;
  std::size_t right;
};

/// The window around position i, moved inside at the ends.
Range WindowAt(std::size_t i, std::size_t size, std::size_t window) {
  if (window >= size) {
    return {1, size};
  }
  const std::size_t half = (window + 1) / 2;
  if (i < half) {
    return {1, window};
  }
  if (i + half >= size + 1) {
    return {size - window + 1, size};
  }
  return {i - half + 1, i + window - half};
}

/// Straight lines between positions that were estimated.
void Join(std::vector<double>& smooth, std::size_t from, std::size_t to) {
  const double rise = (smooth[to - 1] - smooth[from - 1]) / static_cast<double>(to - from);
  for (std::size_t j = from + 1; j < to; ++j) {
    smooth[j - 1] = smooth[from - 1] + rise * static_cast<double>(j - from);
  }
}

std::vector<double> Loess(std::span<const double> series, const Smoother& smoother) {
  const std::size_t size = series.size();
  std::vector<double> smooth(series.begin(), series.end());
  if (size < 2) {
    return smooth;
  }
  const std::size_t jump = std::min(smoother.jump, size - 1);
  Range range{1, size};
  const auto estimate = [&](std::size_t i) {
    smooth[i - 1] = Estimate(series, smoother, static_cast<double>(i), range.left, range.right)
                        .value_or(series[i - 1]);
  };
  std::size_t last = 1;
  for (std::size_t i = 1; i <= size; i += jump) {
    range = WindowAt(i, size, smoother.window);
    estimate(i);
    if (i > last) {
      Join(smooth, last, i);
    }
    last = i;
  }
  if (last != size) {
    estimate(size);
    Join(smooth, last, size);
  }
  return smooth;
}

/// Each month (say) smoothed across the years and carried one period beyond both ends.
std::vector<double> SmoothedSeasons(std::span<const double> series, std::size_t period,
                                    const Smoother& smoother) {
  std::vector<double> seasons(series.size() + 2 * period, 0);
  for (std::size_t j = 0; j < period; ++j) {
    std::vector<double> values;
    for (std::size_t t = j; t < series.size(); t += period) {
      values.push_back(series[t]);
    }
    const std::size_t size = values.size();
    const std::vector<double> smooth = Loess(values, smoother);
    const std::size_t reach = std::min(smoother.window, size);
    seasons[j] = Estimate(values, smoother, 0, 1, reach).value_or(smooth.front());
    for (std::size_t m = 0; m < size; ++m) {
      seasons[(m + 1) * period + j] = smooth[m];
    }
    seasons[(size + 1) * period + j] =
        Estimate(values, smoother, static_cast<double>(size + 1), size - reach + 1, size)
            .value_or(smooth.back());
  }
  return seasons;
}

std::vector<double> MovingAverage(std::span<const double> series, std::size_t length) {
  std::vector<double> averages;
  double sum = 0;
  for (std::size_t t = 0; t < series.size(); ++t) {
    sum += series[t];
    if (t >= length) {
      sum -= series[t - length];
    }
    if (t + 1 >= length) {
      averages.push_back(sum / static_cast<double>(length));
    }
  }
  return averages;
}

}  // namespace

SeasonAndTrend Decompose(std::span<const double> series, std::size_t period,
                         std::size_t seasonal_window) {
  const std::size_t size = series.size();
  const double ratio = 1.5 / static_cast<double>(seasonal_window);
  const std::size_t trend_window =
      NextOdd(std::ceil(1.5 * static_cast<double>(period) / (1 - ratio)));
  const std::size_t low_window = NextOdd(static_cast<double>(period));
  const Smoother seasonal{seasonal_window, 0, JumpOf(seasonal_window)};
  const Smoother low{low_window, 1, JumpOf(low_window)};
  const Smoother trending{trend_window, 1, JumpOf(trend_window)};
  SeasonAndTrend parts{std::vector<double>(size, 0), std::vector<double>(size, 0)};
  std::vector<double> rest(size);
  for (int round = 0; round < kInnerRounds; ++round) {
    for (std::size_t t = 0; t < size; ++t) {
      rest[t] = series[t] - parts.trend[t];
    }
    const std::vector<double> seasons = SmoothedSeasons(rest, period, seasonal);
    const std::vector<double> passed =
        Loess(MovingAverage(MovingAverage(MovingAverage(seasons, period), period), 3), low);
    for (std::size_t t = 0; t < size; ++t) {
      parts.season[t] = seasons[period + t] - passed[t];
      rest[t] = series[t] - parts.season[t];
    }
    parts.trend = Loess(rest, trending);
  }
  return parts;
}

}  // namespace promtally::inference
