// SPDX-License-Identifier: Apache-2.0
#include "inference/anomaly.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace promtally::inference {
namespace {

/// Of normal values MAD is 0.6745 and the mean absolute deviation 0.7979 standard deviations.
constexpr double kMadToDeviation = 1.4826022185056018;
constexpr double kMeanToDeviation = 1.2533141373155001;
/// A spread below this share of the values is rounding.
constexpr double kNoSpread = 1e-12;

std::vector<double> Observed(std::span<const double> values) {
  std::vector<double> observed;
  std::copy_if(values.begin(), values.end(), std::back_inserter(observed),
               [](double value) { return !std::isnan(value); });
  return observed;
}

double MeanOf(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) {
    return *middle;
  }
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

std::optional<double> Score(double newest, double centre, double spread) {
  const double distance = newest - centre;
  if (spread > kNoSpread * std::fabs(centre)) {
    const double score = distance / spread;
    return std::isfinite(score) ? std::optional(score) : std::nullopt;
  }
  return std::fabs(distance) <= kNoSpread * std::fabs(centre) ? std::optional(0.0) : std::nullopt;
}

class AnomalyModel final : public Model {
 public:
  explicit AnomalyModel(AnomalyKind kind)
      : kind_(kind), type_(kind == AnomalyKind::kZScore ? "zscore" : "mad") {}

  [[nodiscard]] const std::string& type() const override { return type_; }
  [[nodiscard]] const std::vector<std::string>& features() const override { return features_; }
  [[nodiscard]] std::size_t columns() const override { return 0; }

  [[nodiscard]] base::Result<std::vector<Prediction>> Predict(
      const Rows& rows, const PredictOptions& /*options*/) const override {
    std::vector<Prediction> predictions(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::span<const double> row = rows.row(i);
      const std::span<const double> before = row.subspan(0, row.size() - 1);
      const auto score =
          kind_ == AnomalyKind::kZScore ? ZScore(before, row.back()) : MadScore(before, row.back());
      if (score) {
        predictions[i].values = {*score};
      } else {
        predictions[i].reason =
            "no score: the newest value is missing, or the values before it are "
            "fewer than two or all equal";
      }
    }
    return predictions;
  }

 private:
  AnomalyKind kind_;
  std::string type_;
  std::vector<std::string> features_;
};

}  // namespace

std::optional<double> ZScore(std::span<const double> before, double newest) {
  const std::vector<double> values = Observed(before);
  if (values.size() < 2 || !std::isfinite(newest)) {
    return std::nullopt;
  }
  const double mean = MeanOf(values);
  double squares = 0;
  for (const double value : values) {
    squares += (value - mean) * (value - mean);
  }
  return Score(newest, mean, std::sqrt(squares / static_cast<double>(values.size() - 1)));
}

std::optional<double> MadScore(std::span<const double> before, double newest) {
  const std::vector<double> values = Observed(before);
  if (values.size() < 2 || !std::isfinite(newest)) {
    return std::nullopt;
  }
  const double median = Median(values);
  std::vector<double> deviations;
  for (const double value : values) {
    deviations.push_back(std::fabs(value - median));
  }
  double spread = kMadToDeviation * Median(deviations);
  if (!(spread > kNoSpread * std::fabs(median))) {
    spread = kMeanToDeviation * MeanOf(deviations);
  }
  return Score(newest, median, spread);
}

std::unique_ptr<Model> MakeAnomalyModel(AnomalyKind kind) {
  return std::make_unique<AnomalyModel>(kind);
}

}  // namespace promtally::inference
