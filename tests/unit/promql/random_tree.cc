// SPDX-License-Identifier: Apache-2.0
#include "unit/promql/random_tree.h"

#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <utility>

#include "promtally/promql/signatures.h"

namespace promtally::promql {

namespace {

using std::chrono::milliseconds;
using Strings = std::vector<std::string>;

const Strings kMetrics{"up", "sum", "by", "offset", "a:b", "and", "start", "fill", "x_1", "SUM"};
const Strings kLabels{"a", "le", "on",     "without", "inf", "service.name",
                      "é", "by", "a\"b\\", "x y"};
const Strings kValues{"",
                      "p1",
                      "\"}[1s]) or up{x=\"",
                      "\\",
                      "a\nb",
                      "é☃",
                      "\xFF\xFE",
                      "#no",
                      "`'\"",
                      "\xEF\xBF\xBD",
                      ".*",
                      "\t\x01\x7F\xC2\x85"};
const Strings kRanges{"step() * 2", "(5m)", "max_of(step(), 5m)", "-step() + 5m ^ 2"};
const Strings kOffsets{"step()", "-step()", "(5m + 1m) * 2", "-(5m)", "min_of(5m, range())"};

class Generator {
 public:
  explicit Generator(unsigned start) : random_(start) {}

  ExpressionPtr Vector(int depth);

 private:
  std::size_t Below(std::size_t limit) { return random_() % limit; }
  bool OneIn(std::size_t count) { return Below(count) == 0; }
  const std::string& OneOf(const Strings& texts) { return texts[Below(texts.size())]; }
  template <typename Content>
  static ExpressionPtr Make(Content content) {
    return std::make_unique<const Expression>(Expression{std::move(content)});
  }
  static ExpressionPtr InParentheses(ExpressionPtr inner) {
    return Make(Parenthesis{std::move(inner)});
  }

  Strings Labels() {
    Strings labels(Below(4));
    for (std::string& label : labels) {
      label = OneOf(kLabels);
    }
    return labels;
  }
  Duration Length(const Strings& expressions) {
    Duration duration;
    if (OneIn(5)) {
      duration.expression = OneOf(expressions);
    } else {
      duration.length = milliseconds(1 + Below(OneIn(3) ? 1'000 : 900'000'000'000));
    }
    return duration;
  }
  TimeShift Shift();
  Selector MakeSelector();
  ExpressionPtr Matrix(int depth);
  ExpressionPtr Scalar();
  ExpressionPtr Argument(ValueType type, int depth);
  ExpressionPtr RandomCall(int depth);
  ExpressionPtr RandomAggregation(int depth);
  ExpressionPtr RandomBinary(int depth);

  std::mt19937 random_;
};

TimeShift Generator::Shift() {
  TimeShift shift;
  if (OneIn(3)) {
    shift.offset = Length(kOffsets);
    if (OneIn(2)) {
      shift.offset.length = -shift.offset.length;
    }
  }
  shift.at.kind = OneIn(3) ? static_cast<At::Kind>(Below(4)) : At::Kind::kNone;
  if (shift.at.kind == At::Kind::kInstant) {
    shift.at.unix_milliseconds = static_cast<std::int64_t>(Below(4'000'000'000)) * 999 - 1'000'000;
  }
  return shift;
}

Selector Generator::MakeSelector() {
  Selector selector;
  if (OneIn(4)) {
    selector.matchers.push_back({"__name__", MatchOperator::kEqual, "http.requests"});
  } else {
    selector.metric = OneOf(kMetrics);
  }
  for (std::size_t i = Below(3); i > 0; --i) {
    selector.matchers.push_back(
        {OneOf(kLabels), static_cast<MatchOperator>(Below(4)), OneOf(kValues)});
  }
  selector.shift = Shift();
  selector.edges = OneIn(4) ? static_cast<RangeEdges>(Below(3)) : RangeEdges::kPlain;
  return selector;
}

ExpressionPtr Generator::Matrix(int depth) {
  if (depth > 0 && OneIn(3)) {
    Subquery subquery;
    subquery.argument = OneIn(2) ? InParentheses(Vector(depth - 1)) : RandomCall(depth - 1);
    subquery.range = Length(kRanges);
    subquery.step = OneIn(2) ? Length(kRanges) : Duration{};
    subquery.shift = Shift();
    return Make(std::move(subquery));
  }
  Selector selector = MakeSelector();
  selector.range = Length(kRanges);
  return Make(std::move(selector));
}

ExpressionPtr Generator::Scalar() {
  static const std::array<double, 9> kNumbers{
      0, 1, 0.1, 1e22, 1e-7, 123456.789, std::numeric_limits<double>::infinity(), 5e-324, 1e308};
  if (OneIn(3)) {
    return Make(NumberLiteral{static_cast<double>(Below(100'000'000)) / 1000.0, true});
  }
  return Make(NumberLiteral{OneIn(4) ? static_cast<double>(random_()) * std::exp2(Below(60))
                                     : kNumbers.at(Below(kNumbers.size())),
                            false});
}

ExpressionPtr Generator::Argument(ValueType type, int depth) {
  switch (type) {
    case ValueType::kVector:
      return Vector(depth);
    case ValueType::kMatrix:
      return Matrix(depth);
    case ValueType::kScalar:
      return Scalar();
    case ValueType::kString:
      break;
  }
  return Make(StringLiteral{OneOf(kValues)});
}

ExpressionPtr Generator::RandomCall(int depth) {
  const auto signatures = Signatures();
  const FunctionSignature* signature = nullptr;
  do {
    signature = &signatures[Below(signatures.size())];
  } while (signature->experimental || signature->result != ValueType::kVector);
  Call call;
  call.function = signature->name;
  for (const ValueType type : signature->arguments) {
    call.arguments.push_back(Argument(type, depth - 1));
  }
  return Make(std::move(call));
}

ExpressionPtr Generator::RandomAggregation(int depth) {
  static const Strings kOperations{"sum", "avg", "group", "topk", "quantile", "count_values"};
  Aggregation aggregation;
  const std::size_t which = Below(kOperations.size());
  aggregation.operation = kOperations[which];
  aggregation.labels = Labels();
  aggregation.without = OneIn(3);
  aggregation.argument = Vector(depth - 1);
  if (which >= 3) {
    aggregation.parameter = Argument(which == 5 ? ValueType::kString : ValueType::kScalar, 0);
  }
  return Make(std::move(aggregation));
}

ExpressionPtr Generator::RandomBinary(int depth) {
  Binary binary;
  binary.op = static_cast<BinaryOperator>(Below(18));
  binary.left = InParentheses(Vector(depth - 1));
  binary.right = InParentheses(Vector(depth - 1));
  binary.return_bool = IsComparison(binary.op) && OneIn(2);
  VectorMatching& matching = binary.matching;
  matching.on = OneIn(3);
  matching.labels = OneIn(2) ? Labels() : Strings{};
  if (!IsSetOperator(binary.op) && (matching.on || !matching.labels.empty()) && OneIn(2)) {
    matching.group = OneIn(2) ? VectorMatching::Group::kLeft : VectorMatching::Group::kRight;
    matching.include = matching.on ? Strings{"other"} : Labels();
  }
  return Make(std::move(binary));
}

ExpressionPtr Generator::Vector(int depth) {
  if (depth <= 0 || OneIn(5)) {
    return Make(MakeSelector());
  }
  switch (Below(5)) {
    case 0:
      return RandomCall(depth);
    case 1:
      return RandomAggregation(depth);
    case 2:
      return Make(Unary{OneIn(2), InParentheses(Vector(depth - 1))});
    case 3:
      return InParentheses(Vector(depth - 1));
    default:
      return RandomBinary(depth);
  }
}

}  // namespace

ExpressionPtr RandomTree(unsigned start) { return Generator(start).Vector(5); }

}  // namespace promtally::promql
