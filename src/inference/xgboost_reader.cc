// SPDX-License-Identifier: Apache-2.0
// The learner around the trees. What is known of the format: XGBoost's doc/model.schema and the
// files of 1.7 to 3.2.
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "inference/document_cursor.h"
#include "inference/xgboost_document.h"
#include "inference/xgboost_learner_check.h"
#include "inference/xgboost_tree_reader.h"

namespace promtally::inference {
namespace {

constexpr std::size_t kMostTrees = kMostXgboostNodes;
constexpr std::size_t kMostCategoryWords = 10'000'000;
constexpr std::size_t kMostTextBytes = 4096;

/// Reads in the file's order; what belongs together is compared afterwards.
class LearnerReader {
 public:
  explicit LearnerReader(DocumentCursor& cursor) : cursor_(cursor) {}

  XgboostDocument Run() {
    std::string key;
    cursor_.EnterObject();
    while (cursor_.NextKey(&key)) {
      if (key == "learner") {
        ReadLearner();
      } else if (key == "version") {
        ReadVersion();
      } else {
        cursor_.Skip();
      }
    }
    cursor_.Finish();
    if (cursor_.ok()) {
      CheckLearner(cursor_, raw_);
    }
    return std::move(raw_.document);
  }

 private:
  void ReadVersion();
  void ReadLearner();
  void ReadLearnerParameters();
  void ReadBaseScore();
  void ReadObjective();
  void ReadBooster(bool is_inner);
  void ReadModel();
  void ReadModelParameters();
  void ReadTrees();
  std::vector<std::string> ReadTexts();
  std::map<std::string, std::string> ReadTextMap();

  DocumentCursor& cursor_;
  RawLearner raw_;
};

void LearnerReader::ReadVersion() { raw_.version = ReadIntegers(cursor_); }

void LearnerReader::ReadLearner() {
  std::string key;
  cursor_.EnterObject();
  while (cursor_.NextKey(&key)) {
    if (key == "attributes") {
      raw_.document.attributes = ReadTextMap();
    } else if (key == "feature_names") {
      raw_.document.feature_names = ReadTexts();
    } else if (key == "feature_types") {
      raw_.document.feature_types = ReadTexts();
    } else if (key == "learner_model_param") {
      ReadLearnerParameters();
    } else if (key == "objective") {
      ReadObjective();
    } else if (key == "gradient_booster") {
      ReadBooster(false);
    } else {
      cursor_.Skip();
    }
  }
}

void LearnerReader::ReadLearnerParameters() {
  std::string key;
  cursor_.EnterObject();
  while (cursor_.NextKey(&key)) {
    if (key == "num_class") {
      raw_.num_class = ReadNumberText(cursor_);
    } else if (key == "num_target") {
      raw_.num_target = ReadNumberText(cursor_);
    } else if (key == "num_feature") {
      raw_.num_feature = ReadNumberText(cursor_);
    } else if (key == "base_score") {
      ReadBaseScore();
    } else {
      cursor_.Skip();
    }
  }
}

/// "5E-1", and since 3.1 "[5E-1]" or one number a class.
void LearnerReader::ReadBaseScore() {
  const std::string text = cursor_.ReadText();
  std::string_view list = text;
  if (list.starts_with('[') && list.ends_with(']') && list.size() >= 2) {
    list = list.substr(1, list.size() - 2);
  }
  while (cursor_.ok()) {
    const std::string_view number = list.substr(0, list.find(','));
    float value = 0;
    const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || stop != number.data() + number.size() || !std::isfinite(value)) {
      cursor_.FailHere("must be a finite number, or several between brackets, in quotes");
    }
    raw_.document.base_score.push_back(value);
    if (number.size() == list.size()) {
      break;
    }
    list.remove_prefix(number.size() + 1);
  }
  if (raw_.document.base_score.size() > 1 && !text.starts_with('[')) {
    cursor_.FailHere("several numbers stand between brackets");
  }
}

void LearnerReader::ReadObjective() {
  std::string key;
  cursor_.EnterObject();
  while (cursor_.NextKey(&key)) {
    if (key == "name") {
      raw_.document.objective = cursor_.ReadText();
    } else if (cursor_.Peek() == DocumentCursor::Kind::kObject) {
      raw_.document.objective_parameters[key] = ReadTextMap();
    } else {
      cursor_.Skip();
    }
  }
}

void LearnerReader::ReadBooster(bool is_inner) {
  std::string key;
  cursor_.EnterObject();
  while (cursor_.NextKey(&key)) {
    if (key == "name") {
      (is_inner ? raw_.inner_booster : raw_.outer_booster) = cursor_.ReadText();
    } else if (key == "model" && !raw_.has_model) {
      ReadModel();
    } else if (key == "gbtree" && !is_inner) {
      ReadBooster(true);
    } else if (key == "weight_drop" && !is_inner) {
      raw_.weights = ReadFloats(cursor_);
    } else if (key == "model") {
      cursor_.FailHere("a second model");
    } else {
      cursor_.Skip();
    }
  }
}

void LearnerReader::ReadModel() {
  raw_.has_model = true;
  std::string key;
  cursor_.EnterObject();
  while (cursor_.NextKey(&key)) {
    if (key == "gbtree_model_param") {
      ReadModelParameters();
    } else if (key == "tree_info") {
      raw_.tree_info = ReadIntegers(cursor_);
    } else if (key == "iteration_indptr") {
      raw_.iterations = ReadIntegers(cursor_);
    } else if (key == "trees") {
      ReadTrees();
    } else {
      cursor_.Skip();
    }
  }
}

void LearnerReader::ReadModelParameters() {
  std::string key;
  cursor_.EnterObject();
  while (cursor_.NextKey(&key)) {
    if (key == "num_trees") {
      raw_.num_trees = ReadNumberText(cursor_);
    } else if (key == "num_parallel_tree") {
      raw_.num_parallel_tree = ReadNumberText(cursor_);
    } else if (key == "size_leaf_vector") {
      const std::int64_t size = ReadNumberText(cursor_);
      if (size != 0 && size != 1) {
        cursor_.FailHere("trees whose leaves are vectors are not supported");
      }
    } else {
      cursor_.Skip();
    }
  }
}

void LearnerReader::ReadTrees() {
  std::size_t nodes = 0;
  std::size_t category_words = 0;
  cursor_.EnterArray();
  while (cursor_.NextElement()) {
    if (raw_.trees.size() == kMostTrees) {
      cursor_.FailHere("too many trees");
      return;
    }
    raw_.trees.push_back(ReadTree(cursor_));
    nodes += raw_.trees.back().nodes;
    if (nodes > kMostXgboostNodes) {
      cursor_.FailHere("more than 10000000 nodes");
    }
    category_words += raw_.trees.back().category_words;
    if (category_words > kMostCategoryWords) {
      cursor_.FailHere("the categories of all splits take more than 40 MB");
    }
  }
}

std::vector<std::string> LearnerReader::ReadTexts() {
  std::vector<std::string> texts;
  cursor_.EnterArray();
  while (cursor_.NextElement()) {
    texts.push_back(cursor_.ReadText());
    if (texts.size() > kMostXgboostFeatures || texts.back().size() > kMostTextBytes) {
      cursor_.FailHere("too many or too long texts");
    }
  }
  return texts;
}

std::map<std::string, std::string> LearnerReader::ReadTextMap() {
  std::map<std::string, std::string> texts;
  std::string key;
  cursor_.EnterObject();
  while (cursor_.NextKey(&key)) {
    texts[key] = cursor_.ReadText();
  }
  return texts;
}

}  // namespace

base::Result<XgboostDocument> ReadXgboostDocument(std::string_view bytes, std::size_t limit_bytes) {
  if (bytes.size() > limit_bytes) {
    return base::Fail(base::ErrorCode::kTooLarge, "byte " + std::to_string(limit_bytes) +
                                                      ": the file is larger than " +
                                                      std::to_string(limit_bytes >> 20U) + " MiB");
  }
  const auto cursor = OpenDocument(bytes);
  XgboostDocument document = LearnerReader(*cursor).Run();
  if (!cursor->ok()) {
    return base::Fail(base::ErrorCode::kParse, cursor->failure());
  }
  return document;
}

}  // namespace promtally::inference
