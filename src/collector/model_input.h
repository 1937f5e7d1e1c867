// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "promtally/base/labels.h"
#include "promtally/base/result.h"
#include "promtally/base/time.h"
#include "source/range_source.h"

namespace promtally::collector {

/// What a model is given for one prediction: one window a query, oldest value first.
struct InputWindow {
  base::LabelSet labels;  ///< of the series, without `__name__`
  std::vector<std::vector<double>> inputs;
};

struct WindowOptions {
  std::size_t steps = 0;  ///< values of a window
  base::Milliseconds step{0};
  base::Instant end;  ///< the newest instant that was asked for
  /// Fill gaps with the value before them, of older samples or of `history` where need be. Without,
  /// a gap is an error. No gap is ever filled with zero.
  bool fill_gaps = false;
  std::vector<std::vector<double>> history;  ///< older values of each query, oldest first
};

/// The windows of all series that the queries gave, in the order of the first query's. A window
/// ends with the newest sample; what is older is left out.
///
/// Several queries are joined by their labels: each gives one series, which serves all, or the same
/// label sets as the others. kNotFound: a query gave nothing. kInvalidArgument: a gap, or series
/// that cannot be joined; the message names the query.
[[nodiscard]] base::Result<std::vector<InputWindow>> MakeWindows(
    const std::vector<std::string>& queries,
    const std::vector<std::vector<source::RangeSeries>>& answers, const WindowOptions& options);

/// What to ask for: the last `steps` + 1 samples of a grid of whole steps up to `now`, for a server
/// may round the begin up; with `more` further ones before them.
[[nodiscard]] source::RangeQuery WindowQuery(const std::string& query, base::Instant now,
                                             base::Milliseconds step, std::size_t steps,
                                             std::size_t more);

}  // namespace promtally::collector
