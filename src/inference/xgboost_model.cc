// SPDX-License-Identifier: Apache-2.0
#include "inference/xgboost_model.h"

#include <algorithm>
#include <utility>

#include "inference/shortest_number.h"
#include "inference/tree_contributions.h"
#include "inference/tree_ensemble.h"

namespace promtally::inference {
namespace {

// Ours may be larger than the file it was read from: arrays of a type have a fixed width.
constexpr std::size_t kMostPayloadBytes = kMostXgboostNodes * 64;

class XgboostModel final : public Model, public DensePredictor {
 public:
  XgboostModel(XgboostDocument document, std::optional<ConformalInterval> interval)
      : document_(std::move(document)), ensemble_(document_), interval_(interval) {}

  [[nodiscard]] const std::string& type() const override { return type_; }
  [[nodiscard]] const std::vector<std::string>& features() const override {
    return document_.feature_names;
  }
  [[nodiscard]] std::size_t columns() const override { return document_.num_feature; }
  [[nodiscard]] const DensePredictor* dense() const override { return this; }
  [[nodiscard]] std::size_t outputs() const override { return ensemble_.outputs(); }

  [[nodiscard]] base::Status PredictDense(std::span<const float> rows, int threads,
                                          std::span<float> out) const override {
    if (rows.size() % columns() != 0 || rows.size() / columns() * outputs() != out.size()) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "the model takes rows of " + std::to_string(columns()) + " values");
    }
    ensemble_.Predict(rows, threads, out);
    return {};
  }

  [[nodiscard]] base::Result<std::vector<Prediction>> Predict(
      const Rows& rows, const PredictOptions& options) const override;

 private:
  std::string type_ = "xgboost";
  XgboostDocument document_;
  TreeEnsemble ensemble_;
  std::optional<ConformalInterval> interval_;
};

base::Result<std::vector<Prediction>> XgboostModel::Predict(const Rows& rows,
                                                            const PredictOptions& options) const {
  if (rows.columns != columns()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "the rows have " + std::to_string(rows.columns) +
                          " columns, the model takes " + std::to_string(columns()));
  }
  std::vector<float> values(rows.values.begin(), rows.values.end());
  std::vector<float> out(rows.size() * outputs());
  ensemble_.Predict(values, options.threads, out);
  std::vector<Prediction> predictions(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto begin = out.begin() + static_cast<std::ptrdiff_t>(row * outputs());
    predictions[row].values.assign(begin, begin + static_cast<std::ptrdiff_t>(outputs()));
    if (interval_ && outputs() == 1) {
      predictions[row].lower = predictions[row].values[0] - interval_->half_width;
      predictions[row].upper = predictions[row].values[0] + interval_->half_width;
    }
  }
  if (!options.contributions) {
    return predictions;
  }
  const auto contributions = TreeContributions(document_, ensemble_.margins(), values);
  if (!contributions) {
    return tl::unexpected(contributions.error());
  }
  const std::size_t width = contributions->size() / std::max<std::size_t>(rows.size(), 1);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto begin = contributions->begin() + static_cast<std::ptrdiff_t>(row * width);
    predictions[row].contributions.assign(begin, begin + static_cast<std::ptrdiff_t>(width));
  }
  return predictions;
}

}  // namespace

base::Result<std::unique_ptr<Model>> MakeXgboostModel(XgboostDocument document,
                                                      std::optional<ConformalInterval> interval) {
  return std::make_unique<XgboostModel>(std::move(document), interval);
}

base::Result<XgboostDocument> ReadStoredDocument(const ModelRecord& record) {
  return ReadXgboostDocument(record.payload, kMostPayloadBytes);
}

base::Result<std::unique_ptr<Model>> OpenXgboostModel(const ModelRecord& record) {
  auto document = ReadStoredDocument(record);
  if (!document) {
    return tl::unexpected(document.error());
  }
  std::optional<ConformalInterval> interval;
  const auto found = record.details.find("interval");
  if (found != record.details.end() && found->is_object()) {
    interval = ConformalInterval{found->value("level", 0.0), found->value("half_width", 0.0)};
  }
  return MakeXgboostModel(std::move(*document), interval);
}

ModelRecord RecordOf(const XgboostDocument& document) {
  ModelRecord record;
  record.type = "xgboost";
  record.features = document.feature_names;
  record.payload = WriteXgboostUbj(document);
  Json base_score = Json::array();
  for (const float score : document.base_score) {
    base_score.push_back(Json::parse(ShortestText(score)));
  }
  record.details = {{"objective", document.objective}, {"booster", document.booster},
                    {"trees", document.trees.size()},  {"features", document.num_feature},
                    {"saved_by", document.saved_by},   {"base_score", std::move(base_score)}};
  return record;
}

}  // namespace promtally::inference
