// SPDX-License-Identifier: Apache-2.0
#include "inference/holt_winters.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include <fmt/format.h>
#include <nlopt.h>

namespace promtally::inference {
namespace {

using base::ErrorCode;

constexpr double kTolerance = 1e-10;
constexpr int kEvaluations = 2000;

struct Start {
  double level = 0;
  double trend = 0;
  std::vector<double> season;
  std::size_t first = 0;  // the first value that is forecast
};

double MeanOf(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// A centred moving average over one period; an even period takes half of both ends. NaN at the
/// ends of the series.
std::vector<double> CentredAverages(std::span<const double> series, std::size_t period) {
  std::vector<double> averages(series.size(), std::numeric_limits<double>::quiet_NaN());
  const std::size_t half = period / 2;
  for (std::size_t t = half; t + half < series.size(); ++t) {
    double sum = 0;
    for (std::size_t j = t - half; j <= t + half; ++j) {
      const bool end = period % 2 == 0 && (j == t - half || j == t + half);
      sum += end ? 0.5 * series[j] : series[j];
    }
    averages[t] = sum / static_cast<double>(period);
  }
  return averages;
}

void StraightLine(const std::vector<double>& trend, Start& start) {
  std::vector<double> values;
  std::copy_if(trend.begin(), trend.end(), std::back_inserter(values),
               [](double value) { return !std::isnan(value); });
  const double centre = (static_cast<double>(values.size()) + 1) / 2;
  const double mean = MeanOf(values);
  double cross = 0;
  double square = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double offset = static_cast<double>(i + 1) - centre;
    cross += offset * (values[i] - mean);
    square += offset * offset;
  }
  start.trend = square > 0 ? cross / square : 0;
  start.level = mean - start.trend * centre;
}

base::Result<Start> StartOf(const HoltWinters& model, std::span<const double> series) {
  if (model.period < 2) {
    return Start{series[1], series[1] - series[0], {}, 2};
  }
  const bool additive = model.kind == SeasonalKind::kAdditive;
  const std::span<const double> head = series.subspan(0, 2 * model.period);
  const std::vector<double> trend = CentredAverages(head, model.period);
  Start start;
  start.first = model.period;
  StraightLine(trend, start);
  for (std::size_t i = 0; i < model.period; ++i) {
    double sum = 0;
    int count = 0;
    for (std::size_t t = i; t < head.size(); t += model.period) {
      if (!std::isnan(trend[t])) {
        sum += additive ? head[t] - trend[t] : head[t] / trend[t];
        ++count;
      }
    }
    start.season.push_back(sum / count);
  }
  const double centre = MeanOf(start.season);
  for (double& value : start.season) {
    value = additive ? value - centre : value / centre;
  }
  const bool usable = std::all_of(start.season.begin(), start.season.end(),
                                  [](double value) { return std::isfinite(value); });
  if (!usable || !std::isfinite(start.level) || !std::isfinite(start.trend)) {
    return base::Fail(ErrorCode::kRejected,
                      "the first two periods give no season: their average is zero");
  }
  return start;
}

base::Status Check(const HoltWinters& model, std::span<const double> series) {
  if (series.size() < LeastValues(model)) {
    return base::Fail(ErrorCode::kRejected,
                      fmt::format("Holt-Winters with a period of {} needs at least {} values, the "
                                  "series has {}",
                                  model.period, LeastValues(model), series.size()));
  }
  for (const double value : series) {
    if (!std::isfinite(value)) {
      return base::Fail(ErrorCode::kRejected,
                        "Holt-Winters takes no missing and no infinite values: the series has one");
    }
    if (value == 0 && model.kind == SeasonalKind::kMultiplicative && model.period > 1) {
      return base::Fail(
          ErrorCode::kRejected,
          "a multiplicative season takes no zeros: the series has one (additive does)");
    }
  }
  return {};
}

/// The recursion itself (Winters 1960), as R's C_HoltWinters.
SmoothedSeries Run(const HoltWinters& model, const Start& start, std::span<const double> series) {
  const bool additive = model.kind == SeasonalKind::kAdditive;
  const bool seasonal = model.period > 1;
  SmoothedSeries smooth;
  smooth.level = start.level;
  smooth.trend = start.trend;
  smooth.season = start.season;
  smooth.residuals.assign(start.first, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t t = start.first; t < series.size(); ++t) {
    const std::size_t phase = seasonal ? (t - start.first) % model.period : 0;
    const double season = seasonal ? smooth.season[phase] : additive ? 0 : 1;
    const double ahead = smooth.level + smooth.trend;
    const double residual = series[t] - (additive ? ahead + season : ahead * season);
    smooth.residuals.push_back(residual);
    smooth.squared_error += residual * residual;
    const double before = smooth.level;
    const double plain = additive ? series[t] - season : series[t] / season;
    smooth.level = model.alpha * plain + (1 - model.alpha) * ahead;
    smooth.trend = model.beta * (smooth.level - before) + (1 - model.beta) * smooth.trend;
    if (seasonal) {
      const double seen = additive ? series[t] - smooth.level : series[t] / smooth.level;
      smooth.season[phase] = model.gamma * seen + (1 - model.gamma) * season;
    }
  }
  if (seasonal) {
    const std::size_t next = (series.size() - start.first) % model.period;
    std::rotate(smooth.season.begin(), smooth.season.begin() + static_cast<std::ptrdiff_t>(next),
                smooth.season.end());
  }
  return smooth;
}

struct Search {
  HoltWinters model;
  const Start& start;
  std::span<const double> series;
};

double Error(unsigned count, const double* at, double* /*gradient*/, void* data) {
  const auto& search = *static_cast<const Search*>(data);
  HoltWinters model = search.model;
  model.alpha = at[0];
  model.beta = at[1];
  model.gamma = count > 2 ? at[2] : 0;
  const double error = Run(model, search.start, search.series).squared_error;
  return std::isfinite(error) ? error : std::numeric_limits<double>::max();
}

}  // namespace

std::size_t LeastValues(const HoltWinters& model) {
  return model.period < 2 ? 3 : 2 * model.period;
}

double SmoothedSeries::Forecast(const HoltWinters& model, std::size_t steps) const {
  const double line = level + static_cast<double>(steps) * trend;
  if (model.period < 2) {
    return line;
  }
  const double part = season[(steps - 1) % model.period];
  return model.kind == SeasonalKind::kAdditive ? line + part : line * part;
}

base::Result<SmoothedSeries> Smooth(const HoltWinters& model, std::span<const double> series) {
  if (const base::Status usable = Check(model, series); !usable) {
    return tl::unexpected(usable.error());
  }
  const base::Result<Start> start = StartOf(model, series);
  if (!start) {
    return tl::unexpected(start.error());
  }
  return Run(model, *start, series);
}

base::Result<HoltWinters> FitHoltWinters(std::size_t period, SeasonalKind kind,
                                         std::span<const double> series) {
  HoltWinters best;
  best.period = period;
  best.kind = kind;
  if (const base::Status usable = Check(best, series); !usable) {
    return tl::unexpected(usable.error());
  }
  const base::Result<Start> start = StartOf(best, series);
  if (!start) {
    return tl::unexpected(start.error());
  }
  const unsigned count = period > 1 ? 3 : 2;
  Search search{best, *start, series};
  const std::unique_ptr<nlopt_opt_s, decltype(&nlopt_destroy)> optimizer(
      nlopt_create(NLOPT_LN_BOBYQA, count), &nlopt_destroy);
  if (!optimizer) {
    return base::Fail(ErrorCode::kInternal, "the optimizer could not be made");
  }
  nlopt_set_min_objective(optimizer.get(), Error, &search);
  nlopt_set_lower_bounds1(optimizer.get(), 0);
  nlopt_set_upper_bounds1(optimizer.get(), 1);
  nlopt_set_xtol_rel(optimizer.get(), kTolerance);
  nlopt_set_ftol_rel(optimizer.get(), 1e-14);
  nlopt_set_maxeval(optimizer.get(), kEvaluations);
  nlopt_set_initial_step1(optimizer.get(), 0.1);
  double least = std::numeric_limits<double>::infinity();
  constexpr std::array<std::array<double, 3>, 8> kStarts = {{{0.3, 0.1, 0.1},
                                                             {0.8, 0.01, 0.9},
                                                             {0.1, 0.1, 0.5},
                                                             {0.5, 0.05, 0.05},
                                                             {0.9, 0.1, 0.1},
                                                             {0.2, 0.9, 0.2},
                                                             {0.05, 0.05, 0.9},
                                                             {0.5, 0.5, 0.5}}};
  for (std::array<double, 3> at : kStarts) {
    double error = 0;
    const nlopt_result result = nlopt_optimize(optimizer.get(), at.data(), &error);
    const bool usable = result > 0 || result == NLOPT_ROUNDOFF_LIMITED;
    if (usable && error < least) {
      least = error;
      best.alpha = at[0];
      best.beta = at[1];
      best.gamma = count > 2 ? at[2] : 0;
    }
  }
  if (!std::isfinite(least) || least == std::numeric_limits<double>::max()) {
    return base::Fail(ErrorCode::kRejected, "no smoothing parameters give a finite error");
  }
  return best;
}

std::vector<double> ErrorGrowth(const HoltWinters& model, std::size_t horizon) {
  std::vector<double> growth;
  double variance = 1;
  for (std::size_t h = 1; h <= horizon; ++h) {
    growth.push_back(std::sqrt(variance));
    double weight = model.alpha * (1 + static_cast<double>(h) * model.beta);
    if (model.period > 1 && h % model.period == 0) {
      weight += model.gamma * (1 - model.alpha);
    }
    variance += weight * weight;
  }
  return growth;
}

}  // namespace promtally::inference
