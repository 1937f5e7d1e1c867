// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "promtally/base/time.h"
#include "promtally/promql/expression.h"

namespace promtally::promql {

/// A selector of an expression, and the time from which it takes samples when the expression is
/// evaluated as an instant query: offsets, `@`, ranges and subqueries around it counted, and five
/// minutes back where it takes the newest sample.
struct SelectorUse {
  const Selector* selector = nullptr;
  std::size_t begin = 0;  ///< byte of the parsed text
  base::Instant first;
  base::Instant last;
  bool is_bounded = true;  ///< false: a duration that only the server computes; `first` is no bound
};

/// Every selector, in the order of the text. The pointers hold as long as the expression does.
[[nodiscard]] std::vector<SelectorUse> SelectorsOf(const Expression& expression,
                                                   base::Instant evaluated_at);

}  // namespace promtally::promql
