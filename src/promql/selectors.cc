// SPDX-License-Identifier: Apache-2.0
#include "promtally/promql/selectors.h"

#include <algorithm>
#include <chrono>

namespace promtally::promql {

namespace {

/// How far back servers look for the newest sample, if nobody configured it otherwise.
constexpr base::Milliseconds kLookback{300'000};
/// `@` may stand for times that no arithmetic holds.
constexpr std::int64_t kFurthestMilliseconds = 1'000'000'000'000'000;

/// When a part of the expression is evaluated.
struct Window {
  base::Instant first;
  base::Instant last;
  bool is_bounded = true;

  void Shift(const TimeShift& shift, base::Instant query_time) {
    if (shift.at.kind == At::Kind::kInstant) {
      first = last = base::Instant(base::Milliseconds(
          std::clamp(shift.at.unix_milliseconds, -kFurthestMilliseconds, kFurthestMilliseconds)));
      is_bounded = true;
    } else if (shift.at.kind != At::Kind::kNone) {
      first = last = query_time;
      is_bounded = true;
    }
    first -= std::chrono::ceil<base::Milliseconds>(shift.offset.length);
    last -= std::chrono::floor<base::Milliseconds>(shift.offset.length);
    is_bounded = is_bounded && shift.offset.expression.empty();
  }
  void Reach(const Duration& range) {
    first -= std::chrono::ceil<base::Milliseconds>(range.length);
    is_bounded = is_bounded && range.expression.empty();
  }
};

class Finder {
 public:
  explicit Finder(base::Instant query_time) : query_time_(query_time) {}

  void Find(const Expression& expression, const Window& window) {
    begin_ = expression.begin;
    std::visit([this, &window](const auto& node) { Visit(node, window); }, expression.node);
  }
  [[nodiscard]] std::vector<SelectorUse> Take() { return std::move(found_); }

 private:
  void Visit(const NumberLiteral& /*number*/, const Window& /*window*/) {}
  void Visit(const StringLiteral& /*text*/, const Window& /*window*/) {}
  void Visit(const Selector& selector, Window window) {
    window.Shift(selector.shift, query_time_);
    window.Reach(selector.range);
    if (!selector.range.IsSet() || selector.edges != RangeEdges::kPlain) {
      window.first -= kLookback;
    }
    if (selector.edges == RangeEdges::kSmoothed) {
      window.last += kLookback;
    }
    found_.push_back({&selector, begin_, window.first, window.last, window.is_bounded});
  }
  void Visit(const Subquery& subquery, Window window) {
    window.Shift(subquery.shift, query_time_);
    window.Reach(subquery.range);
    Find(*subquery.argument, window);
  }
  void Visit(const Call& call, const Window& window) {
    for (const ExpressionPtr& argument : call.arguments) {
      Find(*argument, window);
    }
  }
  void Visit(const Aggregation& aggregation, const Window& window) {
    if (aggregation.parameter) {
      Find(*aggregation.parameter, window);
    }
    Find(*aggregation.argument, window);
  }
  void Visit(const Binary& binary, const Window& window) {
    Find(*binary.left, window);
    Find(*binary.right, window);
  }
  void Visit(const Unary& unary, const Window& window) { Find(*unary.argument, window); }
  void Visit(const Parenthesis& parenthesis, const Window& window) {
    Find(*parenthesis.argument, window);
  }

  base::Instant query_time_;
  std::size_t begin_ = 0;  // of the node at hand
  std::vector<SelectorUse> found_;
};

}  // namespace

std::vector<SelectorUse> SelectorsOf(const Expression& expression, base::Instant evaluated_at) {
  Finder finder(evaluated_at);
  finder.Find(expression, {evaluated_at, evaluated_at});
  return finder.Take();
}

}  // namespace promtally::promql
