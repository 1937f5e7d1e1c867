// SPDX-License-Identifier: Apache-2.0
#include "inference/arima_model.h"

#include <limits>
#include <utility>

#include "inference/arima_search.h"
#include "inference/arma_covariance.h"
#include "inference/payload_reader.h"

namespace promtally::inference {
namespace {

Json OrderJson(const ArimaOrder& order) { return {order.p, order.d, order.q}; }

Json SeasonalJson(const ArimaOrder& order) {
  return {order.seasonal_p, order.seasonal_d, order.seasonal_q, order.period};
}

Json NamedNumbers(const ArimaOrder& order, const std::vector<double>& values) {
  Json json = Json::object();
  const std::vector<std::string> names = CoefficientNames(order);
  for (std::size_t i = 0; i < names.size(); ++i) {
    json[names[i]] = NumberJson(values[i]);
  }
  return json;
}

Json CandidatesJson(const std::vector<ArimaCandidate>& candidates) {
  Json json = Json::array();
  for (const ArimaCandidate& candidate : candidates) {
    Json line{{"order", OrderJson(candidate.order)},
              {"seasonal", SeasonalJson(candidate.order)},
              {"mean", candidate.order.mean},
              {"aicc", NumberJson(candidate.aicc)}};
    if (candidate.near_unit) {
      line["left_out"] = "a root is near the unit circle";
    }
    json.push_back(std::move(line));
  }
  return json;
}

Json DetailsJson(const ArimaFit& fit) {
  return {{"order", OrderJson(fit.order)},
          {"seasonal", SeasonalJson(fit.order)},
          {"coefficients", NamedNumbers(fit.order, fit.coefficients)},
          {"stderr", NamedNumbers(fit.order, fit.standard_errors)},
          {"sigma2", fit.sigma2},
          {"loglik", fit.log_likelihood},
          {"aic", fit.aic},
          {"aicc", NumberJson(fit.aicc)},
          {"n_used", fit.used}};
}

std::string OrAuto(const std::string& text) { return text.empty() ? "auto" : text; }

}  // namespace

const std::string& ArimaModel::type() const {
  static const std::string kType = "arima";
  return kType;
}

base::Result<std::vector<ForecastStep>> ArimaModel::ForecastWindow(std::span<const double> window,
                                                                   std::size_t horizon) const {
  auto forecast = Forecast(order_, coefficients_, sigma2_, window, horizon);
  if (!forecast) {
    return tl::unexpected(forecast.error());
  }
  return std::move(forecast->steps);
}

std::string ArimaModel::ToPayload() const {
  const Json json{{"order", OrderJson(order_)},
                  {"seasonal", SeasonalJson(order_)},
                  {"mean", order_.mean},
                  {"coefficients", coefficients_},
                  {"sigma2", sigma2_}};
  return json.dump();
}

base::Result<std::unique_ptr<Model>> OpenArima(const ModelRecord& record) {
  PayloadReader reader(record.payload);
  const std::vector<int> plain = reader.Integers("order", 3);
  const std::vector<int> seasonal = reader.Integers("seasonal", 4);
  const ArimaOrder order{plain[0],    plain[1],    plain[2],    seasonal[0],
                         seasonal[1], seasonal[2], seasonal[3], reader.Boolean("mean")};
  if (const base::Status valid = Validate(order); reader.ok() && !valid) {
    return base::Fail(base::ErrorCode::kParse, valid.error().message);
  }
  const std::size_t count = reader.ok() ? order.coefficients() : 0;
  const std::vector<double> coefficients = reader.Numbers("coefficients", count);
  const double sigma2 = reader.Number("sigma2", 0, std::numeric_limits<double>::max());
  if (const base::Status read = reader.Finish(); !read) {
    return tl::unexpected(read.error());
  }
  const auto terms = ExpandedTerms(order, std::span(coefficients).first(order.arma_coefficients()));
  if (StateCovarianceColumn(terms).empty()) {
    return base::Fail(base::ErrorCode::kParse, "/coefficients: the model is not stationary");
  }
  return std::make_unique<ArimaModel>(order, coefficients, sigma2);
}

base::Result<TrainedModel> TrainArima(const SeriesTraining& training) {
  auto search = ParseArimaSearch(OrAuto(training.order), training.seasonal, training.mean);
  if (!search) {
    return tl::unexpected(search.error());
  }
  search->stop = training.stop;
  const auto choice = ChooseArima(*search, TrainPart(training));
  if (!choice) {
    return tl::unexpected(choice.error());
  }
  const ArimaFit& fit = choice->fit;
  const ArimaModel model(fit.order, fit.coefficients, fit.sigma2);
  TrainedModel trained;
  trained.parameters = {{"order", OrAuto(training.order)},
                        {"seasonal", training.seasonal},
                        {"mean", OrAuto(training.mean)}};
  trained.payload = model.ToPayload();
  trained.details = DetailsJson(fit);
  const auto given = static_cast<std::size_t>(search->period);
  const std::size_t period = given > 1 ? given : std::max<std::size_t>(training.period, 1);
  auto finished = FinishTraining(training, model, period, std::move(trained));
  if (finished && !search->is_fixed()) {
    finished->details["candidates"] = CandidatesJson(choice->candidates);
  }
  return finished;
}

}  // namespace promtally::inference
