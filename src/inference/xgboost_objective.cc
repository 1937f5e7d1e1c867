// SPDX-License-Identifier: Apache-2.0
#include "inference/xgboost_objective.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace promtally::inference {
namespace {

constexpr std::array<XgboostObjective, 20> kObjectives{{
    {"reg:squarederror", XgboostLink::kIdentity},
    {"reg:linear", XgboostLink::kIdentity},
    {"reg:squaredlogerror", XgboostLink::kIdentity},
    {"reg:absoluteerror", XgboostLink::kIdentity},
    {"reg:pseudohubererror", XgboostLink::kIdentity},
    {"reg:quantileerror", XgboostLink::kIdentity},
    {"reg:logistic", XgboostLink::kLogistic},
    {"reg:gamma", XgboostLink::kExp},
    {"reg:tweedie", XgboostLink::kExp},
    {"binary:logistic", XgboostLink::kLogistic},
    {"binary:logitraw", XgboostLink::kIdentity},
    {"binary:hinge", XgboostLink::kHinge},
    {"count:poisson", XgboostLink::kExp},
    {"multi:softprob", XgboostLink::kSoftprob},
    {"multi:softmax", XgboostLink::kSoftmax},
    {"rank:pairwise", XgboostLink::kIdentity},
    {"rank:ndcg", XgboostLink::kIdentity},
    {"rank:map", XgboostLink::kIdentity},
    {"survival:cox", XgboostLink::kExp},
    {"survival:aft", XgboostLink::kWideExp},
}};

/// XGBoost's own, with its bound and its epsilon.
float Sigmoid(float x) {
  constexpr float kEpsilon = 1e-16F;
  constexpr float kMost = 88.7F;
  return 1.0F / (std::exp(std::min(-x, kMost)) + 1.0F + kEpsilon);
}

/// XGBoost adds the powers as a double and divides by that sum as a float.
void Softprob(std::span<float> margins) {
  const float greatest = *std::max_element(margins.begin(), margins.end());
  double sum = 0;
  for (float& margin : margins) {
    margin = std::exp(margin - greatest);
    sum += double{margin};
  }
  for (float& margin : margins) {
    margin /= static_cast<float>(sum);
  }
}

}  // namespace

const XgboostObjective* FindXgboostObjective(std::string_view name) {
  const auto* const found =
      std::find_if(kObjectives.begin(), kObjectives.end(),
                   [name](const XgboostObjective& objective) { return objective.name == name; });
  return found == kObjectives.end() ? nullptr : found;
}

bool IsBaseScore(XgboostLink link, float score) {
  if (!std::isfinite(score)) {
    return false;
  }
  switch (link) {
    case XgboostLink::kLogistic:
      return score > 0 && score < 1;
    case XgboostLink::kExp:
    case XgboostLink::kWideExp:
      return score > 0;
    default:
      return true;
  }
}

float MarginOf(XgboostLink link, float score) {
  switch (link) {
    case XgboostLink::kLogistic:
      return -std::log(1.0F / score - 1.0F);
    case XgboostLink::kExp:
    case XgboostLink::kWideExp:
      return std::log(score);
    default:
      return score;
  }
}

std::size_t Transform(XgboostLink link, std::span<float> margins) {
  switch (link) {
    case XgboostLink::kLogistic:
      std::transform(margins.begin(), margins.end(), margins.begin(), Sigmoid);
      break;
    case XgboostLink::kExp:
      std::transform(margins.begin(), margins.end(), margins.begin(),
                     [](float margin) { return std::exp(margin); });
      break;
    case XgboostLink::kWideExp:
      std::transform(margins.begin(), margins.end(), margins.begin(),
                     [](float margin) { return static_cast<float>(std::exp(double{margin})); });
      break;
    case XgboostLink::kHinge:
      std::transform(margins.begin(), margins.end(), margins.begin(),
                     [](float margin) { return margin > 0 ? 1.0F : 0.0F; });
      break;
    case XgboostLink::kSoftprob:
      Softprob(margins);
      break;
    case XgboostLink::kSoftmax:
      margins[0] =
          static_cast<float>(std::max_element(margins.begin(), margins.end()) - margins.begin());
      return 1;
    case XgboostLink::kIdentity:
      break;
  }
  return margins.size();
}

std::size_t OutputsOf(XgboostLink link, std::size_t groups) {
  return link == XgboostLink::kSoftmax ? 1 : groups;
}

}  // namespace promtally::inference
