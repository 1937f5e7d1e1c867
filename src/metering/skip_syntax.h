// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "promtally/base/decimal.h"
#include "promtally/base/result.h"
#include "promtally/metering/skip_expression.h"

namespace promtally::metering {

enum class NodeKind {
  kNone,
  kBool,
  kNumber,
  kText,
  kList,             ///< list or tuple; children are the items
  kDatapoint,        ///< the word `datapoint`
  kEmptyDictionary,  ///< `{}`
  kGet,              ///< children: container, key, default (optional)
  kSubscript,        ///< children: container, key
  kNot,
  kAnd,
  kOr,
  kComparison,  ///< children: operands; comparisons between them (`a < b <= c`)
};

enum class Comparison {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kIn,
  kNotIn,
};

/// A node of a parsed skip expression. Immutable once parsed.
struct SkipExpression::Node {
  NodeKind kind = NodeKind::kNone;
  bool truth = false;
  base::Decimal number;
  std::string text;
  std::vector<std::shared_ptr<const Node>> children;
  std::vector<Comparison> comparisons;
};

/// Parses the text; kParse with "column N: …". Text of at most 4 KiB, nesting of at most 64.
[[nodiscard]] base::Result<std::shared_ptr<const SkipExpression::Node>> ParseSkipSyntax(
    std::string_view text);

}  // namespace promtally::metering
