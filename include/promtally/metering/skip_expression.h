// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "promtally/base/decimal.h"
#include "promtally/base/result.h"

namespace promtally::metering {

/// What a skip expression can see of a record.
struct SkipInput {
  const base::Decimal* quantity = nullptr;
  std::string_view unit;
  std::vector<std::pair<std::string_view, std::string_view>> groupby;
  std::vector<std::pair<std::string_view, std::string_view>> metadata;
};

/// `skip_datapoints_expression`: a row for which it is true is not committed, and counted.
///
/// CloudKitty evaluates Python here, which is code execution; this is a typed parser of the part
/// that its users need: `datapoint.get(k, d)` chains and `datapoint[k]` over vol (qty, unit),
/// groupby and metadata, literals (numbers, text, True, False, None, lists and tuples, `{}` as a
/// default), `== != < <= > >= in`, `not in`, `and or not`, parentheses. Truth and equality are
/// Python's. Immutable after Parse; any thread.
class SkipExpression {
 public:
  /// kParse with "column N: …" in the message (columns of `text`, from 1); `rating` and prices are
  /// refused by name.
  [[nodiscard]] static base::Result<SkipExpression> Parse(std::string_view text);

  /// False also for a row that the expression cannot judge (text compared with a number, a missing
  /// key); Python would raise there. `*failed` is then set, so that the caller can say so.
  [[nodiscard]] bool Skips(const SkipInput& input, bool* failed) const;

  [[nodiscard]] const std::string& text() const { return text_; }

  struct Node;

 private:
  std::string text_;
  std::shared_ptr<const Node> root_;
};

}  // namespace promtally::metering
