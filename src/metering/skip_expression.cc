// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/skip_expression.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "metering/skip_syntax.h"

namespace promtally::metering {

namespace {

using base::Decimal;

struct NoneValue {};
struct ListValue;
/// A dictionary of the data point; kEmpty is the literal `{}`.
enum class Dictionary { kRoot, kVol, kGroupby, kMetadata, kEmpty };
using Value = std::variant<NoneValue, bool, Decimal, std::string_view, Dictionary,
                           std::shared_ptr<const ListValue>>;
struct ListValue {
  std::vector<Value> items;
};

/// Where Python would raise: the row is kept and counted as not judged.
struct CannotJudge {};

std::optional<Decimal> AsNumber(const Value& value) {
  if (const auto* number = std::get_if<Decimal>(&value)) {
    return *number;
  }
  if (const auto* truth = std::get_if<bool>(&value)) {
    return Decimal(*truth ? 1 : 0);  // Python's True is 1
  }
  return std::nullopt;
}

class Evaluation {
 public:
  explicit Evaluation(const SkipInput& input) : input_(input) {}

  // NOLINTNEXTLINE(misc-no-recursion): the parser bounds the depth of the tree
  Value Evaluate(const SkipExpression::Node& node) const {
    switch (node.kind) {
      case NodeKind::kNone:
        return NoneValue{};
      case NodeKind::kBool:
        return node.truth;
      case NodeKind::kNumber:
        return node.number;
      case NodeKind::kText:
        return std::string_view(node.text);
      case NodeKind::kList:
        return EvaluateList(node);
      case NodeKind::kDatapoint:
        return Dictionary::kRoot;
      case NodeKind::kEmptyDictionary:
        return Dictionary::kEmpty;
      case NodeKind::kGet:
      case NodeKind::kSubscript:
        return LookUp(node);
      case NodeKind::kNot:
        return !Truth(Evaluate(*node.children[0]));
      case NodeKind::kAnd:
      case NodeKind::kOr:
        return EvaluateLogic(node);
      case NodeKind::kComparison:
        return EvaluateComparison(node);
    }
    throw CannotJudge{};
  }

  [[nodiscard]] bool Truth(const Value& value) const {
    if (const auto number = AsNumber(value)) {
      return !number->IsZero();
    }
    if (const auto* text = std::get_if<std::string_view>(&value)) {
      return !text->empty();
    }
    if (const auto* list = std::get_if<std::shared_ptr<const ListValue>>(&value)) {
      return !(*list)->items.empty();
    }
    if (const auto* dictionary = std::get_if<Dictionary>(&value)) {
      return !IsEmpty(*dictionary);
    }
    return false;
  }

 private:
  [[nodiscard]] bool IsEmpty(Dictionary dictionary) const {
    switch (dictionary) {
      case Dictionary::kGroupby:
        return input_.groupby.empty();
      case Dictionary::kMetadata:
        return input_.metadata.empty();
      case Dictionary::kEmpty:
        return true;
      case Dictionary::kRoot:
      case Dictionary::kVol:
        return false;
    }
    return false;
  }

  Value EvaluateList(const SkipExpression::Node& node) const {
    auto list = std::make_shared<ListValue>();
    for (const auto& child : node.children) {
      list->items.push_back(Evaluate(*child));
    }
    return std::shared_ptr<const ListValue>(std::move(list));
  }

  Value EvaluateLogic(const SkipExpression::Node& node) const {
    const bool stops_at = node.kind == NodeKind::kOr;
    Value value = NoneValue{};
    for (const auto& child : node.children) {
      value = Evaluate(*child);
      if (Truth(value) == stops_at) {
        break;
      }
    }
    return value;
  }

  Value LookUp(const SkipExpression::Node& node) const {
    const Value container = Evaluate(*node.children[0]);
    const Value key = Evaluate(*node.children[1]);
    const auto* dictionary = std::get_if<Dictionary>(&container);
    const auto* name = std::get_if<std::string_view>(&key);
    if (dictionary == nullptr || name == nullptr) {
      throw CannotJudge{};
    }
    if (auto found = Find(*dictionary, *name)) {
      return *std::move(found);
    }
    if (node.kind == NodeKind::kSubscript) {
      throw CannotJudge{};  // a KeyError in Python
    }
    return node.children.size() > 2 ? Evaluate(*node.children[2]) : Value(NoneValue{});
  }

  [[nodiscard]] std::optional<Value> Find(Dictionary dictionary, std::string_view name) const {
    switch (dictionary) {
      case Dictionary::kRoot:
        return name == "vol"        ? std::optional<Value>(Dictionary::kVol)
               : name == "groupby"  ? std::optional<Value>(Dictionary::kGroupby)
               : name == "metadata" ? std::optional<Value>(Dictionary::kMetadata)
                                    : std::nullopt;
      case Dictionary::kVol:
        return name == "qty"    ? std::optional<Value>(*input_.quantity)
               : name == "unit" ? std::optional<Value>(input_.unit)
                                : std::nullopt;
      case Dictionary::kGroupby:
        return FindLabel(input_.groupby, name);
      case Dictionary::kMetadata:
        return FindLabel(input_.metadata, name);
      case Dictionary::kEmpty:
        return std::nullopt;
    }
    return std::nullopt;
  }

  static std::optional<Value> FindLabel(
      const std::vector<std::pair<std::string_view, std::string_view>>& labels,
      std::string_view name) {
    const auto at = std::find_if(labels.begin(), labels.end(),
                                 [name](const auto& label) { return label.first == name; });
    return at == labels.end() ? std::nullopt : std::optional<Value>(at->second);
  }

  Value EvaluateComparison(const SkipExpression::Node& node) const {
    Value left = Evaluate(*node.children[0]);
    for (std::size_t i = 0; i < node.comparisons.size(); ++i) {
      Value right = Evaluate(*node.children[i + 1]);
      if (!Compare(node.comparisons[i], left, right)) {
        return false;
      }
      left = std::move(right);
    }
    return true;
  }

  [[nodiscard]] bool Compare(Comparison comparison, const Value& left, const Value& right) const {
    switch (comparison) {
      case Comparison::kEqual:
        return Equal(left, right);
      case Comparison::kNotEqual:
        return !Equal(left, right);
      case Comparison::kIn:
        return Contains(right, left);
      case Comparison::kNotIn:
        return !Contains(right, left);
      case Comparison::kLess:
        return Order(left, right) < 0;
      case Comparison::kLessOrEqual:
        return Order(left, right) <= 0;
      case Comparison::kGreater:
        return Order(left, right) > 0;
      case Comparison::kGreaterOrEqual:
        return Order(left, right) >= 0;
    }
    return false;
  }

  static bool Equal(const Value& left, const Value& right) {
    const auto a = AsNumber(left);
    const auto b = AsNumber(right);
    if (a && b) {
      return *a == *b;
    }
    if (left.index() != right.index()) {
      return false;
    }
    if (const auto* text = std::get_if<std::string_view>(&left)) {
      return *text == std::get<std::string_view>(right);
    }
    if (const auto* list = std::get_if<std::shared_ptr<const ListValue>>(&left)) {
      const auto& other = std::get<std::shared_ptr<const ListValue>>(right);
      return std::equal((*list)->items.begin(), (*list)->items.end(), other->items.begin(),
                        other->items.end(), &Evaluation::Equal);
    }
    if (const auto* dictionary = std::get_if<Dictionary>(&left)) {
      return *dictionary == std::get<Dictionary>(right);
    }
    return true;  // None
  }

  static int Order(const Value& left, const Value& right) {
    const auto a = AsNumber(left);
    const auto b = AsNumber(right);
    if (a && b) {
      return *a < *b ? -1 : (*a == *b ? 0 : 1);
    }
    const auto* x = std::get_if<std::string_view>(&left);
    const auto* y = std::get_if<std::string_view>(&right);
    if (x == nullptr || y == nullptr) {
      throw CannotJudge{};
    }
    return x->compare(*y);
  }

  [[nodiscard]] bool Contains(const Value& container, const Value& item) const {
    if (const auto* list = std::get_if<std::shared_ptr<const ListValue>>(&container)) {
      return std::any_of((*list)->items.begin(), (*list)->items.end(),
                         [&item](const Value& other) { return Equal(item, other); });
    }
    const auto* text = std::get_if<std::string_view>(&item);
    if (text == nullptr) {
      throw CannotJudge{};
    }
    if (const auto* whole = std::get_if<std::string_view>(&container)) {
      return whole->find(*text) != std::string_view::npos;
    }
    if (const auto* dictionary = std::get_if<Dictionary>(&container)) {
      return Find(*dictionary, *text).has_value();
    }
    throw CannotJudge{};
  }

  const SkipInput& input_;
};

}  // namespace

base::Result<SkipExpression> SkipExpression::Parse(std::string_view text) {
  auto root = ParseSkipSyntax(text);
  if (!root) {
    return tl::unexpected(root.error());
  }
  SkipExpression expression;
  expression.text_ = std::string(text);
  expression.root_ = *std::move(root);
  return expression;
}

bool SkipExpression::Skips(const SkipInput& input, bool* failed) const {
  *failed = false;
  try {
    const Evaluation evaluation(input);
    return evaluation.Truth(evaluation.Evaluate(*root_));
  } catch (const CannotJudge&) {
    *failed = true;
    return false;
  }
}

}  // namespace promtally::metering
