// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace promtally::inference {

/// How the sum of the leaves becomes a prediction.
enum class XgboostLink {
  kIdentity,
  kLogistic,  ///< 1 / (1 + e^-x)
  kExp,
  kWideExp,   ///< e^x as a double, then a float
  kHinge,     ///< 0 or 1
  kSoftprob,  ///< e^x of each class over their sum
  kSoftmax,   ///< the number of the greatest
};

struct XgboostObjective {
  std::string_view name;
  XgboostLink link;
};

/// nullptr for an objective whose transformation is not known.
[[nodiscard]] const XgboostObjective* FindXgboostObjective(std::string_view name);
/// Whether a base score can be one of this objective (a probability, a positive number).
[[nodiscard]] bool IsBaseScore(XgboostLink link, float score);
/// The base score as a sum of leaves.
[[nodiscard]] float MarginOf(XgboostLink link, float score);
/// Turns the sums of one row into its prediction, in place; float32 arithmetic in XGBoost's order.
/// Returns how many values there are then (one for kSoftmax).
std::size_t Transform(XgboostLink link, std::span<float> margins);
[[nodiscard]] std::size_t OutputsOf(XgboostLink link, std::size_t groups);

}  // namespace promtally::inference
