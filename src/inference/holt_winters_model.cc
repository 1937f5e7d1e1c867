// SPDX-License-Identifier: Apache-2.0
#include "inference/holt_winters_model.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "inference/naive_model.h"
#include "inference/payload_reader.h"

namespace promtally::inference {
namespace {

const std::vector<std::string> kKinds = {"additive", "multiplicative"};

bool IsRelative(const HoltWinters& parameters) {
  return parameters.kind == SeasonalKind::kMultiplicative && parameters.period > 1;
}

/// The spread of the one-step errors, around zero.
double SpreadOf(const HoltWinters& parameters, const SmoothedSeries& smooth,
                std::span<const double> series) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t t = 0; t < smooth.residuals.size(); ++t) {
    const double residual = smooth.residuals[t];
    const double forecast = series[t] - residual;
    const double error = IsRelative(parameters) ? residual / forecast : residual;
    if (std::isfinite(error)) {
      sum += error * error;
      ++count;
    }
  }
  return count == 0 ? 0 : std::sqrt(sum / static_cast<double>(count));
}

base::Result<SeasonalKind> KindOf(const std::string& text) {
  if (text.empty() || text == kKinds[0]) {
    return SeasonalKind::kAdditive;
  }
  if (text == kKinds[1]) {
    return SeasonalKind::kMultiplicative;
  }
  return base::Fail(
      base::ErrorCode::kInvalidArgument,
      fmt::format("--seasonal-kind \"{}\" is neither additive nor multiplicative", text));
}

const std::string& NameOf(SeasonalKind kind) {
  return kKinds[kind == SeasonalKind::kAdditive ? 0 : 1];
}

}  // namespace

const std::string& HoltWintersModel::type() const {
  static const std::string kType = "holt_winters";
  return kType;
}

base::Result<std::vector<ForecastStep>> HoltWintersModel::ForecastWindow(
    std::span<const double> window, std::size_t horizon) const {
  const auto smooth = Smooth(parameters_, window);
  if (!smooth) {
    return tl::unexpected(smooth.error());
  }
  const std::vector<double> growth = ErrorGrowth(parameters_, horizon);
  std::vector<ForecastStep> steps;
  for (std::size_t h = 1; h <= horizon; ++h) {
    const double mean = smooth->Forecast(parameters_, h);
    if (!std::isfinite(mean)) {
      return base::Fail(base::ErrorCode::kRejected, "the smoothed level is no finite number");
    }
    const double error = growth[h - 1] * error_;
    steps.push_back({mean, IsRelative(parameters_) ? error * std::fabs(mean) : error});
  }
  return steps;
}

std::string HoltWintersModel::ToPayload() const {
  return Json{{"period", parameters_.period}, {"seasonal_kind", NameOf(parameters_.kind)},
              {"alpha", parameters_.alpha},   {"beta", parameters_.beta},
              {"gamma", parameters_.gamma},   {"error", error_}}
      .dump();
}

base::Result<std::unique_ptr<Model>> OpenHoltWinters(const ModelRecord& record) {
  PayloadReader reader(record.payload);
  HoltWinters parameters;
  parameters.period =
      static_cast<std::size_t>(reader.Integer("period", 1, static_cast<int>(kLongestPeriod)));
  parameters.kind = reader.Choice("seasonal_kind", kKinds) == 0 ? SeasonalKind::kAdditive
                                                                : SeasonalKind::kMultiplicative;
  parameters.alpha = reader.Number("alpha", 0, 1);
  parameters.beta = reader.Number("beta", 0, 1);
  parameters.gamma = reader.Number("gamma", 0, 1);
  const double error = reader.Number("error", 0, std::numeric_limits<double>::max());
  if (const base::Status read = reader.Finish(); !read) {
    return tl::unexpected(read.error());
  }
  return std::make_unique<HoltWintersModel>(parameters, error);
}

base::Result<TrainedModel> TrainHoltWinters(const SeriesTraining& training) {
  const auto period = training.period == 1 ? base::Result<std::size_t>(1) : SeasonOf(training);
  if (!period) {
    return tl::unexpected(period.error());
  }
  const auto kind = KindOf(training.seasonal_kind);
  if (!kind) {
    return tl::unexpected(kind.error());
  }
  const std::span<const double> train = TrainPart(training);
  const auto parameters = FitHoltWinters(*period, *kind, train);
  if (!parameters) {
    return tl::unexpected(parameters.error());
  }
  const auto smooth = Smooth(*parameters, train);
  if (!smooth) {
    return tl::unexpected(smooth.error());
  }
  const HoltWintersModel model(*parameters, SpreadOf(*parameters, *smooth, train));
  TrainedModel trained;
  trained.parameters = {{"period", *period}, {"seasonal_kind", NameOf(*kind)}};
  trained.payload = model.ToPayload();
  trained.details = {{"period", *period},
                     {"seasonal_kind", NameOf(*kind)},
                     {"parameters",
                      {{"alpha", parameters->alpha},
                       {"beta", parameters->beta},
                       {"gamma", *period > 1 ? Json(parameters->gamma) : Json(nullptr)}}},
                     {"sse", smooth->squared_error}};
  return FinishTraining(training, model, *period, std::move(trained));
}

}  // namespace promtally::inference
