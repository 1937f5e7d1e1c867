// SPDX-License-Identifier: Apache-2.0
#include "inference/evaluation_charts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "inference/svg_chart.h"

namespace promtally::inference {
namespace {

/// More points than this a line are drawn as the smallest and the largest of each stretch.
constexpr std::size_t kMostPoints = 1500;
/// History before the test part, in lengths of what is forecast, and at least so many steps.
constexpr std::size_t kHistoryLengths = 2;
constexpr std::size_t kLeastHistory = 48;
/// Of a chart beside another one.
constexpr double kHalfWidth = 560;

struct Curve {
  std::vector<double> x;
  std::vector<double> y;

  void Add(double at, double value) {
    x.push_back(at);
    y.push_back(value);
  }
};

Curve CurveOf(const std::vector<double>& values, std::size_t begin) {
  Curve curve;
  for (std::size_t t = begin; t < values.size(); ++t) {
    curve.Add(static_cast<double>(t), values[t]);
  }
  return curve;
}

/// The outline of a long curve.
Curve Thinned(const Curve& curve) {
  if (curve.x.size() <= kMostPoints) {
    return curve;
  }
  Curve thin;
  const std::size_t stretch = 2 * curve.x.size() / kMostPoints + 1;
  for (std::size_t begin = 0; begin < curve.x.size(); begin += stretch) {
    const std::size_t end = std::min(begin + stretch, curve.x.size());
    std::size_t least = begin;
    std::size_t most = begin;
    for (std::size_t i = begin; i < end; ++i) {
      least = !(curve.y[least] <= curve.y[i]) ? i : least;
      most = !(curve.y[most] >= curve.y[i]) ? i : most;
    }
    for (const std::size_t i : {std::min(least, most), std::max(least, most)}) {
      thin.Add(curve.x[i], curve.y[i]);
    }
  }
  return thin;
}

struct Bands {
  std::vector<double> x;
  std::vector<double> mean;
  std::vector<double> lower;
  std::vector<double> upper;
  std::vector<double> lower80;
  std::vector<double> upper80;
};

Bands BandsOf(const std::vector<EvaluatedStep>& steps, std::size_t begin) {
  Bands bands;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    bands.x.push_back(static_cast<double>(begin + i));
    bands.mean.push_back(steps[i].mean);
    bands.lower.push_back(steps[i].lower);
    bands.upper.push_back(steps[i].upper);
    bands.lower80.push_back(steps[i].lower80);
    bands.upper80.push_back(steps[i].upper80);
  }
  return bands;
}

void Include(const std::vector<double>& values, AxisRange& range) {
  for (const double value : values) {
    range.Include(value);
  }
}

void Draw(const Bands& bands, const char* line_class, SvgChart& chart) {
  chart.Band(bands.x, bands.lower, bands.upper, "wide");
  chart.Band(bands.x, bands.lower80, bands.upper80, "narrow");
  chart.Line(bands.x, bands.mean, line_class);
}

std::vector<double> Finite(const std::vector<double>& values) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double value) { return std::isfinite(value); });
  return finite;
}

}  // namespace

std::string ForecastChart(const EvaluationInput& input, const Evaluation& evaluation,
                          const std::string& series_name) {
  const std::size_t size = input.values.size();
  const std::size_t train = size - input.test_steps;
  const std::size_t forecast = input.test_steps + evaluation.ahead.size();
  const std::size_t history = std::max(kLeastHistory, kHistoryLengths * forecast);
  const std::size_t begin = train > history ? train - history : 0;
  const Curve actual = CurveOf(input.values, begin);
  const Bands test = BandsOf(evaluation.test, train);
  const Bands ahead = BandsOf(evaluation.ahead, size);
  AxisRange y = AxisRange::Empty();
  for (const auto* values : {&actual.y, &test.mean, &test.lower, &test.upper, &ahead.mean,
                             &ahead.lower, &ahead.upper, &evaluation.baseline}) {
    Include(*values, y);
  }
  const double end = static_cast<double>(size + evaluation.ahead.size()) - 0.5;
  SvgChart chart({"The series, the forecast of the test part and what lies ahead",
                  "step",
                  series_name,
                  {static_cast<double>(begin) - 0.5, end},
                  y.Padded(0.05),
                  440});
  chart.Shade(static_cast<double>(train) - 0.5, static_cast<double>(size) - 0.5, "test");
  Draw(test, "model", chart);
  Draw(ahead, "model ahead", chart);
  chart.Line(test.x, evaluation.baseline, "baseline");
  const Curve thin = Thinned(actual);
  chart.Line(thin.x, thin.y, "actual");
  chart.Points(test.x, test.mean, "model");
  chart.Points(ahead.x, ahead.mean, "model");
  return chart.Finish();
}

std::string HistoryChart(const EvaluationInput& input, const std::string& series_name) {
  const Curve curve = Thinned(CurveOf(input.values, 0));
  AxisRange y = AxisRange::Empty();
  Include(curve.y, y);
  const auto size = static_cast<double>(input.values.size());
  SvgChart chart({"The whole series, the test part shaded",
                  "step",
                  series_name,
                  {-0.5, size - 0.5},
                  y.Padded(0.05),
                  220});
  chart.Shade(size - static_cast<double>(input.test_steps) - 0.5, size - 0.5, "test");
  chart.Line(curve.x, curve.y, "actual");
  return chart.Finish();
}

double ResidualSpread(const Evaluation& evaluation) {
  const std::vector<double> residuals = Finite(evaluation.residuals);
  if (residuals.empty()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  double sum = 0;
  for (const double residual : residuals) {
    sum += residual * residual;
  }
  return std::sqrt(sum / static_cast<double>(residuals.size()));
}

std::string ResidualChart(const Evaluation& evaluation) {
  const double spread = ResidualSpread(evaluation);
  std::size_t begin = 0;
  while (begin < evaluation.residuals.size() && std::isnan(evaluation.residuals[begin])) {
    ++begin;
  }
  const Curve curve = Thinned(CurveOf(evaluation.residuals, begin));
  AxisRange y{-2.2 * spread, 2.2 * spread};
  Include(curve.y, y);
  if (!std::isfinite(spread)) {
    y = {-1, 1};
  }
  SvgChart chart({"Residuals one step ahead, with lines at two standard deviations",
                  "step",
                  "residual",
                  {static_cast<double>(begin) - 0.5,
                   static_cast<double>(std::max(begin + 1, evaluation.residuals.size())) - 0.5},
                  y.Padded(0.05),
                  260});
  chart.Horizontal(0, "axis");
  if (std::isfinite(spread)) {
    chart.Horizontal(2 * spread, "bound");
    chart.Horizontal(-2 * spread, "bound");
  }
  chart.Line(curve.x, curve.y, "residual");
  return chart.Finish();
}

std::string ResidualHistogram(const Evaluation& evaluation) {
  std::vector<double> residuals = Finite(evaluation.residuals);
  const double spread = ResidualSpread(evaluation);
  if (residuals.size() < 2 || !(spread > 0)) {
    residuals = {0};
  }
  AxisRange span = AxisRange::Empty();
  Include(residuals, span);
  span = span.Padded(0);
  const double begin = span.begin;
  const auto count = static_cast<std::size_t>(
      std::clamp(std::sqrt(static_cast<double>(residuals.size())), 5.0, 40.0));
  const double width = (span.end - begin) / static_cast<double>(count);
  std::vector<double> x(count);
  std::vector<double> y(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = begin + (static_cast<double>(i) + 0.5) * width;
  }
  for (const double residual : residuals) {
    if (!(residual >= span.begin && residual <= span.end)) {
      continue;
    }
    const auto bin = static_cast<std::size_t>((residual - begin) / width);
    y[std::min(bin, count - 1)] += 1;
  }
  Curve normal;
  for (int i = 0; spread > 0 && i <= 100; ++i) {
    const double at = begin + (span.end - begin) * i / 100;
    const double scaled = at / spread;
    normal.Add(at, std::exp(-0.5 * scaled * scaled) / (spread * std::sqrt(2 * std::numbers::pi)) *
                       width * static_cast<double>(residuals.size()));
  }
  AxisRange range{0, 1};
  Include(y, range);
  Include(normal.y, range);
  SvgChart chart({"How the residuals are spread, beside a normal curve",
                  "residual",
                  "count",
                  span.Padded(0.05),
                  {0, range.end * 1.05},
                  300,
                  kHalfWidth});
  chart.Bars(x, y, width * 0.92, "bar");
  chart.Line(normal.x, normal.y, "baseline");
  return chart.Finish();
}

std::string AutocorrelationChart(const Evaluation& evaluation) {
  const double bound = evaluation.autocorrelation_bound;
  std::vector<double> lags;
  AxisRange y{-1.5 * bound, 1.5 * bound};
  for (std::size_t i = 0; i < evaluation.autocorrelations.size(); ++i) {
    lags.push_back(static_cast<double>(i + 1));
  }
  Include(evaluation.autocorrelations, y);
  SvgChart chart({"Autocorrelations of the residuals, with the bounds of white noise",
                  "lag",
                  "autocorrelation",
                  {0.3, static_cast<double>(std::max<std::size_t>(lags.size(), 1)) + 0.7},
                  y.Padded(0.1),
                  300,
                  kHalfWidth});
  chart.Horizontal(0, "axis");
  chart.Horizontal(bound, "bound");
  chart.Horizontal(-bound, "bound");
  chart.Bars(lags, evaluation.autocorrelations, 0.35, "bar");
  return chart.Finish();
}

}  // namespace promtally::inference
