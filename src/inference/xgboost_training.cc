// SPDX-License-Identifier: Apache-2.0
#include "inference/xgboost_training.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "inference/booster.h"
#include "inference/lag_windows.h"
#include "inference/shortest_number.h"
#include "inference/tree_ensemble.h"
#include "inference/xgboost_model.h"

namespace promtally::inference {
namespace {

constexpr double kLevel = 0.9;
/// The share of the training part that early stopping and the interval look at.
constexpr std::size_t kHeldBack = 5;
constexpr std::size_t kLeastHeldBack = 10;

struct Fit {
  XgboostDocument document;
  int best_round = 0;
};

class Trainer {
 public:
  Trainer(const XgboostTraining& training, LagWindows windows)
      : training_(training), windows_(std::move(windows)) {
    const std::size_t first_test = training.series.front().size() - training.test_steps;
    const auto begin =
        std::lower_bound(windows_.targets.begin(), windows_.targets.end(), first_test);
    train_end_ = static_cast<std::size_t>(begin - windows_.targets.begin());
  }

  base::Result<TrainedModel> Run();

 private:
  [[nodiscard]] base::Result<Fit> FitOn(std::size_t end, std::size_t watched_end, int rounds) const;
  [[nodiscard]] base::Status HoldBack();
  [[nodiscard]] std::vector<double> PredictRange(const XgboostDocument& document, std::size_t begin,
                                                 std::size_t end) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> Parameters(std::size_t end) const;
  void Measure(const XgboostDocument& document, TrainedModel& model) const;
  [[nodiscard]] Json IntervalJson(std::span<const double> actual,
                                  std::span<const double> predicted) const;
  [[nodiscard]] Json ParametersJson() const;

  const XgboostTraining& training_;
  LagWindows windows_;
  std::size_t train_end_ = 0;  ///< windows in front of the test part
  int rounds_ = 0;             ///< of the final fit
  std::optional<double> half_width_;
};

std::vector<std::pair<std::string, std::string>> Trainer::Parameters(std::size_t end) const {
  const auto labels = windows_.LabelsOf(0, end);
  const double mean = std::accumulate(labels.begin(), labels.end(), 0.0) /
                      static_cast<double>(std::max<std::size_t>(labels.size(), 1));
  return {{"objective", "reg:squarederror"},
          {"tree_method", "hist"},
          {"base_score", ShortestText(static_cast<float>(mean))},
          {"max_depth", std::to_string(training_.max_depth)},
          {"eta", ShortestText(training_.eta)},
          {"subsample", ShortestText(training_.subsample)},
          {"colsample_bytree", ShortestText(training_.colsample_bytree)},
          {"alpha", ShortestText(training_.alpha)},
          {"seed", std::to_string(training_.seed)},
          {"nthread", std::to_string(training_.threads)},
          {"verbosity", "0"}};
}

/// Fits on the windows before `end`, watched by those between it and `watched_end`.
base::Result<Fit> Trainer::FitOn(std::size_t end, std::size_t watched_end, int rounds) const {
  BoosterTraining asked{
      .train = {windows_.columns, windows_.RowsOf(0, end), windows_.LabelsOf(0, end)},
      .watched = std::nullopt,
      .parameters = Parameters(end),
      .rounds = rounds,
      .patience = 0,
      .stop = training_.stop};
  if (watched_end > end) {
    asked.watched = BoosterData{windows_.columns, windows_.RowsOf(end, watched_end),
                                windows_.LabelsOf(end, watched_end)};
    asked.patience = training_.early_stopping_rounds;
  }
  const auto result = TrainBooster(asked);
  if (!result) {
    return tl::unexpected(result.error());
  }
  auto document = ReadXgboostDocument(result->model);
  if (!document) {
    return base::Fail("the trained model", document.error());
  }
  Fit fit{*std::move(document), result->best_round};
  fit.document.trees.resize(static_cast<std::size_t>(fit.best_round) + 1);
  fit.document.attributes.clear();
  return fit;
}

/// A fit without the last fifth of the training part: how many rounds are enough (its first half)
/// and how far predictions are off (the rest).
base::Status Trainer::HoldBack() {
  rounds_ = training_.n_estimators;
  const std::size_t held_back = train_end_ / kHeldBack;
  if (held_back < kLeastHeldBack) {
    return {};
  }
  const std::size_t begin = train_end_ - held_back;
  const bool stops = training_.early_stopping_rounds > 0;
  const std::size_t watched_end = stops ? begin + held_back / 2 : begin;
  const auto fit = FitOn(begin, watched_end, rounds_);
  if (!fit) {
    return tl::unexpected(fit.error());
  }
  rounds_ = fit->best_round + 1;
  const std::vector<double> predicted = PredictRange(fit->document, watched_end, train_end_);
  std::vector<double> errors;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    errors.push_back(std::abs(double{windows_.labels[watched_end + i]} - predicted[i]));
  }
  std::sort(errors.begin(), errors.end());
  const auto rank =
      static_cast<std::size_t>(std::ceil(kLevel * static_cast<double>(errors.size() + 1)));
  if (rank >= 1 && rank <= errors.size()) {
    half_width_ = errors[rank - 1];
  }
  return {};
}

std::vector<double> Trainer::PredictRange(const XgboostDocument& document, std::size_t begin,
                                          std::size_t end) const {
  std::vector<float> out(end - begin);
  TreeEnsemble(document).Predict(windows_.RowsOf(begin, end), 1, out);
  return {out.begin(), out.end()};
}

Json Trainer::IntervalJson(std::span<const double> actual,
                           std::span<const double> predicted) const {
  if (!half_width_) {
    return nullptr;
  }
  std::size_t covered = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    covered += std::abs(actual[i] - predicted[i]) <= *half_width_ ? 1U : 0U;
  }
  const Json coverage =
      actual.empty() ? Json(nullptr)
                     : Json(static_cast<double>(covered) / static_cast<double>(actual.size()));
  return {{"level", kLevel}, {"half_width", *half_width_}, {"coverage", coverage}};
}

void Trainer::Measure(const XgboostDocument& document, TrainedModel& model) const {
  const std::vector<double> predicted = PredictRange(document, train_end_, windows_.size());
  const auto labels = windows_.LabelsOf(train_end_, windows_.size());
  const std::vector<double> actual(labels.begin(), labels.end());
  model.details["interval"] = IntervalJson(actual, predicted);
  if (training_.test_steps == 0) {
    return;
  }
  const std::vector<double>& target = training_.series.front();
  const auto split = target.size() - training_.test_steps;
  model.metrics = CompareForecast(actual, predicted);
  model.baseline = BestBaseline(
      std::span(target).first(split), std::span(target).subspan(split),
      {.period = training_.period, .origin = Origin::kRolling, .horizon = training_.horizon});
}

Json Trainer::ParametersJson() const {
  return {{"columns", training_.names},
          {"steps_back", training_.steps_back},
          {"horizon", training_.horizon},
          {"test_steps", training_.test_steps},
          {"n_estimators", training_.n_estimators},
          {"max_depth", training_.max_depth},
          {"eta", training_.eta},
          {"subsample", training_.subsample},
          {"colsample_bytree", training_.colsample_bytree},
          {"alpha", training_.alpha},
          {"seed", training_.seed},
          {"early_stopping_rounds", training_.early_stopping_rounds},
          {"period", training_.period}};
}

base::Result<TrainedModel> Trainer::Run() {
  if (train_end_ < 2) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      fmt::format("{} values leave {} windows to train on, at least 2 are needed",
                                  training_.series.front().size(), train_end_));
  }
  if (training_.test_steps > 0 && train_end_ == windows_.size()) {
    return base::Fail(base::ErrorCode::kInvalidArgument, "the test part has no value");
  }
  if (auto held = HoldBack(); !held) {
    return tl::unexpected(held.error());
  }
  auto fit = FitOn(train_end_, train_end_, rounds_);
  if (!fit) {
    return tl::unexpected(fit.error());
  }
  TrainedModel model;
  model.type = "xgboost";
  model.parameters = ParametersJson();
  model.features = LagNames(training_.names, training_.steps_back);
  model.details = {{"objective", fit->document.objective},
                   {"trees", fit->document.trees.size()},
                   {"features", fit->document.num_feature},
                   {"rows", {{"train", train_end_}, {"test", windows_.size() - train_end_}}}};
  Measure(fit->document, model);
  model.payload = WriteXgboostUbj(fit->document);
  return model;
}

base::Status CheckParameters(const XgboostTraining& training) {
  const auto is_share = [](double value) { return value > 0 && value <= 1; };
  std::string_view wrong;
  if (training.n_estimators < 1 || training.n_estimators > 100'000) {
    wrong = "the number of trees must be from 1 to 100000";
  } else if (training.max_depth < 1 || training.max_depth > 20) {
    wrong = "the depth of trees must be from 1 to 20";
  } else if (!is_share(training.eta)) {
    wrong = "eta must be above 0 and at most 1";
  } else if (!is_share(training.subsample) || !is_share(training.colsample_bytree)) {
    wrong = "shares of rows and columns must be above 0 and at most 1";
  } else if (!(training.alpha >= 0) || !std::isfinite(training.alpha)) {
    wrong = "alpha must not be negative";
  } else if (training.early_stopping_rounds < 0) {
    wrong = "the rounds of early stopping must not be negative";
  } else if (training.series.empty() || training.series.size() != training.names.size()) {
    wrong = "there is no series";
  }
  return wrong.empty() ? base::Status()
                       : base::Fail(base::ErrorCode::kInvalidArgument, std::string(wrong));
}

}  // namespace

base::Result<TrainedModel> TrainXgboost(const XgboostTraining& training) {
  if (auto checked = CheckParameters(training); !checked) {
    return tl::unexpected(checked.error());
  }
  auto windows = MakeLagWindows(training.series, training.steps_back, training.horizon);
  if (!windows) {
    return tl::unexpected(windows.error());
  }
  return Trainer(training, *std::move(windows)).Run();
}

}  // namespace promtally::inference
