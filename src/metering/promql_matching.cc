// SPDX-License-Identifier: Apache-2.0
#include "metering/promql_matching.h"

#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace promtally::metering {

namespace {

using promql::BinaryOperator;
using Group = promql::VectorMatching::Group;

/// The value of a filter or operation between elements, and whether a filter keeps it.
struct ElementResult {
  double value = 0;
  bool is_kept = true;
};

bool Holds(BinaryOperator op, double left, double right) {
  switch (op) {
    case BinaryOperator::kEqual:
      return left == right;
    case BinaryOperator::kNotEqual:
      return left != right;
    case BinaryOperator::kLess:
      return left < right;
    case BinaryOperator::kLessOrEqual:
      return left <= right;
    case BinaryOperator::kGreater:
      return left > right;
    default:
      return left >= right;
  }
}

ElementResult ElementOperation(BinaryOperator op, double left, double right) {
  if (promql::IsComparison(op)) {
    return {left, Holds(op, left, right)};
  }
  return {ScalarOperation(op, left, right), true};
}

bool DropsName(BinaryOperator op, PromqlSemantics semantics) {
  // 2.42 forgot atan2.
  return !promql::IsComparison(op) &&
         (op != BinaryOperator::kAtan2 || semantics == PromqlSemantics::kPrometheus3);
}

base::LabelSet Signature(const promql::VectorMatching& matching, const base::LabelSet& labels) {
  if (matching.on) {
    return KeepOnly(labels, matching.labels);
  }
  std::vector<std::string> ignored = matching.labels;
  ignored.emplace_back(kMetricNameLabel);
  return Without(labels, ignored);
}

InstantVector SetOperation(const promql::Binary& binary, InstantVector left, InstantVector right) {
  std::set<base::LabelSet> others;
  const bool is_or = binary.op == BinaryOperator::kOr;
  for (const VectorSample& sample : is_or ? left : right) {
    others.insert(Signature(binary.matching, sample.labels));
  }
  const auto is_matched = [&](const VectorSample& sample) {
    return others.contains(Signature(binary.matching, sample.labels));
  };
  if (is_or) {
    for (VectorSample& sample : right) {
      if (!is_matched(sample)) {
        left.push_back(std::move(sample));
      }
    }
    return left;
  }
  const bool wanted = binary.op == BinaryOperator::kAnd;
  std::erase_if(left, [&](const VectorSample& sample) { return is_matched(sample) != wanted; });
  return left;
}

class Matcher {
 public:
  Matcher(const promql::Binary& binary, PromqlSemantics semantics)
      : binary_(binary),
        semantics_(semantics),
        one_on_left_(binary.matching.group == Group::kRight),
        one_to_one_(binary.matching.group == Group::kNone) {}

  base::Result<InstantVector> Match(const InstantVector& left, const InstantVector& right) {
    // The side of which one element meets several is looked up.
    const InstantVector& many = one_on_left_ ? right : left;
    if (left.empty() || right.empty()) {
      return InstantVector();
    }
    if (auto listed = ListOneSide(one_on_left_ ? left : right); !listed) {
      return tl::unexpected(std::move(listed).error());
    }
    for (const VectorSample& sample : many) {
      base::LabelSet signature = Signature(binary_.matching, sample.labels);
      const auto found = one_side_.find(signature);
      if (found == one_side_.end()) {
        continue;
      }
      if (auto joined = Join(sample, *found->second, std::move(signature)); !joined) {
        return tl::unexpected(std::move(joined).error());
      }
    }
    return std::move(result_);
  }

 private:
  base::Status ListOneSide(const InstantVector& one) {
    for (const VectorSample& sample : one) {
      const auto [place, is_new] =
          one_side_.try_emplace(Signature(binary_.matching, sample.labels), &sample);
      if (!is_new) {
        return base::Fail(
            base::ErrorCode::kInvalidArgument,
            "found duplicate series for the match group " + LabelText(place->first) + " on the " +
                (one_on_left_ ? "left" : "right") + " hand-side of the operation: [" +
                LabelText(place->second->labels) + ", " + LabelText(sample.labels) +
                "];many-to-many matching not allowed: matching labels must be unique on one side");
      }
    }
    return {};
  }

  base::Status Join(const VectorSample& many, const VectorSample& one, base::LabelSet signature) {
    const double left = one_on_left_ ? one.value : many.value;
    const double right = one_on_left_ ? many.value : one.value;
    ElementResult result = ElementOperation(binary_.op, left, right);
    const bool is_dropped = !result.is_kept && !binary_.return_bool;
    if (is_dropped && semantics_ == PromqlSemantics::kPrometheus2) {
      return {};
    }
    if (binary_.return_bool) {
      result.value = result.is_kept ? 1 : 0;
    }
    base::LabelSet labels = ResultLabels(many.labels, one.labels);
    const bool is_new = one_to_one_ ? matched_.try_emplace(std::move(signature)).second
                                    : matched_[std::move(signature)].insert(labels).second;
    if (!is_new) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        one_to_one_
                            ? "multiple matches for labels: many-to-one matching must be explicit "
                              "(group_left/group_right)"
                            : "multiple matches for labels: grouping labels must ensure unique "
                              "matches");
    }
    if (!is_dropped) {
      result_.push_back({std::move(labels), result.value, 0});
    }
    return {};
  }

  [[nodiscard]] base::LabelSet ResultLabels(const base::LabelSet& many,
                                            const base::LabelSet& one) const {
    base::LabelSet labels = many;
    if (binary_.return_bool || DropsName(binary_.op, semantics_)) {
      labels = DropName(labels, semantics_);
    }
    if (one_to_one_) {
      labels = binary_.matching.on ? KeepOnly(labels, binary_.matching.labels)
                                   : Without(labels, binary_.matching.labels);
    }
    for (const std::string& name : binary_.matching.include) {
      SetLabel(&labels, name, LabelOrEmpty(one, name));
    }
    return labels;
  }

  const promql::Binary& binary_;
  PromqlSemantics semantics_;
  bool one_on_left_;
  bool one_to_one_;
  std::map<base::LabelSet, const VectorSample*> one_side_;
  std::map<base::LabelSet, std::set<base::LabelSet>> matched_;
  InstantVector result_;
};

/// A filter between a vector and a scalar keeps the vector's value, on whatever side it stands.
InstantVector WithScalar(const promql::Binary& binary, const InstantVector& vector, double scalar,
                         bool vector_is_left, PromqlSemantics semantics) {
  InstantVector result;
  const bool is_comparison = promql::IsComparison(binary.op);
  for (const VectorSample& sample : vector) {
    ElementResult element = vector_is_left ? ElementOperation(binary.op, sample.value, scalar)
                                           : ElementOperation(binary.op, scalar, sample.value);
    if (is_comparison) {
      element.value = sample.value;
    }
    if (binary.return_bool) {
      element = {element.is_kept ? 1.0 : 0.0, true};
    }
    if (element.is_kept) {
      const bool drops_name = binary.return_bool || DropsName(binary.op, semantics);
      result.push_back({drops_name ? DropName(sample.labels, semantics) : sample.labels,
                        element.value, sample.unix_milliseconds});
    }
  }
  return result;
}

base::Result<InstantVector> OperateOnVectors(const promql::Binary& binary, PromqlValue left,
                                             PromqlValue right, PromqlSemantics semantics) {
  auto* const left_vector = std::get_if<InstantVector>(&left);
  auto* const right_vector = std::get_if<InstantVector>(&right);
  if (right_vector == nullptr) {
    return WithScalar(binary, *left_vector, std::get<double>(right), true, semantics);
  }
  if (left_vector == nullptr) {
    return WithScalar(binary, *right_vector, std::get<double>(left), false, semantics);
  }
  if (promql::IsSetOperator(binary.op)) {
    return SetOperation(binary, std::move(*left_vector), std::move(*right_vector));
  }
  return Matcher(binary, semantics).Match(*left_vector, *right_vector);
}

}  // namespace

double ScalarOperation(BinaryOperator op, double left, double right) {
  switch (op) {
    case BinaryOperator::kAdd:
      return left + right;
    case BinaryOperator::kSubtract:
      return left - right;
    case BinaryOperator::kMultiply:
      return left * right;
    case BinaryOperator::kDivide:
      return left / right;
    case BinaryOperator::kModulo:
      return std::fmod(left, right);
    case BinaryOperator::kPower:
      return std::pow(left, right);
    case BinaryOperator::kAtan2:
      return std::atan2(left, right);
    default:
      return Holds(op, left, right) ? 1 : 0;
  }
}

base::Result<PromqlValue> Operate(const promql::Binary& binary, PromqlValue left, PromqlValue right,
                                  PromqlSemantics semantics) {
  if (binary.op == BinaryOperator::kTrimUpper || binary.op == BinaryOperator::kTrimLower) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "operator " + std::string(promql::TextOf(binary.op)) +
                          " is for native histograms, which cannot be evaluated without a server");
  }
  const double* const left_scalar = std::get_if<double>(&left);
  const double* const right_scalar = std::get_if<double>(&right);
  if (left_scalar != nullptr && right_scalar != nullptr) {
    return PromqlValue(ScalarOperation(binary.op, *left_scalar, *right_scalar));
  }
  auto vector = OperateOnVectors(binary, std::move(left), std::move(right), semantics);
  if (vector) {
    vector = RefuseDuplicates(*std::move(vector));
  }
  if (!vector) {
    return tl::unexpected(std::move(vector).error());
  }
  return PromqlValue(*std::move(vector));
}

}  // namespace promtally::metering
