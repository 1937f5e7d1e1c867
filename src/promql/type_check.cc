// SPDX-License-Identifier: Apache-2.0
#include "promql/type_check.h"

#include <algorithm>
#include <string>

#include "promql/characters.h"

namespace promtally::promql {

namespace {

std::string Named(ValueType type) {
  switch (type) {
    case ValueType::kVector:
      return "instant vector";
    case ValueType::kMatrix:
      return "range vector";
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kString:
      return "string";
  }
  return "";
}

std::optional<Problem> CheckType(const Expression& expression, ValueType wanted,
                                 const std::string& where) {
  const ValueType type = TypeOf(expression);
  if (type == wanted) {
    return std::nullopt;
  }
  return Problem{expression.begin,
                 "expected type " + Named(wanted) + " in " + where + ", got " + Named(type)};
}

std::optional<Problem> CheckCount(const Call& call, const FunctionSignature& signature,
                                  std::size_t begin) {
  const std::size_t listed = signature.arguments.size();
  const std::size_t given = call.arguments.size();
  const std::size_t least = signature.variadic == 0 ? listed : listed - 1;
  const bool is_bounded = signature.variadic >= 0;
  const std::size_t most = least + (is_bounded ? static_cast<std::size_t>(signature.variadic) : 0);
  if (given >= least && (!is_bounded || given <= most)) {
    return std::nullopt;
  }
  const std::string bound = least == most && is_bounded ? ""
                            : given < least             ? "at least "
                                                        : "at most ";
  return Problem{begin, "expected " + bound + std::to_string(given < least ? least : most) +
                            " argument(s) in call to " + QuoteCanonical(call.function) + ", got " +
                            std::to_string(given)};
}

bool IsNumeric(ValueType type) { return type == ValueType::kScalar || type == ValueType::kVector; }

/// A label both in `on` and in the group's list.
const std::string* LabelInBoth(const VectorMatching& matching) {
  const auto both =
      std::find_if(matching.labels.begin(), matching.labels.end(), [&](const std::string& label) {
        return std::find(matching.include.begin(), matching.include.end(), label) !=
               matching.include.end();
      });
  return matching.on && both != matching.labels.end() ? &*both : nullptr;
}

std::optional<Problem> CheckMatching(const Binary& binary, std::size_t begin, bool are_vectors) {
  if (!are_vectors && !binary.matching.labels.empty()) {
    return Problem{begin, "vector matching is only allowed between instant vectors"};
  }
  const bool is_set = IsSetOperator(binary.op);
  if (are_vectors && is_set && binary.matching.group != VectorMatching::Group::kNone) {
    return Problem{
        begin, "no grouping is allowed for the set operator " + QuoteCanonical(TextOf(binary.op))};
  }
  if (!are_vectors && is_set) {
    return Problem{begin, "the set operator " + QuoteCanonical(TextOf(binary.op)) +
                              " is only allowed between instant vectors"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> CheckCall(const Call& call, const FunctionSignature& signature,
                                 std::size_t begin) {
  if (auto problem = CheckCount(call, signature, begin)) {
    return problem;
  }
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const ValueType wanted = signature.arguments[std::min(i, signature.arguments.size() - 1)];
    if (auto problem =
            CheckType(*call.arguments[i], wanted, "call to " + QuoteCanonical(call.function))) {
      return problem;
    }
  }
  return std::nullopt;
}

std::optional<Problem> CheckAggregation(const Aggregation& aggregation) {
  if (auto problem = CheckType(*aggregation.argument, ValueType::kVector,
                               QuoteCanonical(aggregation.operation))) {
    return problem;
  }
  if (!aggregation.parameter) {
    return std::nullopt;
  }
  const bool is_text = aggregation.operation == "count_values";
  return CheckType(*aggregation.parameter, is_text ? ValueType::kString : ValueType::kScalar,
                   "the parameter of " + QuoteCanonical(aggregation.operation));
}

std::optional<Problem> CheckUnary(const Unary& unary, std::size_t begin) {
  const ValueType type = TypeOf(*unary.argument);
  if (IsNumeric(type)) {
    return std::nullopt;
  }
  return Problem{begin,
                 "a sign is only allowed before a scalar or an instant vector, got " + Named(type)};
}

std::optional<Problem> CheckBinary(const Binary& binary, std::size_t begin,
                                   std::size_t operator_begin) {
  const ValueType left = TypeOf(*binary.left);
  const ValueType right = TypeOf(*binary.right);
  if (binary.return_bool && !IsComparison(binary.op)) {
    return Problem{operator_begin, "bool can only be used on comparison operators"};
  }
  const bool are_scalars = left == ValueType::kScalar && right == ValueType::kScalar;
  if (IsComparison(binary.op) && !binary.return_bool && are_scalars) {
    return Problem{operator_begin, "a comparison between scalars must use bool"};
  }
  if (const std::string* const label = LabelInBoth(binary.matching)) {
    return Problem{operator_begin,
                   "label " + QuoteCanonical(*label) + " must not be in on and group at once"};
  }
  for (const Expression* const side : {binary.left.get(), binary.right.get()}) {
    if (!IsNumeric(TypeOf(*side))) {
      return Problem{side->begin, "an operator takes scalars and instant vectors only, got " +
                                      Named(TypeOf(*side))};
    }
  }
  return CheckMatching(binary, begin, left == ValueType::kVector && right == ValueType::kVector);
}

}  // namespace promtally::promql
